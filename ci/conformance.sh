#!/bin/sh
# Plays the corpus of hostile requests to the engine, to a blind pass-through that must
# fail, and to nginx and HAProxy where they are installed. Prints the counts; what the
# other proxies get wrong is only printed.
set -eu
cd "$(dirname "$0")/.."
if ! command -v nginx >/dev/null 2>&1 || ! command -v haproxy >/dev/null 2>&1; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		echo "installing nginx and HAProxy"
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light haproxy) >/dev/null 2>&1 || true
	fi
fi
echo "== hostile requests over HTTP/1"
LINTEL_PEERS=1 LINTEL_HOSTILE=${LINTEL_HOSTILE:-100000} go test -count=1 -timeout 40m -v ./runtime/runtimetest/hostile
