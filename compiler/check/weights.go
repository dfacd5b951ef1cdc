package check

import (
	"fmt"
	"strconv"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

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
