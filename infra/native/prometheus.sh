#!/bin/sh
# Unpacks Debian's package prometheus, with what its pages are made of, into a folder. Nothing is installed, for which nobody
# has to be root: installed, it would start a server that listens for everybody.
set -eu
cd "$1"

fetch() {
    pages="$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances prometheus |
        grep -E '^(libjs-|fonts-glyphicons)' | sort -u)"
    # shellcheck disable=SC2086 # one word for each package
    apt-get --quiet download prometheus $pages
}
# A fresh image has no lists of packages yet, an older one has stale ones.
if ! fetch; then
    if [ "$(id -u)" != 0 ]; then
        echo "apt has no package prometheus, or an old list: sudo apt update" >&2
        exit 1
    fi
    apt-get --quiet --option DPkg::Lock::Timeout=300 update
    fetch
fi
for package in *.deb; do
    dpkg-deb --extract "$package" .
done
rm -- *.deb
