package main

import (
	"flag"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestExamplesOfLintel reads the examples that lintel gives of the verbs that run this
// program, and those of the README: their flags must be flags of it.
func TestExamplesOfLintel(t *testing.T) {
	example := regexp.MustCompile(`(?m)^(lintel-sync |lintel (sync |status|rollback|diff --cluster))([^#\n]*)`)
	for file, want := range map[string]int{"../lintel/REFERENCE.md": 8, "README.md": 8} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, m := range example.FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(m[2] + m[3])
			if words = slices.DeleteFunc(words, func(w string) bool { return w == "sync" || w == "--cluster" }); len(words) == 0 || words[0] == "help" || strings.HasPrefix(words[0], "[") || strings.HasPrefix(words[0], "COMMAND") {
				continue
			}
			at := slices.IndexFunc(verbs(), func(v verb) bool { return v.name == words[0] })
			if at < 0 {
				t.Errorf("%s: %q is no command", file, m[0])
				continue
			}
			fs := flag.NewFlagSet(words[0], flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			verbs()[at].flags(fs)
			if _, err := parse(fs, words[1:]); err != nil {
				t.Errorf("%s: %q: %v", file, m[0], err)
			}
			read++
		}
		if read < want {
			t.Errorf("%s: %d examples were read, there are at least %d", file, read, want)
		}
	}
}
