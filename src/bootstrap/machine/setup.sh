#!/bin/sh
# Runs the user's commands, a file each, in order, as root. What has succeeded in this boot is not run again.
set -eu
root=${0%/etc/dask/*}
done=$root/run/dask-setup
cd /
mkdir -p "$done"
for each in "$root"/etc/dask/setup-[0-9][0-9]; do
  number=${each##*/setup-}
  [ ! -e "$done/$number" ] || continue
  echo "setup: command $number" >&2
  status=0
  /bin/sh "$each" || status=$?
  [ "$status" = 0 ] || {
    echo "setup: command $number ended with status $status: software.setup[$((1$number - 101))] is tried again" >&2
    exit 1
  }
  : >"$done/$number"
done
