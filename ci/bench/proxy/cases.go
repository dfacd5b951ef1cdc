package main

import (
	"slices"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/proxy/judge"
	"github.com/lintel-gateway/lintel/ci/bench/proxy/load"
)

// benchCase is one kind of load, on the proxies of one bed.
type benchCase struct {
	name, group, what string
	bed               string // a key of beds
	without           []string
	target            load.Target // all but Addr, For and Pin
	address           func(*judge.Proxy) string
	generate          func(*runner, load.Target) (load.Result, error)
	special           func(*runner, *judge.Bed, benchCase) (table, error) // in place of rounds of load
}

func plain(p *judge.Proxy) string  { return p.Plain }
func h2c(p *judge.Proxy) string    { return p.H2C }
func secure(p *judge.Proxy) string { return p.TLS }

func wrk(_ *runner, t load.Target) (load.Result, error)    { return load.Wrk(t) }
func h2load(_ *runner, t load.Target) (load.Result, error) { return load.H2load(t) }

func peerClient(kind string) func(*runner, load.Target) (load.Result, error) {
	return func(r *runner, t load.Target) (load.Result, error) { return load.Peer(r.tools.peer, kind, t) }
}

const swapGroup = "Swaps of 10,000 routes, 2 processors: the gateway beside itself"

// allCases is the whole table. The first proxy of a bed is what the others are compared
// with.
func allCases() []benchCase {
	relay := []string{"relay"} // it leads to one backend, and knows no TLS
	one := func(name, what, host string, conns int) benchCase {
		return benchCase{name: name, group: "HTTP/1.1, 1 processor", what: what, bed: "one", address: plain, generate: wrk, target: load.Target{Host: host, Conns: conns}}
	}
	with := func(c benchCase, change func(*benchCase)) benchCase { change(&c); return c }
	cases := []benchCase{
		one("small-4", "GET of 256 bytes, 4 connections", judge.Small, 4),
		one("small-64", "GET of 256 bytes, 64 connections", judge.Small, 64),
		one("small-256", "GET of 256 bytes, 256 connections", judge.Small, 256),
		with(one("kib", "GET of 1 KiB, 64 connections", judge.KiB, 64), func(c *benchCase) { c.without = relay }),
		with(one("big", "GET of 64 KiB, 64 connections", judge.Big, 64), func(c *benchCase) { c.without = relay }),
		with(one("post", "POST of 16 KiB, 64 connections", judge.Small, 64), func(c *benchCase) { c.target.Path, c.target.Script = "/post", postScript }),
		with(one("slow", "GET of 256 bytes, 64 connections that wait 20 ms before each", judge.Small, 64), func(c *benchCase) { c.target.Script = slowScript }),
	}
	two := func(name, what, host string, conns int) benchCase {
		return benchCase{name: name, group: "HTTP/1.1, 2 processors", what: what, bed: "two", address: plain, generate: wrk, target: load.Target{Host: host, Conns: conns}}
	}
	cases = append(cases,
		two("two-small-64", "GET of 256 bytes, 64 connections", judge.Small, 64),
		two("two-small-256", "GET of 256 bytes, 256 connections", judge.Small, 256),
		benchCase{name: "tls-small", group: "TLS 1.3, 1 processor", what: "GET of 256 bytes, 64 connections", bed: "one", without: relay, address: secure, generate: wrk, target: load.Target{Host: judge.Small, Conns: 64, TLS: true}},
		benchCase{name: "tls-big", group: "TLS 1.3, 1 processor", what: "GET of 64 KiB, 64 connections", bed: "one", without: relay, address: secure, generate: wrk, target: load.Target{Host: judge.Big, Conns: 64, TLS: true}},
		benchCase{name: "tls-handshake", group: "TLS 1.3, 1 processor", what: "a whole handshake (ECDSA P-256, X25519) with one GET, 16 at once", bed: "one", without: relay, address: secure, generate: peerClient("handshake"), target: load.Target{Host: judge.Small, Conns: 16, TLS: true}},
	)
	h2 := func(name, what, host string, addr func(*judge.Proxy) string, tls bool, script string, fields ...string) benchCase {
		return benchCase{name: name, group: "HTTP/2 and gRPC, 1 processor", what: what, bed: "one", without: relay, address: addr, generate: h2load, target: load.Target{Host: host, Conns: 16, Streams: 16, TLS: tls, Script: script, Fields: fields}}
	}
	up := one("h2-upstream", "GET of 256 bytes by HTTP/1.1 to an upstream of HTTP/2, 64 connections", judge.ToHTTP2, 64)
	up.group, up.without = "HTTP/2 and gRPC, 1 processor", relay
	call := h2("grpc", "unary call of gRPC (128 bytes), 16 connections of 16 streams", judge.GRPC, h2c, false, grpcMessage, "content-type: application/grpc", "te: trailers")
	call.target.Path = "/bench.Echo/Call"
	cases = append(cases,
		h2("h2c", "GET of 256 bytes by prior knowledge, 16 connections of 16 streams", judge.Small, h2c, false, ""),
		h2("h2-tls", "GET of 256 bytes inside TLS, 16 connections of 16 streams", judge.Small, secure, true, ""),
		up, call,
		benchCase{name: "websocket", group: "WebSocket, 1 processor", what: "messages of 64 bytes and their echoes, 64 connections", bed: "one", without: relay, address: plain, generate: peerClient("websocket"), target: load.Target{Host: judge.WebSocket, Path: "/", Conns: 64}},
	)
	small := load.Target{Host: judge.Small, Conns: 64}
	return append(cases,
		benchCase{name: "log", group: "Access log, 1 processor", what: "GET of 256 bytes, 64 connections, everybody logs JSON", bed: "log", address: plain, generate: wrk, target: small},
		benchCase{name: "filters", group: "Filters, 1 processor: the gateway beside itself", what: "GET of 256 bytes, 64 connections", bed: "filters", address: plain, generate: wrk, target: small},
		benchCase{name: "routes", group: "Routes, 1 processor: the gateway beside itself", what: "GET of 256 bytes, 64 connections", bed: "routes", address: plain, generate: wrk, target: small},
		benchCase{name: "swaps", group: swapGroup, what: "GET of 256 bytes, 64 connections", bed: "swaps", address: plain, generate: wrk, target: small, special: swaps},
		benchCase{name: "swaps-slow", group: swapGroup, what: "the same, with 20 ms between requests", bed: "swaps", address: plain, generate: wrk, target: load.Target{Host: judge.Small, Conns: 64, Script: slowScript}, special: swaps},
		benchCase{name: "syscalls", group: "System calls for a request", what: "GET of 256 bytes, 64 connections", bed: "one", address: plain, generate: wrk, target: small, special: syscalls},
		benchCase{name: "idle", group: "Memory of an idle connection", what: "4,000 connections after one GET each", bed: "one", without: relay, address: plain, target: small, special: idle},
		benchCase{name: "idle-tls", group: "Memory of an idle connection", what: "4,000 connections with TLS after one GET each", bed: "one", without: relay, address: secure, target: load.Target{Host: judge.Small, TLS: true}, special: idle},
	)
}

