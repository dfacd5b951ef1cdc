package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// patience bounds what must happen; machines are slow at times.
const patience = 20 * time.Second

// server is an endpoint that echoes over TLS and notes the handshakes.
type server struct {
	addr string
	mu   sync.Mutex
	seen []tls.ConnectionState
}

func (s *server) states() []tls.ConnectionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// newServer serves until the test ends.
func newServer(t *testing.T, cfg *tls.Config) *server {
	t.Helper()
	s := &server{}
	s.addr = accept(t, func(nc net.Conn) {
		c := tls.Server(nc, cfg)
		if c.Handshake() == nil {
			s.mu.Lock()
			s.seen = append(s.seen, c.ConnectionState())
			s.mu.Unlock()
			_, _ = io.Copy(c, c)
		}
		_ = c.Close()
	})
	return s
}

// accept serves connections, one goroutine each, until the test ends.
func accept(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer context.AfterFunc(t.Context(), func() { _ = nc.Close() })()
				serve(nc)
				_ = nc.Close()
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

// ca is an authority, or the end of the test.
func ca(t *testing.T, name string) *authority.Authority {
	t.Helper()
	a, err := authority.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *authority.Authority, r authority.Request) *authority.Pair {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pairOf(t *testing.T, p *authority.Pair) tls.Certificate {
	t.Helper()
	c, err := p.TLS()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// secrets are declared secrets by name, which are their files too.
type secrets map[string]*filter.Secret

func (s secrets) set(name string, value []byte) {
	if s[name] == nil {
		s[name] = &filter.Secret{}
	}
	s[name].Set(string(value))
}

func (s secrets) find(name string) (identity.Secret, error) {
	if v := s[name]; v != nil {
		return identity.Secret{File: name, Value: v}, nil
	}
	return identity.Secret{}, errors.New("no such secret")
}

// over is an upstream with TLS at an address, which stands for a.example:443.
func over(t *testing.T, to string, s secrets, edit func(*route.Upstream), cfg Config) *Upstream {
	t.Helper()
	def := define(route.Ejection{}, route.Endpoint{Address: "a.example:443", Weight: 1})
	def.TLS = &route.UpstreamTLS{MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "ca"}}
	if edit != nil {
		edit(def)
	}
	cfg.Dial = map[string]string{"*": to}
	u, err := New(cfg).Acquire("d", "u", def, s.find)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// echoed sends a few bytes and wants them back.
func echoed(c *Conn) error {
	buf := make([]byte, 8)
	if _, err := c.Write([]byte("ping")); err != nil {
		return err
	}
	n, err := c.Read(buf)
	if err == nil && string(buf[:n]) != "ping" {
		err = errors.New("other bytes came back: " + string(buf[:n]))
	}
	return err
}

// TestTLS: who is taken for the endpoint, and what the handshake comes to otherwise.
func TestTLS(t *testing.T) {
	root, other := ca(t, "root"), ca(t, "other")
	serving := func(a *authority.Authority, r authority.Request) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{pairOf(t, issue(t, a, r))}}
	}
	good := serving(root, authority.Request{Names: []string{"a.example"}})
	with := func(c *tls.Config, edit func(*tls.Config)) *tls.Config {
		c = c.Clone()
		edit(c)
		return c
	}
	wantsClient := with(good, func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, root.Pool })
	old := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }
	client := func(u *route.Upstream) {
		u.TLS.Certificate, u.TLS.Key = &route.SecretRef{Secret: "cert"}, &route.SecretRef{Secret: "key"}
	}
	names := func(list ...string) func(*route.Upstream) {
		return func(u *route.Upstream) { u.TLS.Names = list }
	}
	s := secrets{}
	s.set("ca", root.PEM)
	gateway := issue(t, root, authority.Request{Names: []string{"gateway"}})
	s.set("cert", gateway.Cert)
	s.set("key", gateway.Key)
	stranger := issue(t, other, authority.Request{Names: []string{"gateway"}})
	s.set("stranger-cert", stranger.Cert)
	s.set("stranger-key", stranger.Key)
	tests := map[string]struct {
		server *tls.Config
		edit   func(*route.Upstream)
		want   identity.Outcome
		sni    string
	}{
		"good":          {good, nil, identity.Full, "a.example"},
		"intermediate":  {serving(below(t, root), authority.Request{Names: []string{"a.example"}}), nil, identity.Full, "a.example"},
		"wildcard":      {serving(root, authority.Request{Names: []string{"*.example"}}), nil, identity.Full, "a.example"},
		"wrong name":    {serving(root, authority.Request{Names: []string{"b.example"}}), nil, identity.BadName, ""},
		"unknown":       {serving(other, authority.Request{Names: []string{"a.example"}}), nil, identity.BadAuthority, ""},
		"expired":       {serving(root, authority.Request{Names: []string{"a.example"}, Until: time.Now().Add(-time.Hour)}), nil, identity.BadTime, ""},
		"system's":      {good, func(u *route.Upstream) { u.TLS.CA = nil }, identity.BadAuthority, ""},
		"not verified":  {serving(other, authority.Request{Names: []string{"z"}}), func(u *route.Upstream) { u.TLS.CA, u.TLS.Verify = nil, false }, identity.Full, "a.example"},
		"server name":   {serving(root, authority.Request{Names: []string{"b.example"}}), func(u *route.Upstream) { u.TLS.ServerName = "b.example" }, identity.Full, "b.example"},
		"named":         {serving(root, authority.Request{Names: []string{"z.example"}}), names("y.example", "z.example"), identity.Full, "a.example"},
		"named by IP":   {serving(root, authority.Request{IPs: []net.IP{{10, 0, 0, 7}}}), names("10.0.0.7"), identity.Full, "a.example"},
		"not named":     {good, names("y.example"), identity.BadName, ""},
		"named unknown": {serving(other, authority.Request{Names: []string{"z.example"}}), names("z.example"), identity.BadAuthority, ""},
		"named expired": {serving(root, authority.Request{Names: []string{"z.example"}, Until: time.Now().Add(-time.Hour)}), names("z.example"), identity.BadTime, ""},
		"address": {serving(root, authority.Request{IPs: []net.IP{{10, 0, 0, 7}}}), func(u *route.Upstream) {
			u.Endpoints[0].Address = "10.0.0.7:443"
		}, identity.Full, ""},
		"wrong address": {serving(root, authority.Request{IPs: []net.IP{{10, 0, 0, 8}}}), func(u *route.Upstream) {
			u.Endpoints[0].Address = "10.0.0.7:443"
		}, identity.BadName, ""},
		"1.2":            {with(good, old), nil, identity.Full, "a.example"},
		"not 1.2":        {with(good, old), func(u *route.Upstream) { u.TLS.MinVersion = "1.3" }, identity.Failed, ""},
		"1.1":            {with(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), nil, identity.Failed, ""},
		"h2":             {with(good, func(c *tls.Config) { c.NextProtos = []string{"http/1.1", "h2"} }), func(u *route.Upstream) { u.HTTP = "2" }, identity.Full, "a.example"},
		"no h2":          {good, func(u *route.Upstream) { u.HTTP = "2" }, identity.Failed, ""},
		"other protocol": {with(good, func(c *tls.Config) { c.NextProtos = []string{"x"} }), nil, identity.Failed, ""},
		"client":         {wantsClient, client, identity.Full, "a.example"},
		"client, 1.2":    {with(wantsClient, old), client, identity.Full, "a.example"},
		"no client":      {wantsClient, nil, identity.ClientCertificate, ""},
		"no client, 1.2": {with(wantsClient, old), nil, identity.Failed, ""},
		"other client": {wantsClient, func(u *route.Upstream) {
			u.TLS.Certificate, u.TLS.Key = &route.SecretRef{Secret: "stranger-cert"}, &route.SecretRef{Secret: "stranger-key"}
		}, identity.ClientCertificate, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, test.server)
			var told []identity.Outcome
			u := over(t, srv.addr, s, test.edit, Config{Handshake: func(o identity.Outcome, _ uint16) { told = append(told, o) }})
			c, err := u.Pick(nil).Dial(t.Context(), patience, Client{})
			if err == nil {
				if err = echoed(c); err != nil {
					told = told[:0] // the endpoint took it back
					if !c.Rejected() {
						t.Errorf("after %v nothing says why", err)
					}
				} else if c.Rejected() {
					t.Error("a good connection counts as rejected")
				}
				c.Discard()
			} else if te := (*ErrTLS)(nil); !errors.As(err, &te) || te.Outcome != test.want {
				t.Errorf("dial: %#v", err)
			}
			if (err == nil) != (test.want == identity.Full) || !slices.Equal(told, []identity.Outcome{test.want}) {
				t.Errorf("outcomes %v, error %v; want %v", told, err, test.want)
			}
			if err == nil {
				st := srv.states()[0]
				if st.ServerName != test.sni {
					t.Errorf("the endpoint was asked for %q, want %q", st.ServerName, test.sni)
				}
			}
			problem := u.State()[0].Problem
			if (problem == "") != (test.want == identity.Full) {
				t.Errorf("the state says %q", problem)
			}
		})
	}
}

