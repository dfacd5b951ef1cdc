package docs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
)

// parts are the sections of the schema's reference in the order in which an author
// meets them: files of the schema, and a few words.
var parts = [...]struct{ file, title, text string }{
	{"domain.cue", "Domain and secrets", "What a folder under `routes/` owns, and the secrets that its routes refer to."},
	{"route.cue", "Routes", "Which requests a route takes and what happens to them."},
	{"match.cue", "Conditions and texts", "What a route asks of a request, and the texts that are used all over the language."},
	{"upstream.cue", "Upstreams", "Where requests go."},
	{"filters_gen.cue", "Filters of a route", "Each filter has its own part in the [reference of the filters](../runtime/filter/REFERENCE.md)."},
	{"case.cue", "Cases", "A request and what must hold of the answer; what is absent is not compared."},
	{"environment.cue", "Environments", "What differs in staging, in production or in a region: files `routes/_env/<name>.cue`, for `--env <name>`. Definitions and hidden fields there are seen by all domains, as if they stood in `routes/` itself."},
	{"settings.cue", "What the repository asks", "Held for every domain."},
}

// Schema is the reference of the route language, schemas/REFERENCE.md.
func Schema(l *lang.Language) string {
	var b strings.Builder
	b.WriteString(markdown.Generated("the comments in schemas/*.cue"))
	b.WriteString(schemaIntro)
	for _, p := range parts {
		var names []string
		for _, d := range l.Definitions {
			if d.File == p.file && ownPage(d) {
				names = append(names, "["+markdown.Code(d.Name)+"](#"+anchor(d.Name)+")")
			}
		}
		if len(names) == 0 {
			continue
		}
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", p.title, slug(p.title), strings.Join(names, ", "))
	}
	b.WriteString("\n")
	link := func(name string) string {
		if d := l.Def(name); d != nil && !ownPage(d) {
			return "../runtime/filter/REFERENCE.md#" + anchor(name)
		}
		return "#" + anchor(name)
	}
	for _, p := range parts {
		if !slices.ContainsFunc(l.Definitions, func(d *lang.Definition) bool { return d.File == p.file }) {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", p.title, p.text)
		for _, d := range l.Definitions {
			if d.File == p.file && ownPage(d) {
				definition(&b, d, "### "+markdown.Code(d.Name), uses(l, d.Name, link), link)
			}
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

const schemaIntro = `# The route language

Every field that a route file may have. A route file is ` + "`routes/<domain>/<module>.cue`" + `; files in ` + "`routes/`" + ` itself hold what domains share, and ` + "`routes/_env/<name>.cue`" + ` what differs in an [environment](#environment). At the top of a route file stand, all optional:

| Field | Holds | Where |
|---|---|---|
| ` + "`domain`" + ` | [` + "`#Domain`" + `](#domain): what the folder owns | once in a domain's folder |
| ` + "`upstreams`" + ` | a map of names to [` + "`#Upstream`" + `](#upstream) | anywhere; in ` + "`routes/`" + ` itself for every domain |
| ` + "`secrets`" + ` | a map of names to [` + "`#Secret`" + `](#secret) | anywhere; in ` + "`routes/`" + ` itself for every domain |
| ` + "`routes`" + ` | a map of names to [` + "`#Route`" + `](#route) | in a domain's folder |
| ` + "`settings`" + ` | [` + "`#Settings`" + `](#settings) | in ` + "`routes/`" + ` itself |
| ` + "`groups`" + ` | a map of names to [` + "`#Group`" + `](#group) | in ` + "`routes/`" + ` itself |
| ` + "`domains`" + ` | [` + "`#Environment.domains`" + `](#environment-domains): what differs in an environment | in ` + "`routes/_env/`" + `, with ` + "`upstreams`" + `, ` + "`secrets`" + ` and ` + "`settings`" + ` |
| ` + "`_name`" + `, ` + "`#Name`" + ` | your own anchors and templates | anywhere |

A field without a default is absent when you leave it out. A name that is no field is a mistake, never ignored. Examples are compiled by a test, in the place where they would stand.

`

// ownPage tells whether a definition is documented here; those of one filter are not.
func ownPage(d *lang.Definition) bool {
	return d.File != "filters_gen.cue" || d.Name == "#Filters"
}

// definition writes one definition: its text, its examples and its fields.
func definition(b *strings.Builder, d *lang.Definition, head, used string, link func(string) string) {
	fmt.Fprintf(b, "%s\n%s\n", markdown.Anchor(anchor(d.Name)), head)
	fmt.Fprintf(b, "\n%s\n\n", prose(d.Name, d.Doc))
	if used != "" {
		fmt.Fprintf(b, "Stands in %s.\n\n", used)
	}
	if _, isStruct := d.Type.(lang.Struct); !isStruct {
		kind := words(d.Type, d.Expect, link)
		if s := d.Struct(); s != nil {
			kind += " as below"
		}
		fmt.Fprintf(b, "A value is %s.", kind)
		if p := pattern(d.Type); p != "" && d.Expect != "" {
			fmt.Fprintf(b, " It matches %s.", markdown.Code(p))
		}
		b.WriteString("\n\n")
	}
	if s := d.Struct(); s != nil {
		markdown.Table(b, []string{"Field", "Type", "Default", "Meaning"}, rows(nil, anchor(d.Name), "", s, link))
	}
	for _, e := range d.Examples {
		markdown.Block(b, "cue", e)
	}
}

// uses lists the fields that take a definition.
func uses(l *lang.Language, name string, link func(string) string) string {
	var out []string
	for _, d := range l.Definitions {
		s := d.Struct()
		if s == nil {
			continue
		}
		for _, f := range s.Fields {
			if refers(f.Type, name) {
				at := link(d.Name) + "-" + strings.ToLower(f.Name)
				if d.File == "filters_gen.cue" && strings.EqualFold(d.Name, "#"+filterOf(d)+"Filter") {
					// The options of a filter stand under its own name.
					at = strings.Replace(at, "filter-", "-", 1)
				}
				out = append(out, "["+markdown.Code(d.Name+"."+f.Name)+"]("+at+")")
			}
		}
	}
	return strings.Join(out, ", ")
}

// refers tells whether a type names a definition.
func refers(t lang.Type, name string) bool {
	switch t := t.(type) {
	case lang.Ref:
		return t.Name == name
	case lang.List:
		return refers(t.Elem, name)
	case lang.Struct:
		return t.Values != nil && (refers(t.Keys, name) || refers(t.Values, name))
	case lang.All:
		return slices.ContainsFunc(t.Types, func(x lang.Type) bool { return refers(x, name) })
	case lang.Any:
		return slices.ContainsFunc(t.Types, func(x lang.Type) bool { return refers(x, name) })
	}
	return false
}

func pattern(t lang.Type) string {
	switch t := t.(type) {
	case lang.Pattern:
		return t.Regex
	case lang.All:
		for _, one := range t.Types {
			if p := pattern(one); p != "" {
				return p
			}
		}
	}
	return ""
}

// rows are the fields of a struct; those of a struct without a name of its own follow
// their field, with its name before theirs.
func rows(out [][]string, id, prefix string, s *lang.Struct, link func(string) string) [][]string {
	for _, f := range s.Fields {
		name := prefix + f.Name
		value := markdown.Code(string(f.Default))
		switch {
		case f.Required:
			value = "required"
		case value == "`{}`":
			value = "its fields' defaults"
		}
		text := prose(f.Name, f.Doc)
		for _, e := range f.Examples {
			text += "<br>" + markdown.Code(f.Name+": "+e)
		}
		at := id + "-" + strings.ToLower(strings.ReplaceAll(name, ".", "-"))
		out = append(out, []string{markdown.Anchor(at) + markdown.Code(name), words(f.Type, f.Expect, link), value, text})
		if inner, ok := f.Type.(lang.Struct); ok && len(inner.Fields) > 0 {
			out = rows(out, id, name+".", &inner, link)
		}
	}
	return out
}

// prose is a comment as a paragraph; the name with which it begins is code.
func prose(name, doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if rest, ok := strings.CutPrefix(doc, name+" "); ok {
		return markdown.Code(name) + " " + markdown.Text(rest)
	}
	return markdown.Text(doc)
}

// anchor is the id of a definition's place.
func anchor(name string) string { return strings.ToLower(strings.TrimPrefix(name, "#")) }

// slug is the id that a heading has by itself.
func slug(title string) string {
	return strings.ReplaceAll(strings.ToLower(title), " ", "-")
}

// filterOf is the filter to which a definition of filters_gen.cue belongs; "" when it
// belongs to none.
func filterOf(d *lang.Definition) string {
	for _, spec := range standard.Specs() {
		if strings.HasPrefix(strings.ToLower(d.Name), "#"+strings.ToLower(spec.Name)) {
			return spec.Name
		}
	}
	return ""
}
