#!/bin/sh
# Puts lintel, lintel-gateway and lintel-k6 into BIN, unless programs of this version
# are there or on PATH already. It needs Go and the Go module proxy, nothing else.
#
#   sh ci/install-lintel.sh
#
# VERSION  version of Lintel                                        (.lintel-version)
# BIN      folder of the programs; put it on PATH and cache it
#          by the content of .lintel-version                        (.lintel/bin)
set -eu

VERSION=${VERSION:-$(cat .lintel-version)}
BIN=${BIN:-$PWD/.lintel/bin}
PATH=$BIN:$PATH

have() {
	[ "$(lintel version 2>/dev/null | awk '{ print $2; exit }')" = "$VERSION" ] &&
		command -v lintel-gateway >/dev/null && command -v lintel-k6 >/dev/null
}

if have; then
	echo "lintel $VERSION is there"
	exit 0
fi
mkdir -p "$BIN"
module=github.com/lintel-gateway/lintel
GOBIN=$BIN go install "$module/cmd/lintel@v$VERSION" "$module/cmd/lintel-gateway@v$VERSION"
go run go.k6.io/xk6/cmd/xk6@v0.13.0 build v1.8.1 --with "$module/k6@v$VERSION" --output "$BIN/lintel-k6"
have || {
	echo "lintel $VERSION was installed into $BIN, but something else answers as lintel" >&2
	exit 1
}