func below(t *testing.T, a *authority.Authority) *authority.Authority {
	t.Helper()
	b, err := a.Below("between")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTLSNotThere: an endpoint that does not speak TLS, one that says nothing, and one
// that closes.
func TestTLSNotThere(t *testing.T) {
	s := secrets{}
	s.set("ca", ca(t, "root").PEM)
	plain := accept(t, func(nc net.Conn) { _, _ = io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	closing := accept(t, func(nc net.Conn) { _, _ = nc.Read(make([]byte, 1)) })
	for addr, want := range map[string]identity.Outcome{plain: identity.Failed, closing: identity.Closed} {
		_, err := over(t, addr, s, nil, Config{}).Pick(nil).Dial(t.Context(), patience, Client{})
		if te := (*ErrTLS)(nil); !errors.As(err, &te) || te.Outcome != want {
			t.Errorf("want %v: %v", want, err)
		}
	}
	hole := accept(t, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) })
	var told []identity.Outcome
	e := over(t, hole, s, nil, Config{Handshake: func(o identity.Outcome, _ uint16) { told = append(told, o) }}).Pick(nil)
	_, err := e.Dial(t.Context(), 50*time.Millisecond, Client{})
	if ne := net.Error(nil); !errors.As(err, &ne) || !ne.Timeout() || !slices.Equal(told, []identity.Outcome{identity.Timeout}) {
		t.Errorf("a black hole: %v, %v", err, told)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := e.Dial(ctx, patience, Client{}); err != context.Canceled || len(told) != 1 {
		t.Errorf("given up: %v, %v", err, told)
	}
	if n := e.node.inflight.Load(); n != 0 {
		t.Errorf("%d connections are counted", n)
	}
}
