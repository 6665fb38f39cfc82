"""What a machine on Google Compute Engine does in its own way, as root: gce.py WHAT /etc/dask/watch.

name   notes the machine's name, by which the operator knows its worker; cloud-init has a number in its place.
watch  watches over the machine (watch.py). A power-off stops it: it is deleted by the operator, until when its disk costs.
leave  runs before systemd ends Dask: Google has the machine shut down at the very moment of its notice, and its plug is
       pulled 30 s later. What a worker has is handed over between.
"""
import importlib.util
import json
import os
import sys
import time
import urllib.error
import urllib.request

# The gravest first. A machine that cannot move along with its host is told a minute to an hour before.
NOTICES = {
    "interruption": ("preempted", "TRUE"),
    "rebalance": ("maintenance-event", "TERMINATE_ON_HOST_MAINTENANCE"),
}


class Metadata:
    """Google's metadata service, which answers to whom names it in a header alone."""

    def __init__(self, url):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def notice(self):
        """The gravest notice there is, or None."""
        return next((kind for kind, (path, value) in NOTICES.items() if self.read(path) == value), None)

    def read(self, path):
        """What it says of this machine, or None."""
        url = f"{self.url}/computeMetadata/v1/instance/{path}"
        request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
        try:
            with self.opener.open(request, timeout=2) as answer:
                return answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


def name(path):
    found = metadata(path).read("name")
    if not found:
        sys.exit("install: the metadata service does not say how this machine is called")
    with open(os.path.join(os.path.dirname(path), "name"), "w") as file:
        file.write(f"{found}\n")


def watch(path):
    watcher(path).run()


def leave(path):
    """Returns at once where Dask is ended for another reason, or has ended."""
    pid = os.environ.get("MAINPID")
    began = time.monotonic()
    if not is_alive(pid) or metadata(path).notice() is None:
        return
    here = watcher(path)
    here.pass_on("interruption")
    # Dask looks each second, and ends itself when its time is over.
    while is_alive(pid) and time.monotonic() - began < here.config["leaveWithinS"] + 2:
        time.sleep(0.1)


def is_alive(pid):
    return bool(pid) and os.path.exists(f"/proc/{pid}")


def metadata(path):
    with open(path) as file:
        return Metadata(json.load(file)["metadata"])


def watcher(path):
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "watch.py")
    spec = importlib.util.spec_from_file_location("watch", program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Watch(path)
    made.metadata = metadata(path)
    return made


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    {"name": name, "watch": watch, "leave": leave}[sys.argv[1]](sys.argv[2])
