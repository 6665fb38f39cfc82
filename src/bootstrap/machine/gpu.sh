#!/bin/sh
# A GPU without a driver is no GPU for Dask, and nobody else would say so.
set -eu
root=${0%/etc/dask/*}
[ ! -e "$root/proc/driver/nvidia" ] && ! command -v nvidia-smi >/dev/null || exit 0
for device in "$root"/sys/bus/pci/devices/*; do
  [ "$(cat "$device/vendor" 2>/dev/null)" = 0x10de ] || continue
  case $(cat "$device/class") in 0x03*) ;; *) continue ;; esac
  echo 'install: this machine has a GPU of NVIDIA and no driver for it: use an image that has it (see the settings of the cloud), or install it in software.setup' >&2
  exit 1
done
