#!/bin/sh
# Becomes Dask. What users chose comes as data: arguments a line each, environment from systemd.
set -eu
root=${0%/etc/dask/*}
here=$root/etc/dask
python=$root/opt/dask-venv/bin/python
[ -e "$root/opt/dask-venv/complete" ] || python=$root/opt/dask/bin/python

# Dask tells how long it took to come so far (dask_machine.py): the first time counts.
[ -e "$STATE_DIRECTORY/installed" ] || : >"$STATE_DIRECTORY/installed"

# After the user's, so that no value of theirs takes encryption or the authority away.
export HOME="$STATE_DIRECTORY" DASK_CONFIG="$here" DASK_ROOT_CONFIG="$here"
if [ -e "$here/node.pem" ]; then
  # Certificates that came while it ran (dask_tls.py). Those of a machine that this one was copied from are older than its own.
  keys=$CREDENTIALS_DIRECTORY
  newer=$STATE_DIRECTORY/tls/current
  [ ! "$newer/node.pem" -nt "$here/node.pem" ] || keys=$(cd -P "$newer" && pwd)
  export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True DASK_DISTRIBUTED__COMM__DEFAULT_SCHEME=tls
  export DASK_DISTRIBUTED__COMM__TLS__CA_FILE="$keys/ca.pem"
  for role in SCHEDULER WORKER CLIENT; do
    export "DASK_DISTRIBUTED__COMM__TLS__${role}__CERT=$keys/node.pem"
    export "DASK_DISTRIBUTED__COMM__TLS__${role}__KEY=$keys/node.key"
  done
else
  export DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=False DASK_DISTRIBUTED__COMM__DEFAULT_SCHEME=tcp
fi

set --
while IFS= read -r argument; do set -- "$@" "$argument"; done <"$here/arguments"
case $1 in
*.dask_worker)
  # The machine's name in its cloud: that is how the operator joins the two.
  set -- "$@" --name "w-$(cat "$root/var/lib/cloud/data/instance-id")" --local-directory "$STATE_DIRECTORY" \
    --preload-nanny "$here/dask_machine.py" --preload-nanny "$here/dask_tls.py" \
    ${DASK_MACHINE_PORT:+--worker-port "$DASK_MACHINE_PORT" --nanny-port 0}
  ;;
*) set -- "$@" ${DASK_MACHINE_DASHBOARD:+--dashboard-address "$DASK_MACHINE_DASHBOARD"} ;;
esac
[ ! -e "$here/dask_dashboard.py" ] || set -- "$@" --preload "$here/dask_dashboard.py"
[ ! -e "$here/watch" ] || set -- "$@" --preload "$here/dask_watch.py"
exec "$python" -m "$@" ${DASK_MACHINE_HOST:+--host "$DASK_MACHINE_HOST"} --preload "$here/dask_machine.py" \
  --preload "$here/dask_tls.py"
