#!/bin/sh
# Says where helm is: a build of our own, made once from its Go module.
set -eu
version=v3.22.0
tools="${QUILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quill}/tools"
helm="$tools/helm-$version"
if [ ! -x "$helm" ]; then
    if ! command -v go >/dev/null; then
        echo "helm.sh: helm is built with Go, which is not here; on Debian: apt install golang-go" >&2
        exit 1
    fi
    echo "building helm $version into $tools" >&2
    mkdir -p "$tools"
    fresh="$(mktemp -d "$tools/helm.XXXXXX")"
    trap 'rm -rf "$fresh"' EXIT
    # Unoptimised, it is built with a third less work; niced, it leaves the machine to whoever waits for an answer.
    export CGO_ENABLED=0 GOBIN="$fresh" GOFLAGS=-trimpath
    nice -n 19 go install -gcflags "all=-N -l" -ldflags "-s -w" "helm.sh/helm/v3/cmd/helm@$version" >&2
    mv "$fresh/helm" "$helm" # by rename: two may do this together
fi
echo "$helm"
