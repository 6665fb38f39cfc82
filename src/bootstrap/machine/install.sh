#!/bin/sh
# Sees to it that Dask is here, or says why it is not. systemd runs it, as root, before every start of Dask.
# The path it is run by tells where the machine's files are: a machine can be a folder.
set -eu
root=${0%/etc/dask/*}
# Not where Dask's own user may write: Python imports from there.
cd /
version=$(cat "$root/etc/dask/python-version")
requirements=$root/etc/dask/requirements.txt
baked=$root/opt/dask/bin/python
mkdir -p "$root/opt/dask-venv"
venv=$(cd -P "$root/opt/dask-venv" && pwd -P)

fail() {
  echo "install: $*" >&2
  exit 1
}
ready() {
  [ -e "$venv/complete" ] &&
    "$venv/bin/python" -I -c 'import sys, importlib.util as u; sys.exit(u.find_spec("distributed") is None)'
}
# A command of that name may be a stub: an interpreter counts where it runs.
minor() { "$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

ready && exit 0
[ -x "$baked" ] && "$baked" -I "$root/etc/dask/check.py" "$version" "$requirements" && exit 0

python=
some=
there=
for each in "$baked" python3 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15 python3.16; do
  found=$(minor "$each") || continue
  some=${some:-$each}
  case " $there " in *" $found "*) ;; *) there="${there:+$there }$found" ;; esac
  case $version in any | "$found") python=${python:-$each} ;; esac
done
[ -n "$some" ] || fail 'there is no Python on this machine, and uv is fetched with one: use an image that has python3'

# Machines that are folders share the environment: one makes it, the others wait.
exec 9>"$venv.lock"
"$some" -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
ready && exit 0
find "$venv" -mindepth 1 -delete
beside=${venv%/*}
export UV_CACHE_DIR="${UV_CACHE_DIR:-$beside/software-cache/uv}" PIP_CACHE_DIR="${PIP_CACHE_DIR:-$beside/software-cache/pip}"
# Dask's own user cannot read what is in root's home.
export UV_PYTHON_INSTALL_DIR="$beside/software-python"
[ -s "$requirements" ] && site= || site=--system-site-packages
uv=$(command -v uv || true)
status=0
[ -n "$uv" ] && folder= || folder=$beside/software-uv
settings=$("$some" -I "$root/etc/dask/fetch_uv.py" "$folder") || status=$?
case $status in
0) uv=${uv:-$folder/uv} ;;
3) [ -n "$python" ] || fail "Python $version is not on this machine and no uv brings it; there are: $there" ;;
*) exit 1 ;;
esac
echo "install: making the environment with Python ${python:-$version} and $(wc -l <"$requirements") packages" >&2
if [ -n "$uv" ]; then
  while IFS= read -r setting; do [ -z "$setting" ] || export "$setting"; done <<END
$settings
END
  [ -z "$python" ] || python=$(command -v "$python")
  "$uv" venv --quiet --allow-existing $site --python "${python:-$version}" "$venv" ||
    fail "uv has no Python $version; on this machine there are: $there"
  [ -n "$site" ] || "$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --requirement "$requirements"
else
  "$python" -I -m venv $site "$venv"
  [ -n "$site" ] || "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
fi
"$venv/bin/python" -I -c 'import distributed' || fail "the packages bring no distributed: add dask and distributed to them"
: >"$venv/complete"
echo 'install: done' >&2
