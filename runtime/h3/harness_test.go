package h3

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/proxy"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/snapshot"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// patience bounds what must come about in the end.
const patience = time.Minute

// gateway is an engine with one route "/" to one upstream, that takes HTTP/3.
type gateway struct {
	addr   string
	engine *proxy.Server
	marks  telemetry.Handshakes
	guard  telemetry.Guard
	root   *authority.Authority
	config atomic.Pointer[tls.Config]
	served chan error

	mu   sync.Mutex
	list []telemetry.Record
}

// Done keeps a record.
func (g *gateway) Done(_ uint32, r *telemetry.Record) {
	c := telemetry.Record{Protocol: r.Protocol, Status: r.Status, Reason: r.Reason, Path: strings.Clone(r.Path), Client: strings.Clone(r.Client)}
	g.mu.Lock()
	g.list = append(g.list, c)
	g.mu.Unlock()
}

// record is number n, from 1 on, once there is one.
func (g *gateway) record(t *testing.T, n int) (r telemetry.Record) {
	t.Helper()
	eventually(t, "record", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.list) >= n {
			r = g.list[n-1]
		}
		return len(g.list) >= n
	})
	return r
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// start starts a gateway before an upstream, and looks for what is left after its end.
func start(t *testing.T, up http.HandlerFunc, limits proxy.Limits, edit func(*tls.Config)) *gateway {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "all goroutines of the test have ended", func() bool { return runtime.NumGoroutine() <= before })
	})
	origin := httptest.NewServer(up)
	t.Cleanup(origin.Close)
	g := &gateway{served: make(chan error, 1)}
	holder := &snapshot.Holder{}
	tab := build(t, origin.Listener.Addr().String())
	t.Cleanup(tab.Close)
	holder.Swap(&snapshot.Snapshot{Table: tab, Digest: "sha256:test"})
	g.engine = proxy.New(proxy.Config{Snapshots: holder, Sink: g, Handshakes: &g.marks, Guard: &g.guard, Limits: limits, DrainGrace: 20 * time.Millisecond})
	var err error
	if g.root, err = authority.New("root"); err != nil {
		t.Fatal(err)
	}
	g.use(t, "a.example", edit)
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = pc.LocalAddr().String()
	l := proxy.Listener{TLS: &proxy.TLS{Config: g.config.Load}}
	go func() { g.served <- Serve(context.Background(), g.engine, Config{Listener: l}, pc) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.engine.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
		if err := <-g.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if n := g.engine.Connections(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if n := holder.Current().References(); n != 0 {
			t.Errorf("%d references to the snapshot are left", n)
		}
	})
	return g
}

// use makes a certificate for a name that new connections are served with.
func (g *gateway) use(t *testing.T, name string, edit func(*tls.Config)) {
	t.Helper()
	c := &tls.Config{Certificates: []tls.Certificate{g.issue(t, name)}}
	if edit != nil {
		edit(c)
	}
	g.config.Store(c)
}

func (g *gateway) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	pair, err := g.root.Issue(authority.Request{Names: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// client is one of HTTP/3 that knows the authority.
func (g *gateway) client(t *testing.T, edit func(*tls.Config)) *http.Client {
	t.Helper()
	c := &tls.Config{RootCAs: g.root.Pool, ServerName: "a.example"}
	if edit != nil {
		edit(c)
	}
	tr := &http3.Transport{TLSClientConfig: c, DisableCompression: true, QUICConfig: &quic.Config{}}
	t.Cleanup(func() { _ = tr.Close() })
	return &http.Client{Transport: tr, Timeout: 2 * patience}
}

// get is a GET and its answer.
func (g *gateway) get(t *testing.T, c *http.Client, path string) (*http.Response, string) {
	t.Helper()
	r, err := c.Get("https://" + g.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

func build(t *testing.T, endpoint string) *table.Table {
	t.Helper()
	r := route.Route{ID: "d/root", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/"}}, Upstream: "u", OnRouteChange: "keep"}
	r.Timeouts = route.Timeouts{Connect: route.Duration(patience), Read: route.Duration(patience)}
	d := &route.Domain{Name: "d", Hosts: []string{"*"}, MethodMismatch: 405, Routes: []route.Route{r}, Upstreams: map[string]route.Upstream{"u": {
		Endpoints: []route.Endpoint{{Address: endpoint, Weight: 1}}, Pool: route.Pool{MaxIdle: 8, IdleTimeout: route.Duration(time.Minute)},
	}}}
	filters, err := filter.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := table.Build(table.Input{Domains: []*bundle.Domain{{Def: d}}}, nil, table.Env{Filters: filters, Upstreams: upstream.New(upstream.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}
