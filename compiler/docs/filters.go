package docs

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
)

const filtersIntro = `# Filters

A filter is a step that changes or answers a request or response. A route names its filters under ` + "`filters`" + `; they run in the order of their phases and priorities, whatever the order in the file, and on the response side in the reverse order.

`

const phasesText = `The phases, in order: edge (identity of the request and the client, limits, CORS), auth (who is it), limit (how much may they), route (what the upstream receives), response (what the client receives), log (what is remembered).

A filter that owns a request header is the only one that may set it: what clients send under that name never reaches an upstream.

`

// Filters is the reference of the filters, runtime/filter/REFERENCE.md. The tree is the
// folder runtime/filter, whose READMEs have the examples.
func Filters(ctx context.Context, l *lang.Language, tree fs.FS) (string, error) {
	specs := standard.Specs()
	slices.SortFunc(specs, func(a, b filter.Spec) int {
		if a.Phase != b.Phase {
			return int(a.Phase) - int(b.Phase)
		}
		return a.Priority - b.Priority
	})
	var b strings.Builder
	b.WriteString(markdown.Generated("the filters' declarations, schemas and READMEs"))
	b.WriteString(filtersIntro)
	var table [][]string
	var parts strings.Builder
	for i := range specs {
		row, err := one(ctx, &parts, l, &specs[i], tree)
		if err != nil {
			return "", fmt.Errorf("document the filter %s: %w", specs[i].Name, err)
		}
		table = append(table, row)
	}
	markdown.Table(&b, []string{"Filter", "Phase", "Priority", "Sides", "Answers by itself", "Owns", "Purpose"}, table)
	b.WriteString(phasesText)
	b.WriteString(parts.String())
	return strings.TrimRight(b.String(), "\n") + "\n", nil
}

// one writes a filter's part and returns its row in the table.
func one(ctx context.Context, b *strings.Builder, l *lang.Language, spec *filter.Spec, tree fs.FS) ([]string, error) {
	folder := strings.ToLower(spec.Name)
	readme, err := fs.ReadFile(tree, folder+"/README.md")
	if err != nil {
		return nil, err
	}
	examples := Examples(string(readme))
	config, err := sample(ctx, spec.Name, examples)
	if err != nil {
		return nil, err
	}
	built, err := spec.New(filter.Env{Secret: func(string) (*filter.Secret, error) { return &filter.Secret{}, nil }}, config)
	if err != nil {
		return nil, err
	}
	owns, err := owned(spec, config)
	if err != nil {
		return nil, err
	}
	answers := "no"
	if spec.Answers {
		answers = "yes"
	}
	def := l.Def("#Filters").Struct().Fields[slices.IndexFunc(l.Def("#Filters").Struct().Fields, func(f *lang.Field) bool { return f.Name == spec.Name })]
	purpose := prose(spec.Name, def.Doc)
	fmt.Fprintf(b, "## %s\n\n%s\n\n", spec.Name, purpose)
	fmt.Fprintf(b, "Phase %s, priority %d. Sees the %s.", spec.Phase, spec.Priority, strings.ReplaceAll(sides(built), ", ", " and the "))
	if spec.Answers {
		b.WriteString(" It answers every request itself: its routes need no upstream.")
	}
	if owns != "" {
		fmt.Fprintf(b, " It owns %s.", owns)
	}
	fmt.Fprintf(b, " [More](%s/README.md).\n\n", folder)
	link := func(name string) string {
		if d := l.Def(name); d != nil && ownPage(d) {
			return "../../schemas/REFERENCE.md#" + anchor(name)
		}
		return "#" + anchor(name)
	}
	for _, d := range l.Definitions {
		if d.File != "filters_gen.cue" || ownPage(d) || filterOf(d) != spec.Name {
			continue
		}
		if strings.EqualFold(d.Name, "#"+spec.Name+"Filter") {
			b.WriteString(markdown.Anchor(anchor(d.Name)) + "\n\n")
			markdown.Table(b, []string{"Option", "Type", "Default", "Meaning"}, rows(nil, folder, "", d.Struct(), link))
			continue
		}
		definition(b, d, "### "+markdown.Code(d.Name), uses(l, d.Name, link), link)
	}
	for _, e := range examples {
		markdown.Block(b, "cue", e)
	}
	first, _, _ := strings.Cut(purpose, ". ")
	return []string{
		"[" + markdown.Code(spec.Name) + "](#" + folder + ")", spec.Phase.String(), fmt.Sprint(spec.Priority),
		sides(built), answers, owns, strings.TrimSuffix(first, ".") + ".",
	}, nil
}

// Examples are the blocks of CUE in a document.
func Examples(text string) []string {
	var out []string
	for i, b := range strings.Split(text, "```cue\n") {
		if i > 0 {
			block, _, _ := strings.Cut(b, "```")
			out = append(out, block)
		}
	}
	return out
}

// sample compiles the examples and returns a configuration of the filter from them,
// with its defaults.
func sample(ctx context.Context, name string, examples []string) (json.RawMessage, error) {
	for _, e := range examples {
		res, err := compiler.Compile(ctx, compiler.Options{Cache: "off", FS: fstest.MapFS{
			"shop.example/base.cue":    {Data: []byte(Base)},
			"shop.example/example.cue": {Data: []byte("package routes\n\n" + e)},
		}})
		if err != nil {
			return nil, err
		}
		if res.Diagnostics.HasErrors() {
			return nil, fmt.Errorf("an example does not compile: %s", res.Diagnostics[0].Message)
		}
		for _, r := range res.Program.Domains[0].Routes {
			if config, ok := r.Def.Filters[name]; ok && len(r.Def.Path.Template) == 0 {
				return config, nil
			}
		}
	}
	return nil, fmt.Errorf("no example has a route with the filter and without parameters")
}

// owned names the request headers that are the filter's own.
func owned(spec *filter.Spec, config json.RawMessage) (string, error) {
	if spec.Owns == nil {
		return "", nil
	}
	names, err := spec.Owns(config)
	if err != nil {
		return "", err
	}
	for i := range names {
		names[i] = markdown.Code(names[i])
	}
	return strings.Join(names, ", "), nil
}

func sides(f filter.Filter) string {
	var out []string
	if _, ok := f.(filter.RequestFilter); ok {
		out = append(out, "request")
	}
	if _, ok := f.(filter.ResponseFilter); ok {
		out = append(out, "response")
	}
	return strings.Join(out, ", ")
}
