"""Takes new certificates while Dask runs: its operator asks for it by RPC, as whoever has a certificate of the cluster may.

The private key is made here and stays here: what is told is a request for a certificate, what comes is the certificate.
New connections begin with it, those that are open go on. All is tried in a handshake with itself before it counts.
"""
import asyncio
import functools
import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile
from copy import copy

from distributed import Client, Scheduler, Worker

# `current` there leads to the newest whole set: Dask begins with it when it starts again (run.sh, container.sh).
FOLDER = os.path.join(os.environ["HOME"], "tls")
CURRENT = os.path.join(FOLDER, "current")


def dask_setup(server):
    if not server.security.tls_ca_file:
        return
    keys = Keys(server)
    for way in (keys.request, keys.install, keys.load, keys.relay):
        server.handlers[f"dask_cloud_tls_{way.__name__}"] = explained(way)
    if isinstance(server, Worker):
        server.metrics["dask_tls"] = lambda _worker: keys.told
    if isinstance(server, Scheduler):
        identity = server.handlers["identity"]
        tells = lambda *args, **options: {**identity(*args, **options), "dask_tls": keys.told}
        server.handlers["identity"] = functools.wraps(identity)(tells)


def explained(way):
    async def answer(**arguments):
        try:
            return await way(**arguments)
        except Exception as error:
            return {"problem": f"{type(error).__name__}: {error}"[:200]}

    return answer


class Keys:
    def __init__(self, server):
        self.server = server
        self.role = "scheduler" if isinstance(server, Scheduler) else "worker"
        tls = server.security.get_tls_config_for_role(self.role)
        self.files = tls["ca_file"], tls["cert"], tls["key"]
        self.next = None
        try:
            self.told = self.tried(self.files)[-1]
        except Exception as error:
            self.told = {"problem": str(error)}

    async def request(self):
        if shutil.which("openssl") is None:
            return {"problem": "no openssl"}
        self.next = new_folder()
        return {"request": await asyncio.to_thread(new_key, files_in(self.next)[2])}

    async def install(self, ca, cert=None, key=None):
        folder = self.next if cert and not key else new_folder()
        files = files_in(folder)
        write(files[0], ca)
        write(files[1], cert or read(self.files[1]))
        if key or not cert:
            write(files[2], key or read(self.files[2]))
        made = self.tried(files)
        os.symlink(os.path.basename(folder), f"{folder}.link")
        os.replace(f"{folder}.link", CURRENT)
        nanny = getattr(self.server, "nanny", None)
        if nanny and await self.server.rpc(nanny).dask_cloud_tls_load() != made[-1]:
            raise ValueError("its nanny has not taken it")
        # A process that starts this moment may be about to read those from before.
        for entry in os.scandir(FOLDER):
            if entry.is_dir(follow_symlinks=False) and entry.path not in (folder, os.path.dirname(self.files[0])):
                shutil.rmtree(entry.path)
        self.next = None
        return self.use(files, *made)

    async def load(self):
        files = files_in(os.path.realpath(CURRENT))
        return self.use(files, *self.tried(files))

    # From the scheduler on: each worker gets its own message.
    async def relay(self, messages):
        async def ask(address, op, **arguments):
            if address not in self.server.workers:
                raise ValueError("no such worker")
            return await asyncio.wait_for(getattr(self.server.rpc(address), f"dask_cloud_tls_{op}")(**arguments), 5)

        asked = [explained(ask)(address=address, **message) for address, message in messages.items()]
        return dict(zip(messages, await asyncio.gather(*asked)))

    def tried(self, files):
        security = named(copy(self.server.security), files)
        accepting = security.get_listen_args(self.role)["ssl_context"]
        opening = security.get_connection_args(self.role)["ssl_context"]
        return accepting, opening, shown(accepting, opening)

    # Contexts are exchanged, not loaded into: whom one has trusted, it trusts for ever.
    def use(self, files, accepting, opening, told):
        clients = [each for each in Client._instances if getattr(each.security, "tls_ca_file", "") == self.files[0]]
        for each in (self.server, *clients):
            named(each.security, files)
            each.connection_args["ssl_context"] = each.rpc.connection_args["ssl_context"] = opening
        for listener in self.server.listeners:
            if getattr(listener, "server_args", {}).get("ssl_options"):
                listener.server_args["ssl_options"] = listener.tcp_server.ssl_options = accepting
        pages = getattr(self.server, "http_server", None)
        if getattr(getattr(pages, "ssl_options", None), "verify_mode", None) == ssl.CERT_REQUIRED:
            pages.ssl_options = accepting
        self.files, self.told = files, told
        return told


def named(security, files):
    security.tls_ca_file = files[0]
    for role in ("scheduler", "worker", "client"):
        setattr(security, f"tls_{role}_cert", files[1])
        setattr(security, f"tls_{role}_key", files[2])
    return security


def shown(accepting, opening):
    """What a handshake over no wire shows of the certificate. Raises where either end would refuse the other."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    opened, accepted = opening.wrap_bio(back, there), accepting.wrap_bio(there, back, True)
    for end in (opened, accepted) * 3:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
    seen = accepted.getpeercert()
    return {
        "cert": mark(accepted.getpeercert(True)),
        "from": ssl.cert_time_to_seconds(seen["notBefore"]),
        "until": ssl.cert_time_to_seconds(seen["notAfter"]),
        "ca": tuple(sorted(map(mark, opening.get_ca_certs(True)))),
    }


def mark(der):
    return hashlib.sha256(der).hexdigest()[:16]


def new_folder():
    os.makedirs(FOLDER, 0o700, exist_ok=True)
    return tempfile.mkdtemp(dir=FOLDER)


def files_in(folder):
    return [os.path.join(folder, name) for name in ("ca.pem", "node.pem", "node.key")]


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    os.chmod(path, 0o600)
    return openssl("req", "-new", "-key", path, "-subj", "/CN=dask", "-config", "/dev/stdin")


def openssl(*words):
    asked = "[req]\ndistinguished_name = name\n[name]\n"
    return subprocess.run(["openssl", *words], input=asked, text=True, check=True, capture_output=True, timeout=20).stdout


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
