"""Fetches uv into a folder, as a wheel of known content, from the index that pip or uv is configured for: fetch_uv.py FOLDER.

Prints the environment that has uv use that index, a NAME=VALUE a line; for the folder '' nothing but that. Ends with
status 3 where there is no such wheel for this machine or in that index.
"""
import base64
import configparser
import hashlib
import html
import http.client
import io
import os
import platform
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile

VERSION = "0.13.9"
MUSL = ".musllinux_1_1_aarch64"
# By what `platform` says of the machine: what the wheel's name ends with, and its SHA-256.
WHEELS = {
    "x86_64": ("x86_64", "", "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19"),
    "aarch64": ("aarch64", MUSL, "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe"),
}
WAIT_S = 60


def pip_settings():
    """As pip: the environment over the user's file over the machine's."""
    files = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf"]
    chosen = os.environ.get("PIP_CONFIG_FILE", "")
    parser = configparser.RawConfigParser()
    parser.read([] if chosen == os.devnull else [os.path.expanduser(path) for path in files + [chosen]])
    found = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update(parser.items(section))
    names = [name for name in os.environ if name.startswith("PIP_")]
    found.update((name[4:].lower().replace("_", "-"), os.environ[name]) for name in names)
    return found


def uv_index():
    """What uv itself is told, in its environment or its file."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX"):
        if os.environ.get(name, "").strip():
            return os.environ[name].split()[0].rpartition("=")[2]
    try:
        with open(os.environ.get("UV_CONFIG_FILE", "/etc/uv/uv.toml")) as lines:
            found = re.search(r'^\s*(?:index-)?url\s*=\s*["\']([^"\']+)', lines.read(), re.M)
            return found and found.group(1)
    except OSError:
        return None


def main(folder):
    own = uv_index()
    pip = pip_settings()
    index = own or pip.get("index-url") or "https://pypi.org/simple"
    trusted = pip.get("trusted-host", "").split()
    told = {"UV_SYSTEM_CERTS": "true", "SSL_CERT_FILE": pip.get("cert")}
    if not own:
        told.update(UV_DEFAULT_INDEX=index, UV_INDEX=pip.get("extra-index-url"), UV_INSECURE_HOST=" ".join(trusted))
    if folder and not os.path.exists(os.path.join(folder, "uv")):
        host = urllib.parse.urlsplit(index).hostname
        fetch(index, folder, context(host in trusted, pip.get("cert")))
    for name, value in told.items():
        if value and not os.environ.get(name):
            print("%s=%s" % (name, " ".join(value.split())))


def context(trusted, cert):
    if trusted:
        return ssl._create_unverified_context()
    return ssl.create_default_context(cafile=cert or os.environ.get("SSL_CERT_FILE"))


def fetch(index, folder, context):
    system = (platform.system(), platform.libc_ver()[0])
    if system != ("Linux", "glibc") or platform.machine() not in WHEELS:
        none("there is no uv for %s %s %s" % (*system, platform.machine()))
    arch, more, digest = WHEELS[platform.machine()]
    wheel = "uv-%s-py3-none-manylinux_2_17_%s.manylinux2014_%s%s.whl" % (VERSION, arch, arch, more)
    page = index.rstrip("/") + "/uv/"
    links = [html.unescape(link) for link in re.findall(r'href\s*=\s*["\']([^"\']+)', read(page, context).decode())]
    link = next((each for each in links if urllib.parse.urlsplit(each).path.endswith("/" + wheel)), None)
    if link is None:
        none("the package index has no %s" % wheel)
    content = read(joined(page, link), context)
    if hashlib.sha256(content).hexdigest() != digest:
        sys.exit("install: what the package index has as %s is something else: it is not used" % wheel)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        program = archive.read("uv-%s.data/scripts/uv" % VERSION)
    os.makedirs(folder, exist_ok=True)
    draft = os.path.join(folder, "uv.%d" % os.getpid())
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "wb") as file:
        file.write(program)
    os.replace(draft, os.path.join(folder, "uv"))


def joined(page, link):
    """An index that asks for a password asks for it for its files too."""
    one, other = urllib.parse.urlsplit(page), urllib.parse.urlsplit(urllib.parse.urljoin(page, link))
    own = (one.hostname, one.port, one.scheme) == (other.hostname, other.port, other.scheme)
    return other._replace(netloc=one.netloc if own else other.netloc).geturl()


def read(url, context):
    parts = urllib.parse.urlsplit(url)
    account, _, place = parts.netloc.rpartition("@")
    request = urllib.request.Request(parts._replace(netloc=place).geturl(), headers={"Accept": "text/html, */*;q=0.1"})
    if account:
        pair = base64.b64encode(urllib.parse.unquote(account).encode()).decode()
        # Not for whom it redirects to.
        request.add_unredirected_header("Authorization", "Basic " + pair)
    try:
        return urllib.request.urlopen(request, timeout=WAIT_S, context=context).read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            none("the package index has no uv")
        raise


def none(why):
    print("install: %s" % why, file=sys.stderr)
    sys.exit(3)


try:
    main(sys.argv[1])
except (OSError, ValueError, http.client.HTTPException) as error:
    # Without the address: it may hold a password.
    why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    sys.exit("install: uv cannot be fetched from the package index: %s" % why)
