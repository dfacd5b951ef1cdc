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
echo "== proxy: CPU per request beside nginx, HAProxy, Caddy and a blind relay"
missing=
for pair in nginx:nginx-light haproxy:haproxy wrk:wrk h2load:nghttp2-client strace:strace; do
	command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing$missing"
	# shellcheck disable=SC2086
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) >/dev/null 2>&1 || true
fi
if command -v nginx >/dev/null 2>&1 && command -v wrk >/dev/null 2>&1 && command -v h2load >/dev/null 2>&1; then
	if [ -n "${QUICK:-}" ]; then
		go run ./ci/bench/proxy -quick
	else
		go run ./ci/bench/proxy -rounds "${ROUNDS:-5}" -out ci/bench/RESULTS.md
	fi
else
	echo "SKIPPED: apt-get install$missing"
fi
