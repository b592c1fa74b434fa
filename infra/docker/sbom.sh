#!/bin/sh
# Writes what is in our two images, as CycloneDX, into the folder sbom: from the lock files, which the builds are held to.
set -eu
cd "$(dirname "$0")/../.."
target="${1:-sbom}"
uv="$(command -v uv || echo "${QUILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quill}/tools/uv")"
mkdir -p "$target"

# The packages of infra/docker/Dockerfile.
set --
for package in auth patients letters notify ops provision; do
    set -- "$@" --package "quill-$package"
done
"$uv" export --quiet --frozen --no-dev --preview-features sbom-export --format cyclonedx1.5 "$@" \
    --output-file "$target/service.cdx.json" >/dev/null
echo "$target/service.cdx.json"

# The app in infra/docker/caddy.Dockerfile; what only builds it is not in it.
if ! command -v npm >/dev/null; then
    echo "sbom.sh: npm is not here, so the web app is left out" >&2
    exit 1
fi
all="$(mktemp)"
trap 'rm -f "$all"' EXIT
npm --prefix web sbom --package-lock-only --sbom-format cyclonedx --sbom-type application >"$all"
node infra/docker/shipped.mjs <"$all" >"$target/caddy.cdx.json"
echo "$target/caddy.cdx.json"
