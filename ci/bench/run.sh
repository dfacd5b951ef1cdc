#!/bin/sh
# Prints the figures of the route files, the compiler, the gate, the bundle, the table,
# the swap and the proxy.
# Nothing here is asserted: a shared machine lies about time; read the ratios.
set -eu
cd "$(dirname "$0")/../.."
echo "== route files: lines of the example beside the same as plain YAML"
go run ./ci/bench/lines routes
echo
echo "== compiler: whole processes"
go run ./ci/bench/compile -lintel bin/lintel -n "${SIZES:-10000,100000}"
echo
echo "== gate: lintel test as whole processes"
mixed=$(mktemp -d)
go run ./ci/bench/routegen -n 1000 -o "$mixed/mixed-1000" >/dev/null
go run ./ci/bench/gate -lintel bin/lintel routes "$mixed/mixed-1000"
rm -rf "$mixed"
echo
echo "== bundle, table, swap: Go benchmarks"
go test -run '^$' -bench . -benchmem ./schemas/bundle ./runtime/table ./runtime/reload | grep -E '^(Benchmark|ok|FAIL)' || exit 1
echo
echo "== proxy: CPU per request beside nginx"
if ! command -v nginx >/dev/null 2>&1 || ! command -v wrk >/dev/null 2>&1; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		echo "installing nginx and wrk"
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light wrk) >/dev/null 2>&1 || true
	fi
fi
if command -v nginx >/dev/null 2>&1 && command -v wrk >/dev/null 2>&1; then
	go run ./ci/bench/proxy -rounds "${ROUNDS:-6}"
	go run ./ci/bench/proxy -rounds "${ROUNDS:-6}" -procs 2 -pin=false
else
	echo "SKIPPED: nginx and wrk are not installed (apt-get install nginx wrk)"
fi
