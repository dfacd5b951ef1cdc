package runtimetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Domain makes a domain with the routes; their ids need not name it, and what is
// not given has the defaults of the route language.
func Domain(name string, routes ...route.Route) route.Domain {
	d := route.Domain{Name: name, Hosts: []string{name}, MethodMismatch: 405, Routes: routes}
	for i := range d.Routes {
		r := &d.Routes[i]
		r.ID = name + "/" + r.ID
		if r.Hosts == nil {
			r.Hosts = []string{name}
		}
		if r.OnRouteChange == "" {
			r.OnRouteChange = "keep"
		}
		if r.Timeouts == (route.Timeouts{}) {
			r.Timeouts = route.Timeouts{Connect: route.Duration(5 * time.Second), Read: route.Duration(time.Minute), Write: route.Duration(time.Minute), Idle: route.Duration(time.Hour)}
		}
	}
	return d
}

// Upstream makes an upstream of the addresses with the defaults of the route
// language.
func Upstream(addresses ...string) route.Upstream {
	u := route.Upstream{
		Ejection: route.Ejection{Failures: 3, Duration: route.Duration(10 * time.Second), MaxPercent: 50},
		Pool:     route.Pool{MaxIdle: 256, IdleTimeout: route.Duration(time.Minute)},
	}
	for _, a := range addresses {
		u.Endpoints = append(u.Endpoints, route.Endpoint{Address: a, Weight: 1})
	}
	return u
}

// Bundle encodes domains.
func Bundle(t testing.TB, revision string, domains ...route.Domain) *bundle.Bundle {
	t.Helper()
	sources := map[string]bundle.Source{}
	for _, d := range domains {
		for i := range d.Routes {
			sources[d.Routes[i].ID] = bundle.Source{Module: "main", File: "routes/" + d.Name + "/main.cue", Line: i + 1, Column: 1}
		}
	}
	b, err := bundle.Encode(bundle.Content{Domains: domains, Sources: sources}, bundle.Meta{Revision: revision, Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Answering makes a bundle with one route that answers with text by itself, for
// every path of host: which bundle serves can be read from any response.
func Answering(t testing.TB, host, text string) *bundle.Bundle {
	t.Helper()
	return Bundle(t, text, Domain(host, route.Route{
		ID: "all", Match: route.Match{Path: route.Path{Prefix: "/"}},
		Filters: route.Filters{"respond": fmt.Appendf(nil, `{"body":%q,"contentType":"text/plain","status":200}`, text)},
	}))
}
