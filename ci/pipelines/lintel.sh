#!/bin/sh
# The gate of a routes repository, for any system that runs a shell:
#
#   sh ci/lintel.sh                     every stage, in order
#   sh ci/lintel.sh check               one stage: format check test coverage diff render
#
# ROUTES    routes directory                                        (routes)
# OUT       folder of reports and manifests                         (out)
# BASE      Git revision to compare with: only routes that are
#           not in it need a case (none: every route does)
# REVISION  revision to put into the bundle                         (HEAD of Git)
# MIN_COVERAGE  coverage in percent that is asked for               (0)
# FORMAT    text, json or github                                    (text)
# NAME      name of the ConfigMaps                                  (lintel-bundle)
# ENVIRONMENT  environment whose cases are played                   (none of them)
# CODEOWNERS_ORG  what stands before the teams' names in CODEOWNERS (nothing)
#
# The exit status is that of the stage that stopped it: 100 for findings, 1 for a
# failure, 2 for wrong use.
set -eu

ROUTES=${ROUTES:-routes}
OUT=${OUT:-out}
BASE=${BASE:-}
FORMAT=${FORMAT:-text}
MIN_COVERAGE=${MIN_COVERAGE:-0}
NAME=${NAME:-lintel-bundle}
ENVIRONMENT=${ENVIRONMENT:-}
CODEOWNERS_ORG=${CODEOWNERS_ORG:-}
REVISION=${REVISION:-$(git rev-parse HEAD 2>/dev/null || true)}

format() {
	lintel fmt --check "$ROUTES"
}

check() {
	lintel check "$ROUTES" --strict --format "$FORMAT"
	for file in CODEOWNERS .github/CODEOWNERS docs/CODEOWNERS; do
		if [ -f "$file" ] && grep -q "^# lintel owners: written" "$file"; then
			lintel owners "$ROUTES" --org "$CODEOWNERS_ORG" --check "$file"
		fi
	done
}

run_test() {
	mkdir -p "$OUT"
	set -- "$ROUTES" --env "$ENVIRONMENT" --revision "$REVISION" --format "$FORMAT" \
		--junit "$OUT/junit.xml" --json "$OUT/verdict.json" \
		--coverage-html "$OUT/coverage.html" --coverage-json "$OUT/coverage.json"
	if [ -n "$BASE" ]; then
		set -- "$@" --base "$BASE"
	fi
	lintel test "$@"
}

coverage() {
	[ -f "$OUT/coverage.json" ] || {
		echo "$OUT/coverage.json is missing: run the stage test first" >&2
		exit 1
	}
	status=0
	lintel coverage "$OUT/coverage.json" --min-coverage "$MIN_COVERAGE" >"$OUT/coverage.txt" || status=$?
	cat "$OUT/coverage.txt"
	if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
		{
			echo '```'
			cat "$OUT/coverage.txt"
			echo '```'
		} >>"$GITHUB_STEP_SUMMARY"
	fi
	return $status
}

# changes writes what a change does to what runs, for its review.
changes() {
	if [ -z "$BASE" ]; then
		echo "BASE is not set: there is nothing to compare with"
		return
	fi
	if ! git cat-file -e "$BASE:./$ROUTES" 2>/dev/null; then
		echo "$BASE has no folder $ROUTES yet: everything is new"
		return
	fi
	mkdir -p "$OUT"
	lintel diff "$BASE" "$ROUTES" --format markdown >"$OUT/diff.md"
	cat "$OUT/diff.md"
	if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
		cat "$OUT/diff.md" >>"$GITHUB_STEP_SUMMARY"
	fi
}

# manifest FOLDER [ENVIRONMENT] writes the ConfigMaps of one environment.
manifest() {
	mkdir -p "$1"
	lintel render "$ROUTES" --env "${2:-}" --revision "$REVISION" --name "$NAME" >"$1/$NAME.yaml.new"
	mv "$1/$NAME.yaml.new" "$1/$NAME.yaml"
	echo "$1/$NAME.yaml: $(grep -c '^kind: ConfigMap' "$1/$NAME.yaml") ConfigMap(s)"
}

render() {
	manifest "$OUT"
	for file in "$ROUTES"/_env/*.cue; do
		if [ -f "$file" ]; then
			environment=$(basename "$file" .cue)
			manifest "$OUT/$environment" "$environment"
		fi
	done
}

[ $# -gt 0 ] || set -- format check test coverage diff render
for stage; do
	case $stage in
	format | check | coverage | render) "$stage" ;;
	test) run_test ;;
	diff) changes ;;
	*)
		echo "$0: $stage is no stage; there are format, check, test, coverage, diff and render" >&2
		exit 2
		;;
	esac
done
