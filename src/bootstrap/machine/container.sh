#!/bin/sh
# Runs Dask in the container, or with `remove` takes the container away. What users chose comes as data: arguments, paths
# and names of variables a line each; --env without a value takes it from systemd's environment.
set -eu
root=${0%/etc/dask/*}
here=$root/etc/dask
engine=$(command -v docker || command -v podman)
"$engine" rm --force dask >/dev/null 2>&1 || true
[ "${1:-}" != remove ] || exit 0

# An account that nobody has: inside as outside, Dask is not root.
account=58786
state=/var/lib/dask
keys=$root/run/dask/keys
mkdir -p "$keys"
[ ! -e "$here/node.pem" ] || for name in ca.pem node.pem node.key; do
  rm -f "$keys/$name"
  (umask 0377 && cat "$CREDENTIALS_DIRECTORY/$name" >"$keys/$name")
done
# Dask tells how long it took to come so far (dask_machine.py): the first time counts.
[ -e "$root$state/installed" ] || : >"$root$state/installed"
chown -R "$account:$account" "$keys" "$root$state"
chmod 0500 "$keys"

set -- -m
while IFS= read -r argument; do set -- "$@" "$argument"; done <"$here/arguments"
case $2 in
*.dask_worker)
  # The machine's name in its cloud: that is how the operator joins the two.
  set -- "$@" --name "w-$(cat "$root/var/lib/cloud/data/instance-id")" --local-directory "$state" \
    --preload-nanny /etc/dask/dask_machine.py --preload-nanny /etc/dask/dask_tls.py
  ;;
esac
[ ! -e "$here/dask_dashboard.py" ] || set -- "$@" --preload /etc/dask/dask_dashboard.py
[ ! -e "$here/watch" ] || set -- "$@" --preload /etc/dask/dask_watch.py
python='for each in python python3; do command -v "$each" >/dev/null && exec "$each" "$@"; done
echo "install: the image has no python on its PATH" >&2; exit 1'
set -- --entrypoint /bin/sh "$(cat "$here/image")" -c "$python" dask "$@" --preload /etc/dask/dask_machine.py \
  --preload /etc/dask/dask_tls.py

# Certificates that came while it ran (dask_tls.py). Those of a machine that this one was copied from are older than its own.
# They are read in the container alone: where Dask may write, links may lead anywhere.
inside=/run/dask/keys
[ ! "$root$state/tls/current/node.pem" -nt "$here/node.pem" ] || inside=$state/tls/current

# After the user's, so that no value of theirs takes encryption or the authority away.
comm=DASK_DISTRIBUTED__COMM__
if [ -e "$here/node.pem" ]; then
  for role in SCHEDULER WORKER CLIENT; do
    set -- --env "${comm}TLS__${role}__CERT=$inside/node.pem" --env "${comm}TLS__${role}__KEY=$inside/node.key" "$@"
  done
  set -- --env "${comm}REQUIRE_ENCRYPTION=True" --env "${comm}DEFAULT_SCHEME=tls" \
    --env "${comm}TLS__CA_FILE=$inside/ca.pem" "$@"
else
  set -- --env "${comm}REQUIRE_ENCRYPTION=False" --env "${comm}DEFAULT_SCHEME=tcp" "$@"
fi
set -- --env "HOME=$state" --env USER=dask --env DASK_CONFIG=/etc/dask --env DASK_ROOT_CONFIG=/etc/dask "$@"
for name in $(sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=".*/\1/p' "$here/env"); do set -- --env "$name" "$@"; done

bind() { printf 'type=bind,source=%s,target=%s' "$1" "$2"; }
set -- --mount "$(bind "$keys" /run/dask/keys),readonly" --mount "$(bind "$root$state" "$state")" "$@"
if [ -e "$here/watch" ]; then
  notices=$root/run/dask-watch
  heartbeats=$root/run/dask/watch
  mkdir -p "$notices" "$heartbeats"
  chown "$account:$account" "$heartbeats"
  set -- --mount "$(bind "$notices" /run/dask-watch),readonly" --mount "$(bind "$heartbeats" /run/dask/watch)" "$@"
fi
while IFS= read -r path; do set -- --mount "$(bind "$root$path" "$path"),readonly" "$@"; done <"$here/mounts"
if [ -e "$root/dev/nvidiactl" ]; then
  case $engine in
  *podman) set -- --device nvidia.com/gpu=all "$@" ;;
  *) set -- --gpus all "$@" ;;
  esac
fi
exec "$engine" run --rm --name dask --network host --ipc host --pull never --log-driver none --workdir "$state" \
  --user "$account:$account" --cap-drop ALL --security-opt no-new-privileges --security-opt label=disable "$@"
