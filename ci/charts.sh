#!/bin/sh
# Judges charts/: helm lint, the suites of helm-unittest, every example as manifests
# against schemas, Kustomize beside the chart, Argo CD's health check and the alerts.
# sh ci/charts.sh -update writes the chart's README and the schemas again.
set -eu
cd "$(dirname "$0")/charts"
GO=${GO:-go}
export GOTOOLCHAIN=local GOFLAGS="-buildvcs=false -trimpath" CGO_ENABLED=0

if [ "${1-}" = -update ]; then
	echo "writing charts/lintel/README.md"
	$GO run . readme ../../charts/lintel >../../charts/lintel/README.md.new
	mv ../../charts/lintel/README.md.new ../../charts/lintel/README.md
	echo "writing ci/charts/schemas"
	$GO run . schemas schemas
	exit
fi

echo "building helm, helm-unittest, kubeconform and kustomize (the first time takes about five minutes)"
for tool in helm kubeconform kustomize; do
	$GO tool -n "$tool" >/dev/null
done
(cd unittest && $GO tool -n helm-unittest >/dev/null)

echo "judging charts/"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
$GO test -count=1 -v ./... >"$log" 2>&1 || status=$?
# Of each test one line; of what failed, all that it said.
if [ "$status" -ne 0 ]; then
	grep -vE '^ *(=== RUN|--- PASS|PASS$)' "$log"
	exit "$status"
fi
grep -E '^(--- |ok )|=== SKIPPED|helm-unittest:' "$log" | sed 's/^--- PASS: Test/ran /; s/^--- SKIP: Test/SKIPPED /; s/^ *[a-z_]*\.go:[0-9]*: //'
