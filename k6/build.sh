#!/bin/sh
# Builds lintel-k6: k6 at the version in k6/go.mod with the extension in k6/. It takes
# xk6, at the version in ci/tools/go.mod, and where that fails, as without a network,
# the plain program in k6/cmd/lintel-k6. Both give the same program.
#
# usage: sh k6/build.sh OUTPUT     LINTEL_K6_BUILD=xk6 or =go allows one way only
set -eu
out=${1:?usage: sh k6/build.sh OUTPUT}
way=${LINTEL_K6_BUILD:-either}
dir=$(dirname "$out")
mkdir -p "$dir"
out=$(cd "$dir" && pwd)/$(basename "$out")
root=$(cd "$(dirname "$0")/.." && pwd)
go=${GO:-go}
export GOTOOLCHAIN=local CGO_ENABLED=0

# The program is put in place whole: another one may be running.
work=$(mktemp -d)
made=$out.new.$$
trap 'rm -rf "$work" "$made"' EXIT
trap 'exit 1' HUP INT TERM

with_xk6() {
	k6=$(cd "$root/k6" && "$go" list -m -f '{{.Version}}' go.k6.io/k6) || return 1
	tool=$(cd "$root" && "$go" tool -modfile=ci/tools/go.mod -n xk6) || return 1
	cd "$work" && XK6_BUILD_FLAGS="-trimpath -ldflags='-s -w'" "$tool" build "$k6" \
		--with "github.com/lintel-gateway/lintel/k6=$root/k6" \
		--replace "github.com/lintel-gateway/lintel=$root" \
		--output "$made"
}

if [ "$way" != go ] && (with_xk6) >"$work/log" 2>&1 && [ -x "$made" ]; then
	:
elif [ "$way" = xk6 ]; then
	cat "$work/log" >&2
	exit 1
else
	if [ "$way" != go ]; then
		why=$(grep -v -e '\[INFO\]' -e '\[FATAL\]' -e '\[ERROR\]' "$work/log" | tail -n 1 | sed 's,^[[:space:]]*,,')
		echo "lintel-k6: xk6 FAILED (${why:-it says nothing}); building k6/cmd/lintel-k6 instead, which gives the same program" >&2
	fi
	(cd "$root/k6" && "$go" build -trimpath -ldflags "-s -w" -o "$made" ./cmd/lintel-k6)
fi
mv -f "$made" "$out"
