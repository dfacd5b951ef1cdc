#!/bin/sh
# Plays the corpus of hostile requests to the engine, to a blind pass-through that must
# fail, and to nginx and HAProxy where they are installed. Prints the counts; what the
# other proxies get wrong is only printed.
# Then other judges play against the built gateway: ci/conformance/. Tools come from apt
# and, at the versions in ci/conformance/tools/go.mod, from Go modules; one that cannot be
# had is printed as SKIPPED. An argument is passed on, such as -suite grpc.
set -eu
cd "$(dirname "$0")/.."
missing=
for tool in nginx haproxy curl nghttp h2load testssl slowhttptest node python3; do
	command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing what is missing of the judges:$missing"
	apt-get update -qq >/dev/null 2>&1 || true
	for package in nginx-light haproxy curl nghttp2-client testssl.sh slowhttptest nodejs python3; do
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
			echo "=== SKIPPED: $package cannot be installed ==="
	done
fi
echo "building the judges that are Go modules (the first time takes some minutes)"
mkdir -p bin/judges
judge() {
	(cd ci/conformance/tools && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go build -o "../../../bin/judges/$1" "$2") ||
		echo "=== SKIPPED: $1 could not be built ==="
}
judge h2spec github.com/summerwind/h2spec/cmd/h2spec
judge grpc-client google.golang.org/grpc/interop/client
judge grpc-server google.golang.org/grpc/interop/server
judge toxiproxy github.com/Shopify/toxiproxy/v2/cmd/server
if [ $# = 0 ]; then
	echo "== hostile requests over HTTP/1"
	LINTEL_PEERS=1 LINTEL_HOSTILE=${LINTEL_HOSTILE:-100000} go test -count=1 -timeout 40m -v ./runtime/runtimetest/hostile
fi
go run ./ci/conformance "$@"
