package importer_test

import (
	"testing"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

const routes = `package routes

domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["orders.svc:80"]
routes: {
	"cart": #Route & {path: template: "/cart/{id}", methods: ["GET", "POST"], upstream: "orders", filters: cors: {}}
	"by-mail": #Route & {path: template: "/by/{email}/x", upstream: "orders"}
	"invoice": #Route & {path: template: "/invoice/{number}.pdf", upstream: "orders"}
	"exact": #Route & {path: exact: "/d41d8cd98f00b204e9800998ecf8427e", upstream: "orders"}
	"files": #Route & {path: prefix: "/files", upstream: "orders", filters: headers: request: remove: ["x-echo-status"]}
	"digest": #Route & {path: regex: "/sum/[0-9a-f]{32}", upstream: "orders"}
	"keyed": #Route & {path: exact: "/keyed", upstream: "orders", headers: authorization: prefix: "Bearer "}
	"keyless": #Route & {path: exact: "/keyed", filters: respond: {status: 401, json: error: "a key is needed"}}
	"signed": #Route & {path: exact: "/signed", upstream: "orders", headers: "x-signature": regex: "sha256=[0-9a-f]{8,64}", cookies: sid: regex: "[0-9a-f]{16,}"}
	"word": #Route & {path: exact: "/word", upstream: "orders", headers: "x-signature": regex: "\\b[0-9a-f]+"}
	"beta": #Route & {path: exact: "/beta", upstream: "orders", cookies: stage: exact: "beta", query: token: exact: "public-one"}
	"moved": #Route & {path: template: "/old/{id}", filters: redirect: {host: "new.example", path: "/new/{id}", status: 301}}
	"socket": #Route & {path: exact: "/ws", upstream: "orders"}
	"wild": #Route & {hosts: ["*.shop.example"], path: exact: "/wild", upstream: "orders"}
}
`

// compiled is the fixture's program and table.
func compiled(t testing.TB) (*compiler.Result, *table.Table) {
	t.Helper()
	res, err := compiler.Compile(t.Context(), compiler.Options{
		FS: fstest.MapFS{"shop.example/all.cue": {Data: []byte(routes)}}, Cache: "off",
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Bundle == nil {
		t.Fatal(res.Diagnostics)
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	filters, err := standard.Registry()
	if err != nil {
		t.Fatal(err)
	}
	noSecret := func(route.Secret) *filter.Secret { return &filter.Secret{} }
	tab, err := table.Build(table.Input{Shared: b.Shared(), Domains: b.Domains()}, nil, table.Env{Filters: filters, Secret: noSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return res, tab
}

// get is an exchange that ended well.
func get(target string, header ...importer.Field) *importer.Exchange {
	return &importer.Exchange{
		Method: "GET", Scheme: "https", Host: "shop.example", Target: target, Status: 200, Header: header, Answer: &importer.Answer{},
	}
}
