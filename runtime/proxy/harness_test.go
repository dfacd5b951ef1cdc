package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// records keeps what the engine accounts for.
type records struct {
	mu   sync.Mutex
	list []telemetry.Record
}

func (r *records) Done(_ uint32, rec *telemetry.Record) {
	c := *rec
	c.Path, c.Method, c.Host, c.ID = strings.Clone(c.Path), strings.Clone(c.Method), strings.Clone(c.Host), strings.Clone(c.ID)
	c.Client = strings.Clone(c.Client)
	r.mu.Lock()
	r.list = append(r.list, c)
	r.mu.Unlock()
}

func (r *records) last() telemetry.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return telemetry.Record{}
	}
	return r.list[len(r.list)-1]
}

// wait returns the record number n, from 1 on, once there is one.
func (r *records) wait(t testing.TB, n int) telemetry.Record {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		if len(r.list) >= n {
			rec := r.list[n-1]
			r.mu.Unlock()
			return rec
		}
		r.mu.Unlock()
	}
	t.Fatalf("there is no record %d", n)
	return telemetry.Record{}
}

// gateway is an engine with one route "/" to one upstream.
type gateway struct {
	addr    string
	srv     *Server
	records *records
	holder  snapshot.Holder
}

func newGateway(t testing.TB, up string, cfg Config, edit func(*route.Route)) *gateway {
	t.Helper()
	return serve(t, newTable(t, up, edit), cfg)
}

// serve starts an engine on a table.
func serve(t testing.TB, tab *table.Table, cfg Config) *gateway {
	t.Helper()
	return serveOn(t, tab, cfg, Listener{})
}

// serveOn is serve with a listener of some kind.
func serveOn(t testing.TB, tab *table.Table, cfg Config, l Listener) *gateway {
	t.Helper()
	g := &gateway{records: &records{}}
	g.holder.Swap(&snapshot.Snapshot{Table: tab, Digest: "sha256:test"})
	cfg.Snapshots = &g.holder
	if cfg.Sink == nil {
		cfg.Sink = g.records
	}
	g.srv = New(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- g.srv.ServeListener(context.Background(), l, ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = g.srv.Drain(ctx)
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if n := g.srv.Connections(); n != 0 {
			t.Errorf("%d connections are left after the drain", n)
		}
		if n := g.holder.Current().References(); n != 0 {
			t.Errorf("%d references to the snapshot are left", n)
		}
	})
	return g
}

func newTable(t testing.TB, up string, edit func(*route.Route)) *table.Table {
	t.Helper()
	return buildTable(t, []string{up}, nil, edit)
}

// buildTable makes a table of one route "/" to one upstream, with filters that the
// route names by its Filters.
func buildTable(t testing.TB, endpoints []string, specs []filter.Spec, edit func(*route.Route)) *table.Table {
	t.Helper()
	return buildTableOf(t, endpoints, specs, edit, nil)
}

// buildTableOf is buildTable with an upstream of some kind.
func buildTableOf(t testing.TB, endpoints []string, specs []filter.Spec, edit func(*route.Route), kind func(*route.Upstream)) *table.Table {
	t.Helper()
	r := route.Route{ID: "d/root", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/"}}, Upstream: "u", OnRouteChange: "keep"}
	r.Timeouts = route.Timeouts{Connect: route.Duration(time.Second), Read: route.Duration(2 * time.Second)}
	for _, s := range specs {
		if r.Filters == nil {
			r.Filters = route.Filters{}
		}
		r.Filters[s.Name] = nil
	}
	if edit != nil {
		edit(&r)
	}
	u := route.Upstream{Pool: route.Pool{MaxIdle: 64, IdleTimeout: route.Duration(time.Minute)}}
	for _, e := range endpoints {
		u.Endpoints = append(u.Endpoints, route.Endpoint{Address: e, Weight: 1})
	}
	if kind != nil {
		kind(&u)
	}
	d := &route.Domain{
		Name: "d", Hosts: []string{"*"}, MethodMismatch: 405, Routes: []route.Route{r},
		Upstreams: map[string]route.Upstream{"u": u},
	}
	filters, err := filter.NewRegistry(specs)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := table.Build(table.Input{Domains: []*bundle.Domain{{Def: d}}}, nil, table.Env{Filters: filters, Upstreams: upstream.New(upstream.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}

// recorder is an upstream that keeps every byte that it received and answers each
// request by answer.
type recorder struct {
	addr string
	mu   sync.Mutex
	got  []string
	head []http.Header // of each request
}

func newRecorder(t testing.TB, answer string) *recorder {
	t.Helper()
	r := &recorder{}
	r.addr = listen(t, func(nc net.Conn) {
		br := bufio.NewReader(nc)
		for {
			q, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			body, err := io.ReadAll(q.Body)
			if err != nil {
				return
			}
			r.mu.Lock()
			r.head = append(r.head, q.Header)
			r.got = append(r.got, fmt.Sprintf("%s %s %q %v", q.Method, q.RequestURI, body, q.Trailer))
			r.mu.Unlock()
			if _, err := io.WriteString(nc, answer); err != nil {
				return
			}
		}
	})
	return r
}

func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// header is the head of the last request.
func (r *recorder) header() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.head) == 0 {
		return nil
	}
	return r.head[len(r.head)-1]
}

// listen serves connections one goroutine each until the test ends.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[nc] = true
			mu.Unlock()
			wg.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for nc := range open {
			_ = nc.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return ln.Addr().String()
}

func dial(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(5 * time.Second))
	return nc.(*net.TCPConn)
}

// ask sends raw bytes, ends its side and returns everything that comes back.
func ask(t testing.TB, addr, raw string) string {
	t.Helper()
	nc := dial(t, addr)
	if _, err := io.WriteString(nc, raw); err != nil {
		t.Fatal(err)
	}
	_ = nc.CloseWrite()
	defer nc.Close()
	b, err := io.ReadAll(nc)
	if err != nil {
		t.Errorf("read answer to %q: %v (after %q)", raw, err, b)
	}
	return string(b)
}

// discard is a sink that costs nothing.
type discard struct{}

func (discard) Done(uint32, *telemetry.Record) {}

// noDeadline takes a deadline away.
var noDeadline time.Time

// closedAddr is an address that refuses connections.
func closedAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
