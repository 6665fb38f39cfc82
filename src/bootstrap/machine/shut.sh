#!/bin/sh
# Keeps what Dask runs away from the cloud's metadata service, which hands out this machine's user data and identity.
# systemd runs it, as root, before every start of Dask: the account is another one each time.
set -eu
command -v nft >/dev/null || {
  echo 'shut: there is no nft here: tasks can ask the metadata service' >&2
  exit 0
}
# 58786 is Dask's account in a container (container.sh); there, the unit has none of its own.
own=$(systemctl show --value -p UID dask.service)
case $own in '' | *[!0-9]*) own=58786 ;; esac
nft -f - <<END
table inet dask
delete table inet dask
table inet dask {
  chain output {
    type filter hook output priority filter
    meta skuid { $own, 58786 } ip daddr 169.254.169.254 reject
    meta skuid { $own, 58786 } ip6 daddr fd00:ec2::254 reject
  }
}
END
