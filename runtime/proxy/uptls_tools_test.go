package proxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/runtime/upstream"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// behind is what the tests of TLS to upstreams have in common: an authority that the
// gateway trusts, a certificate of 127.0.0.1, and the secrets by their files.
type behind struct {
	root    *authority.Authority
	config  *tls.Config
	secrets map[string]*filter.Secret
	cfg     Config
	log     bytes.Buffer
	logging sync.Mutex
}

func newBehind(t testing.TB) *behind {
	t.Helper()
	b := &behind{secrets: map[string]*filter.Secret{}}
	var err error
	if b.root, err = authority.New("root"); err != nil {
		t.Fatal(err)
	}
	b.config = &tls.Config{Certificates: []tls.Certificate{b.issue(t, b.root, authority.Request{IPs: []net.IP{{127, 0, 0, 1}}})}}
	b.secrets["ca"] = &filter.Secret{}
	b.secrets["ca"].Set(string(b.root.PEM))
	return b
}

func (b *behind) issue(t testing.TB, a *authority.Authority, r authority.Request) tls.Certificate {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Write takes the log.
func (b *behind) Write(p []byte) (int, error) {
	b.logging.Lock()
	defer b.logging.Unlock()
	return b.log.Write(p)
}

func (b *behind) logged() string {
	b.logging.Lock()
	defer b.logging.Unlock()
	return b.log.String()
}

// gateway is an engine with one route to an upstream of TLS.
func (b *behind) gateway(t testing.TB, edit func(*route.Upstream, *route.Route), endpoints ...string) *gateway {
	t.Helper()
	u := route.Upstream{
		Pool: route.Pool{MaxIdle: 64, IdleTimeout: route.Duration(time.Minute)},
		TLS:  &route.UpstreamTLS{MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "ca"}},
	}
	for _, e := range endpoints {
		u.Endpoints = append(u.Endpoints, route.Endpoint{Address: e, Weight: 1})
	}
	r := route.Route{ID: "d/root", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/"}}, Upstream: "u", OnRouteChange: "keep"}
	r.Timeouts = route.Timeouts{Connect: route.Duration(20 * time.Second), Read: route.Duration(20 * time.Second)}
	if edit != nil {
		edit(&u, &r)
	}
	d := &route.Domain{
		Name: "d", Hosts: []string{"*"}, MethodMismatch: 405, Routes: []route.Route{r}, Upstreams: map[string]route.Upstream{"u": u},
		Secrets: map[string]route.Secret{"ca": {File: "ca"}, "cert": {File: "cert"}, "key": {File: "key"}},
	}
	filters, err := filter.NewRegistry(nil)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := table.Build(table.Input{Domains: []*bundle.Domain{{Def: d}}}, nil, table.Env{
		Filters: filters, Upstreams: upstream.New(upstream.Config{Log: slog.New(slog.NewTextHandler(b, nil))}),
		Secret: func(s route.Secret) *filter.Secret {
			if b.secrets[s.File] == nil {
				b.secrets[s.File] = &filter.Secret{}
			}
			return b.secrets[s.File]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return serve(t, tab, b.cfg)
}

// encrypted serves TLS connections.
func (b *behind) encrypted(t testing.TB, cfg *tls.Config, serve func(*tls.Conn)) string {
	t.Helper()
	return listen(t, func(nc net.Conn) {
		c := tls.Server(nc, cfg)
		if c.Handshake() == nil {
			serve(c)
		}
	})
}

// echoing answers each request of a connection with the answer and the body it got.
func echoing(c *tls.Conn) {
	br := bufio.NewReader(c)
	for {
		q, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", len(body)+2, append(body, "ok"...)); err != nil {
			return
		}
	}
}
