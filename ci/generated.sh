#!/bin/sh
# Fails when a generated file is not what its generator writes today, and names it. The
# files are left as they were.
set -eu
files="schemas/filters_gen.cue runtime/filter/standard/standard_gen.go
schemas/REFERENCE.md runtime/filter/REFERENCE.md compiler/codes/REFERENCE.md cmd/lintel/REFERENCE.md
runtime/telemetry/REFERENCE.md runtime/reason/REFERENCE.md runtime/boot/REFERENCE.md"

kept=$(mktemp -d)
restore() {
	for f in $files; do
		if [ -e "$kept/$f" ]; then cp "$kept/$f" "$f"; fi
	done
	rm -rf "$kept"
}
trap restore EXIT
for f in $files; do
	mkdir -p "$kept/$(dirname "$f")"
	if [ -e "$f" ]; then cp "$f" "$kept/$f"; fi
done

go run ./compiler/filtergen
go run ./ci/docgen
old=0
for f in $files; do
	cmp -s "$f" "$kept/$f" && continue
	echo "$f is out of date: run make generate" >&2
	old=1
done
exit "$old"
