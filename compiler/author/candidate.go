package author

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// candidate is one way to write a route, without its cases.
type candidate struct {
	template string
	lines    []setting
}

// candidates are the ways to write a route, the best first: with the repository's own
// templates, as they are and with the methods said, and written out.
func (r *Repo) candidates(want *Route, k Kind) (out []candidate) {
	match := []setting{}
	if len(want.Hosts) > 0 {
		match = append(match, setting{"hosts", texts(want.Hosts)})
	}
	kind := "exact"
	switch {
	case strings.Contains(want.Path, "{"):
		kind = "template"
	case k.prefix:
		kind = "prefix"
	}
	at := setting{"path: " + kind, text(want.Path)}
	methods := setting{"methods", texts(want.Methods)}
	params := k.params(want)
	for _, t := range r.templates(want.Domain).fitting(k.templates(want.Methods), params) {
		for _, more := range [][]setting{nil, {methods}} {
			if more != nil && len(want.Methods) == 0 {
				continue
			}
			lines := slices.Concat(match, params, []setting{at}, more)
			if k.Next || k.To {
				lines = slices.Concat(match, []setting{at}, more, params)
			}
			out = append(out, candidate{t, lines})
		}
	}
	lines := append(match, at)
	if len(want.Methods) > 0 {
		lines = append(lines, methods)
	}
	return append(out, candidate{"", append(lines, k.plain(want)...)})
}

// try writes a route one way, and proves that it is what was asked for and that its
// cases hold.
func (r *Repo) try(ctx context.Context, name string, c candidate, want *Route, k Kind) (*Plan, error) {
	p, err := r.plan(name, c.text(want, nil))
	if err != nil {
		return nil, err
	}
	res, err := r.prove(ctx, name, p.After, none)
	if err != nil {
		return nil, err
	}
	made := find(res, want)
	if made == nil || !same(made.Def, want, k) {
		return nil, errOther
	}
	cases, err := writeCases(res, made, k, want)
	if err != nil {
		return nil, err
	}
	if p, err = r.plan(name, c.text(want, cases)); err != nil {
		return nil, err
	}
	if res, err = r.prove(ctx, name, p.After, none); err != nil {
		return nil, err
	}
	if p.Taken, err = takenFrom(res, made.Def.ID); err != nil {
		return nil, err
	}
	p.Template, p.Cases = c.template, len(cases)
	return p, nil
}

func find(res *compiler.Result, want *Route) *ir.Route {
	for _, d := range res.Program.Domains {
		if d.Def.Name != want.Domain {
			continue
		}
		for _, made := range d.Routes {
			if made.Name == want.Name {
				return made
			}
		}
	}
	return nil
}

// same tells whether a template left what was asked for as it was.
func same(made *route.Route, want *Route, k Kind) bool {
	if !slices.Equal(made.Methods, want.Methods) || made.Path.Value() != want.Path {
		return false
	}
	switch {
	case k.Next:
		share := map[string]int{}
		for _, s := range made.Split {
			share[s.Upstream] += s.Weight
		}
		sum := share[want.Upstream] + share[want.Next]
		return len(made.Split) == 2 && sum > 0 && share[want.Next]*100 == want.Percent*sum
	case k.Upstream:
		return made.Upstream == want.Upstream
	}
	var redirect struct {
		To     string
		Status int
	}
	err := json.Unmarshal(made.Filters["redirect"], &redirect)
	return err == nil && redirect.To == want.To && (want.Status == 0 || redirect.Status == want.Status)
}

// text is the route as it is written into a file, with the upstream that comes with it.
func (c candidate) text(want *Route, cases []string) string {
	var b strings.Builder
	if len(want.Endpoints) > 0 {
		b.WriteString(upstreamText(want.Upstream, want.Endpoints) + "\n\n")
	}
	template := c.template
	if template == "" {
		template = "#Route"
	}
	fmt.Fprintf(&b, "routes: %s: %s & {\n", text(want.Name), template)
	for _, l := range c.lines {
		fmt.Fprintf(&b, "%s: %s\n", l.label, l.value)
	}
	switch len(cases) {
	case 0:
	case 1:
		fmt.Fprintf(&b, "tests: %s\n", cases[0])
	default:
		fmt.Fprintf(&b, "tests: {\n%s\n}\n", strings.Join(cases, "\n"))
	}
	b.WriteString("}\n")
	return b.String()
}
