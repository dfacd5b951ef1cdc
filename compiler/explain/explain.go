// Package explain tells what a gateway does with one request: which route takes it
// and why, what its filters make of it and what the upstream receives, or why nobody
// takes it and what to do. It asks the gateway's own table and runs the route's own
// filters on an exchange without a network; secrets are not read, and stand in the
// account as "<secret name>".
//
// An Explanation as JSON is one object, stable from version to version: fields are
// added, never renamed. Fields that do not apply are absent, but for outcome, status
// and chain.
//
//	request     {method, scheme, host, path, query}: host as sent, path canonical
//	outcome     "matched", "method-mismatch", "not-found" or "refused" (no request)
//	status      the status that the gateway answers with; 0 when the upstream does
//	code        the code in the body of the gateway's own error, such as "route-not-found"
//	reason      why nobody takes it, one sentence
//	route       the id of the route that takes it; description as its author wrote it
//	domain      the domain that the host belongs to
//	source      {file, line}: where the route is written
//	why         [{step, text, before}]: the steps of the order, in order: host, path,
//	            method, conditions, priority; before are the routes that lost there
//	preflight   the method that a CORS preflight asks about, when that decided
//	params      [{name, value}] as they stand in the path, percent-encoded
//	filters     [{name, phase, sides, ran, source, from, config}] in the order in which
//	            they run; source is the nearest place that the route's author wrote,
//	            from [{file, line, name}] the templates and anchors that write more of it
//	upstream    {targets [{name, domain, weight, percent, endpoints}], method, host,
//	            path, headers {added, changed, removed}, response}: what one of the
//	            targets receives, and what filters set on its answer
//	answer      {filter, status, headers, body, bodySize}: what a filter answers; body
//	            is its beginning
//	timeouts    {connect, read, write, request, idle}; retry {attempts, on}
//	runnerUp    an element of chain: the first route that takes the request and lost
//	chain       [{route, source, host, path, verdict, text}]: every route whose host and
//	            path take it, in the order in which they are asked; verdict is "wins",
//	            "loses" or "fails"
//	allow       the methods that are taken, after a method-mismatch
//	near        [{route, source, host, path, text}]: routes that are close, when none
//	            takes it
//	advice      what to do, when none takes it
package explain

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Explainer explains requests by one bundle. It is safe for concurrent use.
type Explainer struct {
	filters *filter.Registry
	table   *table.Table
	domains []*bundle.Domain
	places  places
}

// New makes the explainer of a bundle. The program that it was compiled from tells
// where everything is written; with a nil program only the places of routes are known,
// from the bundle.
func New(b *bundle.Bundle, prog *ir.Program) (*Explainer, error) {
	e := &Explainer{domains: b.Domains()}
	var err error
	if e.filters, err = standard.Registry(); err != nil {
		return nil, fmt.Errorf("list filters: %w", err)
	}
	if e.table, err = compiler.Table(b); err != nil {
		return nil, err
	}
	if e.places, err = placesOf(b, prog); err != nil {
		return nil, err
	}
	return e, nil
}

// Explain tells what becomes of a request. It fails only when a filter that the table
// was built with cannot be built again.
func (e *Explainer) Explain(q Request) (*Explanation, error) {
	a := arrive(q)
	out := &Explanation{
		Request: Seen{Method: q.Method, Scheme: a.x.Scheme, Host: q.Host, Path: a.x.Path, Query: a.x.Query},
		Chain:   []Rival{},
	}
	if a.refusal.code != "" {
		out.Outcome, out.Status, out.Code, out.Reason = Refused, a.refusal.status, a.refusal.code, a.refusal.text
		return out, nil
	}
	if a.star {
		out.Outcome, out.Status = Refused, 204
		out.Reason = `the gateway answers OPTIONS * itself, for all routes`
		return out, nil
	}
	trace := e.table.Explain(&a.request)
	out.Outcome, out.Route, out.Domain = trace.Outcome, trace.Route, trace.Domain
	out.Preflight, out.Allow = trace.Preflight, trace.Allow
	judged := a.request
	if trace.Preflight != "" {
		// The order that decided is that of the method which is asked about.
		judged.Method = trace.Preflight
		trace = e.table.Explain(&judged)
	}
	e.chain(out, &judged, trace)
	if out.Route == "" {
		e.nobody(out, &a.request)
		return out, nil
	}
	r := e.table.Route(out.Route)
	out.Source, out.Description = e.places.route(out.Route), e.places.description(out.Route)
	e.why(out, r, &judged, trace)
	out.Timeouts, out.Retry = &r.Def.Timeouts, &r.Def.Retry
	return out, e.run(out, r, &a)
}
