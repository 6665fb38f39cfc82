"""What a machine on Azure does in its own way, as root: azure.py WHAT /etc/dask/watch.

name   notes the machine's name, by which the operator knows its worker; cloud-init has another id in its place.
watch  watches over the machine (watch.py). A power-off does not end it: it costs what it did before, until the operator
       deletes it.
"""
import importlib.util
import json
import os
import sys
import urllib.error
import urllib.request

NAME = "instance/compute/name?api-version=2021-02-01&format=text"
# The first look of a machine switches the service on, which may take Azure two minutes: until then nothing answers.
EVENTS = "scheduledevents?api-version=2020-07-01"

# The gravest first. A spot machine has 30 s; one that is to be started anew, or elsewhere, 10 to 15 minutes.
NOTICES = {
    "interruption": ("Preempt", "Terminate"),
    "rebalance": ("Redeploy", "Reboot"),
}


class Metadata:
    """Azure's metadata service, which answers to whom asks for it in a header alone."""

    def __init__(self, url, name):
        self.url = url
        self.name = name
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def notice(self):
        """The gravest notice there is for this machine, or None: events of its neighbours are told, too."""
        events = json.loads(self.read(EVENTS)).get("Events", [])
        types = {event.get("EventType") for event in events if self.name in event.get("Resources", [])}
        return next((kind for kind, words in NOTICES.items() if types.intersection(words)), None)

    def read(self, path):
        request = urllib.request.Request(f"{self.url}/metadata/{path}", headers={"Metadata": "true"})
        with self.opener.open(request, timeout=2) as answer:
            return answer.read().decode().strip()


def name(path):
    found = metadata(path).read(NAME)
    if not found:
        sys.exit("install: the metadata service does not say how this machine is called")
    with open(noted(path), "w") as file:
        file.write(f"{found}\n")


def watch(path):
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "watch.py")
    spec = importlib.util.spec_from_file_location("watch", program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Watch(path)
    made.metadata = metadata(path)
    made.run()


def metadata(path):
    with open(path) as file:
        url = json.load(file)["metadata"]
    # A scheduler's machine notes no name: its own is that of the machine.
    try:
        with open(noted(path)) as file:
            return Metadata(url, file.read().strip())
    except OSError:
        return Metadata(url, os.uname().nodename)


def noted(path):
    return os.path.join(os.path.dirname(path), "name")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    {"name": name, "watch": watch}[sys.argv[1]](sys.argv[2])
