"""What a machine on DigitalOcean does in its own way, as root: digitalocean.py WHAT /etc/dask/watch.

name   notes the droplet's number, by which the operator knows its worker; not every image's cloud-init has it.
watch  watches over the machine (watch.py). Nothing takes a droplet back; one that powers itself off costs what it did before,
       until the operator deletes it.
"""
import importlib.util
import json
import os
import sys
import urllib.request


class Metadata:
    """DigitalOcean's metadata service, which answers whoever asks."""

    def __init__(self, url):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def notice(self):
        """There is none: a droplet is nobody's but its team's."""
        return None

    def read(self, path):
        with self.opener.open(f"{self.url}/metadata/v1/{path}", timeout=2) as answer:
            return answer.read().decode().strip()


def name(path):
    found = metadata(path).read("id")
    if not found.isdigit():
        sys.exit("install: the metadata service does not say which droplet this is")
    with open(os.path.join(os.path.dirname(path), "name"), "w") as file:
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
        return Metadata(json.load(file)["metadata"])


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    {"name": name, "watch": watch}[sys.argv[1]](sys.argv[2])
