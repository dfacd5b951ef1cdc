// Package scaffold makes a routes repository that passes its own gate.
package scaffold

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	cueformat "cuelang.org/go/cue/format"

	"github.com/lintel-gateway/lintel/ci/pipelines"
	"github.com/lintel-gateway/lintel/schemas/release"
)

//go:embed files
var files embed.FS

// Options say what the repository is for. Domain is required.
type Options struct {
	// Domain is the first domain, such as "shop.example".
	Domain string
	// Owner is the team that owns it; absent: "team-" and the domain's first label.
	Owner string
	// Module is the path of the repository's CUE module; absent: "<domain>/routes".
	Module string
}

// File is one file of the repository.
type File struct {
	// Name is its path with slashes; routes stand in the folder "routes".
	Name string
	Text []byte
}

var (
	domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	ownerName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9/._-]*$`)
	modulePath = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+(/[a-z0-9][a-z0-9._-]*)*$`)
)

// Files makes the files, sorted by name, but for the schema's, which `lintel schema
// sync` writes. Names that cannot be one are errors for people.
func Files(o Options) ([]File, error) {
	label, _, _ := strings.Cut(o.Domain, ".")
	if !domainName.MatchString(o.Domain) {
		return nil, fmt.Errorf("%q is no domain such as shop.example", o.Domain)
	}
	if o.Owner == "" {
		o.Owner = "team-" + label
	}
	if o.Module == "" {
		o.Module = o.Domain + "/routes"
	}
	if !ownerName.MatchString(o.Owner) {
		return nil, fmt.Errorf("%q is no name of a team such as team-shop", o.Owner)
	}
	if !modulePath.MatchString(o.Module) {
		return nil, fmt.Errorf("%q is no path of a CUE module such as shop.example/routes", o.Module)
	}
	out := pipelines.Files()
	out[".lintel-version"] = release.Version + "\n"
	values := struct{ Domain, Owner, Module, Service string }{o.Domain, o.Owner, o.Module, label}
	for source, name := range map[string]string{
		"module.cue.tmpl":           "cue.mod/module.cue",
		"gitignore.tmpl":            ".gitignore",
		"codeowners.tmpl":           "CODEOWNERS",
		"vscode.tmpl":               ".vscode/settings.json",
		"extensions.tmpl":           ".vscode/extensions.json",
		"readme.tmpl":               "README.md",
		"routes/settings.cue.tmpl":  "routes/settings.cue",
		"routes/templates.cue.tmpl": "routes/templates.cue",
		"routes/orders.cue.tmpl":    "routes/" + o.Domain + "/orders.cue",
	} {
		text, err := files.ReadFile("files/" + source)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		t, err := template.New(source).Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		var b strings.Builder
		if err := t.Execute(&b, values); err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		out[name] = b.String()
	}
	list := make([]File, 0, len(out))
	for _, name := range slices.Sorted(maps.Keys(out)) {
		text := []byte(out[name])
		if strings.HasSuffix(name, ".cue") {
			// Columns depend on the length of names.
			formatted, err := cueformat.Source(text)
			if err != nil {
				return nil, fmt.Errorf("make %s: %w", name, err)
			}
			text = formatted
		}
		list = append(list, File{name, text})
	}
	return list, nil
}
