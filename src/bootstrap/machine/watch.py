"""Looks after this machine from inside it, as root: watch.py /etc/dask/watch.

It passes on that the cloud takes the machine back, and powers the machine off when nobody is there any more, which ends
it and its costs. It holds no state but what it has seen since it began: all its times are of a clock that nobody sets.
"""
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

TOKEN_S = 21600
# Of one look: a console may be a slow line.
BOOT_LINES = 40
# X509_V_FLAG_NO_CHECK_TIME: a certificate that has run out is no sign that a scheduler is gone.
AT_ANY_TIME = 0x200000


class Metadata:
    """EC2's metadata service, which answers to a token of one's own alone (IMDSv2)."""

    notices = {"interruption": "spot/instance-action", "rebalance": "events/recommendations/rebalance"}

    def __init__(self, url):
        self.url = url
        self.token = None
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def notice(self):
        """The gravest notice there is, or None."""
        return next((kind for kind, path in self.notices.items() if self.has(f"meta-data/{path}")), None)

    def has(self, path):
        for token in (self.token, None):
            self.token = token or self.fetch("api/token", "PUT", {"ttl-seconds": str(TOKEN_S)})
            try:
                self.fetch(path, "GET", {"": self.token})
                return True
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return False
                if error.code != 401 or token is None:
                    raise

    def fetch(self, path, method, headers):
        named = {"-".join(filter(None, ("X-aws-ec2-metadata-token", end))): text for end, text in headers.items()}
        request = urllib.request.Request(f"{self.url}/latest/{path}", method=method, headers=named)
        with self.opener.open(request, timeout=2) as answer:
            return answer.read().decode()


class Watch:
    def __init__(self, path):
        with open(path) as file:
            self.config = json.load(file)
        self.folder = os.path.dirname(path)
        self.metadata = Metadata(self.config["metadata"])
        self.heard = time.monotonic()
        self.beat = None
        self.notice = None

    def look(self):
        """Looks once. Why the machine is to be powered off, or None."""
        self.show_boot()
        try:
            self.pass_on(self.metadata.notice())
        except (OSError, ValueError) as error:
            say(f"the metadata service did not answer: {error}")
        return self.has_left() or self.is_alone()

    # Until somebody was there, what the unit of Dask says is on the console: nobody may reach more of this machine.
    def show_boot(self):
        if self.beat is not None:
            return
        try:
            told = subprocess.run(self.config["journal"], capture_output=True, timeout=10, check=False).stdout
            lines = told.decode(errors="replace").splitlines()[-BOOT_LINES:]
            with open(self.config["console"], "a") as console:
                console.write("".join(f"dask-boot: {line}\n" for line in lines))
        except (OSError, subprocess.TimeoutExpired) as error:
            say(f"the console does not show how Dask comes up: {error}")

    def pass_on(self, notice):
        if notice in (None, self.notice):
            return
        path = self.config["notice"]
        with open(f"{path}.new", "w") as file:
            file.write(notice)
        os.chmod(f"{path}.new", 0o644)
        os.replace(f"{path}.new", path)
        self.notice = notice
        self.tell(f"the cloud takes this machine back: {notice}")

    def has_left(self):
        """systemd takes the folder of a service away once it has ended."""
        if self.notice is None or self.config["role"] != "worker" or os.path.exists(self.config["runtime"]):
            return None
        return "its worker has left, since the cloud takes this machine back"

    def is_alone(self):
        beat = written(self.config["heartbeat"])
        now = time.monotonic()
        if beat not in (None, self.beat):
            self.beat, self.heard = beat, now
        # Asking costs the scheduler a handshake: only a worker that has no connection does.
        elif self.config["role"] == "worker" and now - self.heard >= 3 * self.config["lookEveryS"]:
            if accepts(self.config["scheduler"], self.config["tls"] and self.folder, self.config["renewed"]):
                self.heard = now
        if now - self.heard < self.config["absenceS"]:
            return None
        missed = {
            "worker": "no scheduler has accepted a connection",
            "scheduler": "neither the operator nor a client was there",
        }[self.config["role"]]
        return f"{missed} for {self.config['absenceS']} s"

    def tell(self, line):
        """In the journal, and where the cloud's console shows it."""
        say(line)
        try:
            with open(self.config["console"], "a") as console:
                console.write(f"dask-watch: {line}\n")
        except OSError:
            pass

    def run(self):
        while True:
            why = self.look()
            if why:
                self.tell(f"powering off: {why}")
                subprocess.run(self.config["powerOff"], check=False)
            time.sleep(self.config["lookEveryS"])


def accepts(scheduler, folder, renewed):
    """Whether a scheduler of this cluster listens, be its certificate still valid or not; without keys, anybody."""
    try:
        if not folder:
            socket.create_connection((scheduler["host"], scheduler["port"]), timeout=5).close()
            return True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= AT_ANY_TIME
        for known in filter(os.path.exists, (os.path.join(folder, "ca.pem"), renewed)):
            context.load_verify_locations(known)
        context.load_cert_chain(os.path.join(folder, "node.pem"), os.path.join(folder, "node.key"))
        with socket.create_connection((scheduler["host"], scheduler["port"]), timeout=5) as plain:
            with context.wrap_socket(plain):
                return True
    except (OSError, ValueError) as error:
        say(f"no scheduler: {error}")
        return False


def written(path):
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def say(line):
    print(f"watch: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    Watch(sys.argv[1]).run()
