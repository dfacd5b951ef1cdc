// Package check holds the rules that a whole program of routes must obey. A rule is
// data: a code, a purpose, a severity and one function in a file of its own. Rules
// read the program and report diagnostics; they change nothing.
package check

import (
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/suggest"
	"github.com/lintel-gateway/lintel/runtime/filter"
)

// Rule is one property that is checked.
type Rule struct {
	// Code is stable and kebab-case.
	Code string
	// Purpose completes the sentence "Checks that ...".
	Purpose  string
	Severity diag.Severity

	run func(*pass)
	// whole marks rules that look at what the routes are together; they run only on a
	// program whose every route is sound by itself.
	whole bool
	// wide marks rules that compare domains: they look at every domain, also at those
	// that were proven before.
	wide bool
}

// Rules are all rules, in the order in which they run.
func Rules() []Rule {
	return []Rule{
		noRoutes, pathOneOf, pathInvalid, conditionInvalid, targetOneOf,
		unknownUpstream, unknownSecret, hostShared, hostUncovered,
		weights, endpointInvalid, transportInvalid, tlsUnverified, filterInvalid, literalCredential,
		caseInvalid, unknownRoute,
		unusedUpstream, unusedSecret,
		ownerMissing, groupUnknown, groupEmpty, groupDomains,
		routeTie, routeShadowed,
	}
}

// Run checks the program with every rule and returns the findings, sorted. The
// filters are those that the gateway will have.
func Run(prog *ir.Program, filters *filter.Registry) diag.List {
	var found []report
	failed := false
	for _, r := range Rules() {
		if r.whole && failed {
			continue
		}
		p := &pass{prog: prog, rule: r, filters: filters}
		r.run(p)
		found = append(found, p.found...)
		failed = failed || r.Severity == diag.Error && len(p.found) > 0
	}
	return once(fold(found).Sort())
}

// Local are the findings that are not looked for again in a domain that is proven;
// rules that compare domains look at every domain every time.
func Local(list diag.List) diag.List {
	wide := map[string]bool{}
	for _, r := range Rules() {
		wide[r.Code] = r.wide
	}
	return slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool { return wide[d.Code] })
}

// once leaves out what is said of one place already: the routes that a loop or a
// template makes have one place, and one mistake.
func once(list diag.List) diag.List {
	type said struct {
		code, message string
		pos           diag.Pos
	}
	seen := map[said]bool{}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		key := said{d.Code, d.Message, d.Pos}
		again := seen[key] && d.Pos.IsValid()
		seen[key] = true
		return again
	})
}

// pass is one rule at work.
type pass struct {
	prog    *ir.Program
	rule    Rule
	filters *filter.Registry
	found   []report
}

// finding is what a rule says of a place in a domain (or in the shared part, when
// d is nil).
type finding struct {
	domain  *ir.Domain
	path    []string
	message string
	hint    string
	notes   []diag.Note
	// merged tells that the fault may lie in any part of what stands at the path, the
	// templates' parts included.
	merged bool
}

func (p *pass) report(f finding) {
	index := p.prog.Shared.Index
	if f.domain != nil {
		index = f.domain.Index
	}
	d := diag.Diagnostic{
		Code: p.rule.Code, Severity: p.rule.Severity,
		Path: diag.Path(f.path...), Message: f.message, Hint: f.hint, Notes: f.notes,
	}
	r := report{Diagnostic: d}
	if index != nil {
		r.place(index, f)
	}
	if !r.Pos.IsValid() && f.domain != nil {
		r.Pos = f.domain.Pos
	}
	p.found = append(p.found, r)
}

// domains are the domains that the rule looks at: a domain that was found clean
// before, with the same shared part, is clean still.
func (p *pass) domains() []*ir.Domain {
	if p.rule.wide {
		return p.prog.Domains
	}
	var out []*ir.Domain
	for _, d := range p.prog.Domains {
		if !d.Proven {
			out = append(out, d)
		}
	}
	return out
}

// routes calls f for every route.
func (p *pass) routes(f func(d *ir.Domain, r *ir.Route)) {
	for _, d := range p.domains() {
		for _, r := range d.Routes {
			f(d, r)
		}
	}
}

// at is the path of something in a route.
func at(r *ir.Route, more ...string) []string {
	return append([]string{"routes", r.Name}, more...)
}

// undeclared reports a name that neither the domain nor the shared files declare. The
// domain is nil for what stands in the shared files.
func undeclared[V any](p *pass, d *ir.Domain, path []string, what, name, declare string, own, shared map[string]V) {
	if _, ok := own[name]; ok {
		return
	}
	if _, ok := shared[name]; ok {
		return
	}
	hint := suggest.Phrase(name, append(sortedKeys(own), sortedKeys(shared)...))
	if hint == "" {
		hint = fmt.Sprintf("declare it: %ss: %q: %s", what, name, declare)
	}
	where := "in this domain or in the shared files"
	if d == nil {
		where = "in the shared files"
	}
	p.report(finding{domain: d, path: path, message: fmt.Sprintf("%s %q is not declared %s", what, name, where), hint: hint})
}
