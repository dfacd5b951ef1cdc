package docs

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter/standard"
)

// TestFilterReadmes holds what the filters' READMEs say by hand to what the filters
// declare: phase, priority, the options, and defaults that are one value.
func TestFilterReadmes(t *testing.T) {
	l, err := Language()
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| .* \\| ([^|]*) \\|$")
	for _, spec := range standard.Specs() {
		text, err := os.ReadFile("../../runtime/filter/" + strings.ToLower(spec.Name) + "/README.md")
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("| Phase | %s, priority %d |", spec.Phase, spec.Priority); !strings.Contains(string(text), want) {
			t.Errorf("the README of %s does not say %q", spec.Name, want)
		}
		fields := map[string]string{}
		for _, d := range l.Definitions {
			if d.File != "filters_gen.cue" || filterOf(d) != spec.Name || d.Struct() == nil {
				continue
			}
			for _, f := range d.Struct().Fields {
				fields[f.Name] = strings.Trim(string(f.Default), `"`)
			}
		}
		if spec.Name == "headers" {
			// Its README has one table for both sides.
			delete(fields, "request")
			delete(fields, "response")
		}
		var told []string
		for _, m := range row.FindAllStringSubmatch(string(text), -1) {
			want, ok := fields[m[1]]
			if told = append(told, m[1]); !ok {
				t.Errorf("the README of %s has an option %s, which there is not", spec.Name, m[1])
			}
			if got := strings.Trim(m[2], "`"); want != "" && !strings.HasPrefix(want, "[") && got != want {
				t.Errorf("the README of %s says that the default of %s is %s; it is %s", spec.Name, m[1], got, want)
			}
		}
		for name := range fields {
			if !slices.Contains(told, name) {
				t.Errorf("the README of %s does not tell of the option %s", spec.Name, name)
			}
		}
	}
}
