package check

import (
	"fmt"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
)

var targetOneOf = Rule{
	Code: "target-one-of", Severity: diag.Error,
	Purpose: "a route has one target: an upstream, a split, or a filter that answers",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			answering := ""
			for _, name := range sortedKeys(r.Def.Filters) {
				if s := p.filters.Spec(name); s != nil && s.Answers {
					answering = name
				}
			}
			up, split := r.Def.Upstream != "", len(r.Def.Split) > 0
			switch {
			case up && split:
				p.report(finding{domain: d, path: at(r, "split"), message: "the route has both upstream and split; it must have one of them"})
			case !up && !split && answering == "":
				p.report(finding{
					domain: d, path: at(r), message: `"upstream" is required and not set`,
					hint: "name an upstream, a split, or use a filter that answers (redirect, respond)",
				})
			case (up || split) && answering != "":
				p.report(finding{
					domain: d, path: at(r, "filters", answering),
					message: fmt.Sprintf("the filter %s answers every request, so nothing reaches the upstream", answering),
					hint:    "remove the filter or the upstream",
				})
			}
		})
	},
}

var unknownUpstream = Rule{
	Code: "unknown-upstream", Severity: diag.Error,
	Purpose: "every upstream that a route names is declared",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			check := func(name string, path []string) {
				if _, ok := d.Def.Upstreams[name]; ok || name == "" {
					return
				}
				if _, ok := p.prog.Shared.Def.Upstreams[name]; ok {
					return
				}
				known := append(sortedKeys(d.Def.Upstreams), sortedKeys(p.prog.Shared.Def.Upstreams)...)
				hint := suggest.Phrase(name, known)
				if hint == "" {
					hint = fmt.Sprintf("declare it: upstreams: %q: endpoints: [\"host:port\"]", name)
				}
				p.report(finding{domain: d, path: path, message: fmt.Sprintf("upstream %q is not declared in this domain or in the shared files", name), hint: hint})
			}
			check(r.Def.Upstream, at(r, "upstream"))
			for i, s := range r.Def.Split {
				check(s.Upstream, at(r, "split", strconv.Itoa(i), "upstream"))
			}
		})
	},
}

var unusedUpstream = Rule{
	Code: "unused-upstream", Severity: diag.Warning, whole: true, wide: true,
	Purpose: "every declared upstream is used by a route",
	run: func(p *pass) {
		usedAnywhere := map[string]bool{}
		for _, d := range p.prog.Domains {
			used := map[string]bool{}
			for _, r := range d.Routes {
				used[r.Def.Upstream] = true
				for _, s := range r.Def.Split {
					used[s.Upstream] = true
				}
			}
			for name := range used {
				usedAnywhere[name] = true
			}
			for _, name := range sortedKeys(d.Def.Upstreams) {
				if !used[name] {
					p.report(finding{domain: d, path: []string{"upstreams", name}, message: fmt.Sprintf("upstream %q is not used by any route of the domain", name), hint: "remove it"})
				}
			}
		}
		for _, name := range sortedKeys(p.prog.Shared.Def.Upstreams) {
			if !usedAnywhere[name] {
				p.report(finding{path: []string{"upstreams", name}, message: fmt.Sprintf("shared upstream %q is not used by any route", name), hint: "remove it"})
			}
		}
	},
}

var weights = Rule{
	Code: "weights", Severity: diag.Error,
	Purpose: "the weights of a split and of an upstream's endpoints can be shared out",
	run: func(p *pass) {
		p.routes(func(d *ir.Domain, r *ir.Route) {
			if len(r.Def.Split) == 0 {
				return
			}
			sum, seen := 0, map[string]bool{}
			for i, s := range r.Def.Split {
				sum += s.Weight
				if seen[s.Upstream] {
					p.report(finding{domain: d, path: at(r, "split", strconv.Itoa(i), "upstream"), message: fmt.Sprintf("upstream %q is in the split twice", s.Upstream), hint: "add up the weights in one place"})
				}
				seen[s.Upstream] = true
			}
			if sum == 0 {
				p.report(finding{domain: d, path: at(r, "split"), message: "the weights of the split sum to 0: no request could be sent anywhere"})
			}
		})
		for _, d := range p.domains() {
			p.endpoints(d)
		}
		for _, name := range sortedKeys(p.prog.Shared.Def.Upstreams) {
			p.endpointList(nil, name)
		}
	},
}

func (p *pass) endpoints(d *ir.Domain) {
	for _, name := range sortedKeys(d.Def.Upstreams) {
		p.endpointList(d, name)
	}
}

func (p *pass) endpointList(d *ir.Domain, name string) {
	up := p.prog.Shared.Def.Upstreams[name]
	if d != nil {
		up = d.Def.Upstreams[name]
	}
	sum, seen := 0, map[string]bool{}
	for i, e := range up.Endpoints {
		sum += e.Weight
		if seen[e.Address] {
			p.report(finding{domain: d, path: []string{"upstreams", name, "endpoints", strconv.Itoa(i)}, message: fmt.Sprintf("endpoint %q is in the upstream twice", e.Address), hint: "give one endpoint a greater weight instead"})
		}
		seen[e.Address] = true
	}
	if sum == 0 {
		p.report(finding{domain: d, path: []string{"upstreams", name, "endpoints"}, message: fmt.Sprintf("the weights of the endpoints of %q sum to 0: no request could be sent anywhere", name)})
	}
}
