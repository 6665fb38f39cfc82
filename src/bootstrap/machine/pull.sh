#!/bin/sh
# Sees to it that a container engine and the image are here, or says why they are not. systemd runs it, as root, before
# every start of Dask.
set -eu
root=${0%/etc/dask/*}
image=$(cat "$root/etc/dask/image")

fail() {
  echo "install: $*" >&2
  exit 1
}
engine() { command -v docker || command -v podman; }

if ! engine >/dev/null; then
  command -v apt-get >/dev/null ||
    fail 'there is neither docker nor podman here and no apt-get to install one: use an image that has one, or install it in software.setup'
  echo 'install: installing a container engine' >&2
  export DEBIAN_FRONTEND=noninteractive
  # What the machine does of its own accord at its first boot may hold the lock.
  apt="apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
  $apt update >&2
  # Debian has Docker's own program in a package apart.
  $apt install -y --no-install-recommends docker.io docker-cli >&2 ||
    $apt install -y --no-install-recommends docker.io >&2 || $apt install -y podman >&2 ||
    fail 'neither docker.io nor podman can be installed from the configured package sources'
fi
engine=$(engine)
case $engine in
*docker) "$engine" info >/dev/null 2>&1 || systemctl start docker || fail 'docker is here and does not start' ;;
esac
"$engine" image inspect "$image" >/dev/null 2>&1 || {
  echo "install: pulling $image" >&2
  "$engine" pull "$image" >&2 || fail "$image cannot be pulled: the lines above say why"
}
echo 'install: done' >&2
