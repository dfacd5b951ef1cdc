#!/bin/sh
# Runs every fuzz target of the module for the time given (default 20s).
set -eu
time=${1:-20s}
go list -f '{{.Dir}} {{.ImportPath}}' ./... | while read -r dir pkg; do
	grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/func //' | while read -r target; do
		echo "fuzzing $pkg $target for $time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$pkg" </dev/null
	done
done
