#!/bin/sh
# Brings .venv to the state of uv.lock, with an uv of our own where the machine has none.
set -eu
cd "$(dirname "$0")/../.."
tools="${QUILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quill}/tools"

# A Python 3.13: on PATH, or one that pyenv keeps without putting it there. The tools venv needs any Python 3.9 or newer.
python313() {
    for candidate in python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

install_uv() {
    base="${python:-$(command -v python3 || true)}"
    if [ -z "$base" ]; then
        echo "make: no Python was found: apt install python3 python3-venv" >&2
        exit 1
    fi
    echo "installing uv into $tools" >&2
    fresh="$tools.$$"
    mkdir -p "$(dirname "$tools")"
    if ! "$base" -m venv "$fresh" || ! "$fresh/bin/python" -m pip --quiet --disable-pip-version-check install 'uv>=0.9'; then
        rm -rf "$fresh"
        echo "make: uv could not be installed into a venv of $base; on Debian: apt install python3-venv" >&2
        exit 1
    fi
    mkdir -p "$tools"
    cp "$fresh/bin/uv" "$tools/uv.$$" && mv "$tools/uv.$$" "$tools/uv" # by rename: two starts may do this together
    rm -rf "$fresh"
}

python="$(python313)"
uv="$(command -v uv || true)"
if [ -z "$uv" ] || ! "$uv" --version >/dev/null 2>&1; then
    uv="$tools/uv"
    [ -x "$uv" ] || install_uv
fi
# Without a Python 3.13 here, uv fetches one of its own.
[ -z "$python" ] || export UV_PYTHON="${UV_PYTHON:-$python}"
# Compiled at once: a dozen processes that start together would each compile the same packages.
exec "$uv" sync --frozen --quiet --compile-bytecode