// The filters that change nothing of what the load generator needs; respond and
// redirect answer themselves and have no cost beside a proxied request.
var (
	filterHeaders = `headers: {request: {remove: ["x-debug"], set: "x-team": "shop"}, response: set: "x-served-by": "gateway"}`
	filterRewrite = `rewrite: path: "/v2/fixed"`
	filterID      = `requestId: {}`
	filterCORS    = `cors: {allowOrigins: ["https://bench.example"]}`
)

// spec is what a bed of that name holds. A bed is opened for a case and shared by those
// of its group that follow with the same one.
func (r *runner) spec(name string) judge.Spec {
	s := judge.Spec{Procs: 1, PinProxy: []string{"taskset", "-c", "0"}, PinLoad: []string{"taskset", "-c", "1"}}
	every := filterID + ", " + filterCORS + ", " + filterHeaders + ", " + filterRewrite
	switch name {
	case "one":
		s.Others, s.Lintel = r.tools.judges, []judge.Lintel{{Name: "lintel"}}
	case "two":
		s.Others, s.Lintel = r.tools.judges, []judge.Lintel{{Name: "lintel"}}
		s.Procs, s.PinProxy, s.PinLoad = 2, nil, nil
	case "log":
		s.Others, s.Log = []string{"nginx"}, true
		s.Lintel = []judge.Lintel{{Name: "lintel", Log: true}, {Name: "lintel with all filters", Log: true, Filters: every}}
	case "filters":
		s.Lintel = []judge.Lintel{
			{Name: "no filter"},
			{Name: "requestId", Filters: filterID},
			{Name: "cors", Filters: filterCORS},
			{Name: "headers", Filters: filterHeaders},
			{Name: "rewrite", Filters: filterRewrite},
			{Name: "all four", Filters: every},
		}
	case "routes":
		s.Lintel = []judge.Lintel{{Name: "10 routes", Routes: 10}, {Name: "1,000 routes"}, {Name: "100,000 routes", Routes: 100_000}}
	case "swaps":
		s.Lintel = []judge.Lintel{{Name: "lintel", Routes: 10_000, Mounted: true}}
		s.Procs, s.PinProxy, s.PinLoad = 2, nil, nil
	}
	if r.options.quick && name == "routes" {
		s.Lintel = slices.DeleteFunc(s.Lintel, func(l judge.Lintel) bool { return l.Routes > 10_000 })
	}
	s.Gateway, s.Compiler, s.Caddy, s.Peer = r.tools.gateway, r.tools.compiler, r.tools.caddy, r.tools.peer
	return s
}

const (
	postScript  = "post.lua"
	slowScript  = "slow.lua"
	grpcMessage = "message.bin"
)

// inputs are the files that load generators read.
func inputs() map[string]string {
	return map[string]string{
		postScript:  "wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", 16384)\n",
		slowScript:  "function delay() return 20 end\n",
		grpcMessage: "\x00\x00\x00\x00\x80" + string(make([]byte, 128)),
	}
}

// span is the length of one slice of load.
func (o options) span() time.Duration { return time.Duration(o.seconds) * time.Second }
