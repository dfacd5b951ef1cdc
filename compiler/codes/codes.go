// Package codes lists the codes of all diagnostics: what each checks, and a small
// repository that shows it.
package codes

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lintel-gateway/lintel/compiler/check"
	"github.com/lintel-gateway/lintel/compiler/diag"
)

//go:embed examples/*.txtar
var examples embed.FS

// Code is one code of a diagnostic.
type Code struct {
	// Code is stable and kebab-case.
	Code string
	// Purpose is a sentence such as "Checks that files are CUE."
	Purpose string
	// Advice says more; may be empty.
	Advice string
	// Severity is diag.Warning for findings that stop only a strict check.
	Severity diag.Severity
	// Files are those of the example by name, in order; a code that needs a large file
	// or a link has none.
	Files []txtar.File
}

// base stands in every example that does not bring a file of its name.
const base = `package routes

domain: {hosts: ["shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["orders.svc:8080"]
routes: "other": #Route & {path: exact: "/other", upstream: "orders"}
`

const baseName = "shop.example/base.cue"

// FS is the example as a routes directory.
func (c *Code) FS() fstest.MapFS {
	out := fstest.MapFS{baseName: {Data: []byte(base)}}
	for _, f := range c.Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

// Env is the environment in which the example shows the code; "" means none.
func (c *Code) Env() string {
	for _, f := range c.Files {
		if name, ok := strings.CutPrefix(f.Name, "_env/"); ok {
			return strings.TrimSuffix(name, ".cue")
		}
	}
	return ""
}

// All lists the codes by name. An example that cannot be read is an error of the
// program.
func All() ([]Code, error) {
	rules := map[string]check.Rule{}
	for _, r := range check.Rules() {
		rules[r.Code] = r
	}
	entries, err := examples.ReadDir("examples")
	if err != nil {
		return nil, fmt.Errorf("list codes: %w", err)
	}
	var out []Code
	for _, e := range entries {
		text, err := examples.ReadFile(path.Join("examples", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("list codes: %w", err)
		}
		arc := txtar.Parse(text)
		c := Code{Code: strings.TrimSuffix(e.Name(), ".txtar"), Severity: diag.Error, Files: arc.Files}
		comment := strings.TrimSpace(string(arc.Comment))
		if r, ok := rules[c.Code]; ok {
			c.Purpose, c.Advice, c.Severity = "Checks that "+r.Purpose+".", comment, r.Severity
		} else {
			c.Purpose, c.Advice, _ = strings.Cut(comment, "\n")
			c.Advice = strings.TrimSpace(c.Advice)
		}
		switch c.Code {
		case "schema-outdated", "empty-domain", "allow-unused":
			c.Severity = diag.Warning
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Code) int { return strings.Compare(a.Code, b.Code) })
	return out, nil
}

// Severities are the severities of all codes, by code.
func Severities() (map[string]diag.Severity, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	out := make(map[string]diag.Severity, len(all))
	for i := range all {
		out[all[i].Code] = all[i].Severity
	}
	return out, nil
}
