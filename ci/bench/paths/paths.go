// Package paths holds methods and paths of public interfaces, the input of the
// benchmarks. ORIGIN.md says where they come from and under which licences.
package paths

import (
	"embed"
	"strings"
)

//go:embed *.tsv
var files embed.FS

// Entry is one operation of an interface.
type Entry struct {
	Method string
	// Path is a path template; parameters are whole segments such as "{id}".
	Path string
}

// All returns the operations of all interfaces in a fixed order. No two have the
// same method and the same path but for the names of parameters.
func All() []Entry {
	var out []Entry
	for _, name := range []string{"github.tsv", "kubernetes.tsv", "twilio.tsv"} {
		b, err := files.ReadFile(name)
		if err != nil {
			panic("paths: embedded file cannot be read: " + err.Error())
		}
		for line := range strings.Lines(string(b)) {
			if method, path, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				out = append(out, Entry{method, path})
			}
		}
	}
	return out
}
