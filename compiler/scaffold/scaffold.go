// Package scaffold makes a routes repository that passes its own gate.
package scaffold

import (
	"cmp"
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

// DefaultDomain is the first domain of a repository that names none.
const DefaultDomain = "shop.example"

// Options say what the repository is for; all may be absent.
type Options struct {
	// Domain is the first domain; absent: DefaultDomain.
	Domain string
	// Owner is the team that owns it; absent: "team-" and the domain's first label.
	Owner string
	// Module is the path of the repository's CUE module; absent: "<domain>/routes".
	Module string
	// ArgoCD adds what Argo CD and the rendering of bundles need; nil leaves it out.
	ArgoCD *ArgoCD
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

// CheckDomain tells, as an error for people, why a name cannot be a domain's.
func CheckDomain(name string) error {
	if !domainName.MatchString(name) {
		return fmt.Errorf("%q is no domain such as %s", name, DefaultDomain)
	}
	return nil
}

// CheckOwner tells, as an error for people, why a name cannot be a team's.
func CheckOwner(name string) error {
	if !ownerName.MatchString(name) {
		return fmt.Errorf("%q is no name of a team such as team-shop", name)
	}
	return nil
}

// DefaultOwner is the team that owns a domain unless another is named: "team-" and the
// domain's first label.
func DefaultOwner(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return "team-" + label
}

// Files makes the files, sorted by name, but for the schema's, which `lintel schema
// sync` writes. Names that cannot be one are errors for people.
func Files(o Options) ([]File, error) {
	o.Domain = cmp.Or(o.Domain, DefaultDomain)
	if err := CheckDomain(o.Domain); err != nil {
		return nil, err
	}
	o.Owner = cmp.Or(o.Owner, DefaultOwner(o.Domain))
	if err := CheckOwner(o.Owner); err != nil {
		return nil, err
	}
	o.Module = cmp.Or(o.Module, o.Domain+"/routes")
	if !modulePath.MatchString(o.Module) {
		return nil, fmt.Errorf("%q is no path of a CUE module such as shop.example/routes", o.Module)
	}
	label, _, _ := strings.Cut(o.Domain, ".")
	out := pipelines.Files()
	out[".lintel-version"] = release.Version + "\n"
	values := struct {
		Domain, Owner, Module, Service string
		ArgoCD                         *ArgoCD
	}{o.Domain, o.Owner, o.Module, label, o.ArgoCD}
	if o.ArgoCD != nil {
		more, err := o.ArgoCD.files()
		if err != nil {
			return nil, err
		}
		maps.Copy(out, more)
	}
	for source, name := range map[string]string{
		"module.cue.tmpl":           "cue.mod/module.cue",
		"gitignore.tmpl":            ".gitignore",
		"gitattributes.tmpl":        ".gitattributes",
		"editorconfig.tmpl":         ".editorconfig",
		"codeowners.tmpl":           "CODEOWNERS",
		"vscode.tmpl":               ".vscode/settings.json",
		"extensions.tmpl":           ".vscode/extensions.json",
		"readme.tmpl":               "README.md",
		"routes/settings.cue.tmpl":  "routes/settings.cue",
		"routes/templates.cue.tmpl": "routes/templates.cue",
		"routes/orders.cue.tmpl":    "routes/" + o.Domain + "/orders.cue",
		"routes/site.cue.tmpl":      "routes/" + o.Domain + "/site.cue",
		"routes/staging.cue.tmpl":   "routes/_env/staging.cue",
		"routes/prod.cue.tmpl":      "routes/_env/prod.cue",
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
