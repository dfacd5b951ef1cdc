package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
)

// TestReference holds the reference of the command line to what the commands declare.
func TestReference(t *testing.T) {
	want, err := os.ReadFile("REFERENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	reference(&got)
	if got.String() != string(want) {
		t.Error("REFERENCE.md is not what the commands declare: run make generate")
	}
}

// TestAbout: every command says what it is for, by examples whose flags it takes.
func TestAbout(t *testing.T) {
	for _, v := range verbs() {
		more := aboutVerb(v.name)
		if more.group == "" || !strings.HasSuffix(more.text, ".") || len(more.examples) == 0 {
			t.Errorf("aboutVerb has no group, text or example of %s", v.name)
		}
		for _, e := range more.examples {
			args := words(e.command)
			if len(args) < 2 || args[0] != "lintel" || args[1] != v.name || e.comment == "" {
				t.Errorf("%s: %q is no example of it", v.name, e.command)
				continue
			}
			if e := strings.Index(e.command, " > "); e > 0 {
				args = args[:len(args)-2]
			}
			fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			v.flags(fs)
			if _, err := parse(fs, args[2:]); err != nil {
				t.Errorf("%q: %v", e.command, err)
			}
		}
		for line := range strings.Lines(wrap(more.text, 79)) {
			if len(strings.TrimSpace(line)) > 79 {
				t.Errorf("%s: a line is too wide: %q", v.name, line)
			}
		}
	}
	listed := 0
	for _, g := range groups(verbs()) {
		listed += len(g.verbs)
	}
	if listed != len(verbs()) {
		t.Errorf("lintel help lists %d of %d commands", listed, len(verbs()))
	}
}

// words splits a command as a shell does, as far as the examples need it.
func words(command string) (out []string) {
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
