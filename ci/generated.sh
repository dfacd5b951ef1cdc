#!/bin/sh
# Fails when a generated file is not what its generator writes today.
set -eu
before=$(git hash-object schemas/filters_gen.cue runtime/filter/standard/standard_gen.go)
cp schemas/filters_gen.cue "${TMPDIR:-/tmp}/filters_gen.$$"
cp runtime/filter/standard/standard_gen.go "${TMPDIR:-/tmp}/standard_gen.$$"
go run ./compiler/filtergen
after=$(git hash-object schemas/filters_gen.cue runtime/filter/standard/standard_gen.go)
mv "${TMPDIR:-/tmp}/filters_gen.$$" schemas/filters_gen.cue
mv "${TMPDIR:-/tmp}/standard_gen.$$" runtime/filter/standard/standard_gen.go
if [ "$before" != "$after" ]; then
	echo "generated files are out of date: run make generate" >&2
	exit 1
fi
