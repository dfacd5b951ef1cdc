package plain

import (
	"fmt"
	"io/fs"
	"strings"

	"sigs.k8s.io/yaml"
)

// Lines are counts of lines that are not blank.
type Lines struct {
	// All is everything; Cases is what is there for cases alone.
	All, Cases int
}

// Routes is what remains without cases.
func (l Lines) Routes() int { return l.All - l.Cases }

// Kind is what was counted of the routes of one kind: their own lines, without cases and
// without what they share.
type Kind struct {
	// Name is "template", "anchor" or "written out".
	Name      string
	Routes    int
	CUE, YAML int
}

// Report is what was counted.
type Report struct {
	// CUE are the route files as they are, the shared ones with them. YAML is the
	// same as plain YAML, one document for each domain, and one for what is shared.
	CUE, YAML Lines
	// Shared is the part of CUE in files that apply to every domain.
	Shared Lines
	Kinds  []Kind
	Routes int
}

// Saved is the share of lines that a is less than b, in percent.
func Saved(a, b int) float64 { return 100 * (1 - float64(a)/float64(b)) }

// Measure counts the files of a routes directory that compiles.
func Measure(fsys fs.FS) (*Report, error) {
	files, err := read(fsys)
	if err != nil {
		return nil, err
	}
	r := &Report{Kinds: []Kind{{Name: "template"}, {Name: "anchor"}, {Name: "written out"}}}
	written, err := parse(files)
	if err != nil {
		return nil, err
	}
	for _, list := range files {
		for _, f := range list {
			l := Lines{All: nonBlank(f.data), Cases: written.cases(f)}
			r.CUE.All += l.All
			r.CUE.Cases += l.Cases
			if f.shared {
				r.Shared.All += l.All
				r.Shared.Cases += l.Cases
			}
		}
	}
	common, err := evaluate(files[""])
	if err != nil {
		return nil, fmt.Errorf("evaluate the shared files: %w", err)
	}
	if err := r.document(common); err != nil {
		return nil, err
	}
	for _, name := range sortedDomains(files) {
		v, err := evaluate(append(files[name][:len(files[name]):len(files[name])], files[""]...))
		if err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", name, err)
		}
		without(v, common)
		if err := r.routes(v, written.routes[name]); err != nil {
			return nil, err
		}
		if err := r.document(v); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// without removes what stands in the shared document.
func without(v, common map[string]any) {
	delete(v, "settings")
	delete(v, "groups")
	for _, top := range []string{"upstreams", "secrets"} {
		have, _ := v[top].(map[string]any)
		shared, _ := common[top].(map[string]any)
		for name := range shared {
			delete(have, name)
		}
		if len(have) == 0 {
			delete(v, top)
		}
	}
}

// document counts a document of YAML, and what of it are cases. The cases are gone
// afterwards.
func (r *Report) document(v map[string]any) error {
	all, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	routes, _ := v["routes"].(map[string]any)
	for _, one := range routes {
		delete(one.(map[string]any), "tests")
	}
	rest, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	r.YAML.All += nonBlank(all)
	r.YAML.Cases += nonBlank(all) - nonBlank(rest)
	return nil
}

// routes counts the routes of a domain by their kind.
func (r *Report) routes(v map[string]any, written map[string]routeText) error {
	routes, _ := v["routes"].(map[string]any)
	for name, one := range routes {
		r.Routes++
		w, ok := written[name]
		if !ok {
			continue // its name is computed
		}
		own := map[string]any{}
		for field, value := range one.(map[string]any) {
			if field != "tests" {
				own[field] = value
			}
		}
		text, err := yaml.Marshal(map[string]any{name: own})
		if err != nil {
			return err
		}
		k := &r.Kinds[w.kind]
		k.Routes++
		k.CUE += w.lines
		k.YAML += nonBlank(text)
	}
	return nil
}

func nonBlank(text []byte) (n int) {
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}
