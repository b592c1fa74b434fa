#!/bin/sh
# Brings the browser that tests/web drives: the Chromium that is there, or Debian's package.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
why="make: tests/web needs Chromium; on Debian and Ubuntu: sudo apt install chromium"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$why" >&2
    exit 1
fi
echo "installing chromium by apt" >&2
export DEBIAN_FRONTEND=noninteractive
told="$(mktemp)"
trap 'rm -f "$told"' EXIT
apt() {
    apt-get --quiet --yes --option DPkg::Lock::Timeout=300 "$@" >>"$told" 2>&1
}
# A fresh image has no lists of packages yet, an older one has stale ones.
if ! apt install --no-install-recommends chromium && ! { apt update && apt install --no-install-recommends chromium; }; then
    tail -n 5 "$told" >&2
    echo "$why" >&2
    exit 1
fi
