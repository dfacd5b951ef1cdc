package upstream

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/upstream/identity"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// client adds a client certificate to a definition.
func client(u *route.Upstream) {
	u.TLS.Certificate, u.TLS.Key = &route.SecretRef{Secret: "cert"}, &route.SecretRef{Secret: "key"}
}

// use takes an idle connection or dials, sends a few bytes and gives it back.
func use(t *testing.T, e *Endpoint) (reused bool) {
	t.Helper()
	c := e.Idle(0, true)
	if c == nil {
		var err error
		if c, err = e.Dial(t.Context(), patience, Client{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := echoed(c); err != nil {
		t.Fatal(err)
	}
	defer c.Release(0)
	return c.Reused
}

// TestTLSRotation: new secrets make new connections, and no connection of before is used
// again; a pair that does not fit yet changes nothing; a secret that is gone ends it.
func TestTLSRotation(t *testing.T) {
	root := ca(t, "root")
	srv := newServer(t, &tls.Config{
		Certificates: []tls.Certificate{pairOf(t, issue(t, root, authority.Request{Names: []string{"a.example"}}))},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: root.Pool,
	})
	first, second := issue(t, root, authority.Request{Names: []string{"first"}}), issue(t, root, authority.Request{Names: []string{"second"}})
	s := secrets{}
	s.set("ca", root.PEM)
	s.set("cert", first.Cert)
	s.set("key", first.Key)
	var log bytes.Buffer
	u := over(t, srv.addr, s, client, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	e := u.Pick(nil)
	who := func() string {
		st := srv.states()
		return st[len(st)-1].PeerCertificates[0].Subject.CommonName
	}
	if use(t, e) || !use(t, e) || who() != "first" {
		t.Fatalf("the connection is not kept, or %s connected", who())
	}
	s.set("cert", second.Cert)
	for range 2 {
		if !use(t, e) {
			t.Error("a certificate without its key is taken into service")
		}
	}
	if got := strings.Count(log.String(), "cannot be used"); got != 1 || strings.Contains(log.String(), "PRIVATE") {
		t.Errorf("the log says %d times: %s", got, &log)
	}
	held := e.Idle(0, true)
	s.set("key", second.Key)
	if use(t, e) || !use(t, e) || who() != "second" {
		t.Errorf("after the rotation %s is connected", who())
	}
	held.Release(0)
	if n := e.node.pool.size(); n != 1 {
		t.Errorf("%d connections wait, one of them of the former identity", n)
	}
	s["ca"].Clear()
	if c := e.Idle(0, true); c != nil {
		t.Error("without its authority an upstream has idle connections")
	}
	if _, err := e.Dial(t.Context(), patience, Client{}); !errors.Is(err, ErrSecret) {
		t.Errorf("without its authority: %v", err)
	}
	s.set("ca", root.PEM)
	if !use(t, e) {
		t.Error("the authority is back, its connection is not")
	}
}

// TestTLSBadSecret: nothing is connected to, and the state of the endpoint does not
// suffer.
func TestTLSBadSecret(t *testing.T) {
	s := secrets{}
	s.set("ca", []byte("no PEM"))
	var told []identity.Outcome
	u := over(t, "127.0.0.1:1", s, nil, Config{Handshake: func(o identity.Outcome, _ uint16) { told = append(told, o) }})
	u.Def.Ejection = route.Ejection{Failures: 1, Duration: route.Duration(time.Minute), MaxPercent: 100}
	for range 3 {
		if _, err := u.Pick(nil).Dial(t.Context(), patience, Client{}); !errors.Is(err, ErrSecret) {
			t.Errorf("dial: %v", err)
		}
	}
	if st := u.State()[0]; st.State != "healthy" || len(told) != 3 || told[0] != identity.NoSecret {
		t.Errorf("the endpoint is %+v after %v", st, told)
	}
	s.set("ca", ca(t, "root").PEM)
	if _, err := u.Pick(nil).Dial(t.Context(), patience, Client{}); err == nil || errors.Is(err, ErrSecret) {
		t.Errorf("with a good secret: %v", err)
	}
}

// TestTLSResumption: a second connection resumes the session of the first, also of an
// upstream with names; new secrets begin anew, and a certificate that is not good any more
// is found.
func TestTLSResumption(t *testing.T) {
	root, next := ca(t, "root"), ca(t, "next")
	for name, names := range map[string][]string{"by server name": nil, "by names": {"a.example"}} {
		t.Run(name, func(t *testing.T) {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				cfg := &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{pairOf(t, issue(t, root, authority.Request{Names: []string{"a.example"}}))}}
				srv := newServer(t, cfg)
				s := secrets{}
				s.set("ca", root.PEM)
				e := over(t, srv.addr, s, func(u *route.Upstream) { u.TLS.Names = names; u.Pool.MaxIdle = 0 }, Config{}).Pick(nil)
				use(t, e)
				use(t, e)
				if st := srv.states(); len(st) != 2 || st[0].DidResume || !st[1].DidResume {
					t.Errorf("of two connections none or the first was resumed")
				}
				s.set("ca", append(bytes.Clone(root.PEM), next.PEM...))
				use(t, e)
				if st := srv.states(); st[2].DidResume {
					t.Error("a session of before the change was resumed")
				}
				s.set("ca", next.PEM)
				if _, err := e.Dial(t.Context(), patience, Client{}); err == nil {
					t.Error("what the former authority vouched for is trusted")
				}
			}
		})
	}
}

// TestTLSApart: connections to one address with other settings, or without TLS, are not
// shared, and neither are failures; equal settings are shared whoever has them.
func TestTLSApart(t *testing.T) {
	s := secrets{"ca": {}, "other": {}}
	r := New(Config{})
	def := func(edit func(*route.Upstream)) *route.Upstream {
		u := define(route.Ejection{}, route.Endpoint{Address: "a.example:443", Weight: 1})
		u.TLS = &route.UpstreamTLS{MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "ca"}}
		edit(u)
		return u
	}
	edits := []func(*route.Upstream){
		func(u *route.Upstream) {},
		func(u *route.Upstream) { u.TLS = nil },
		func(u *route.Upstream) { u.TLS = nil; u.HTTP = "2" },
		func(u *route.Upstream) { u.TLS = nil; u.ProxyProtocol = "v1" },
		func(u *route.Upstream) { u.ProxyProtocol = "v2" },
		func(u *route.Upstream) { u.HTTP = "2" },
		func(u *route.Upstream) { u.TLS.ServerName = "b.example" },
		func(u *route.Upstream) { u.TLS.Names = []string{"b.example"} },
		func(u *route.Upstream) { u.TLS.MinVersion = "1.3" },
		func(u *route.Upstream) { u.TLS.CA = nil },
		func(u *route.Upstream) { u.TLS.CA = &route.SecretRef{Secret: "other"} },
		func(u *route.Upstream) { u.TLS.CA, u.TLS.Verify = nil, false },
		func(u *route.Upstream) {
			u.TLS.Certificate, u.TLS.Key = &route.SecretRef{Secret: "ca"}, &route.SecretRef{Secret: "ca"}
		},
	}
	nodes, all := map[*node]int{}, []*Upstream{}
	for i, edit := range edits {
		for _, domain := range []string{"d", "e"} {
			u, err := r.Acquire(domain, "u", def(edit), s.find)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, u)
			n := u.endpoints[0].node
			if had, ok := nodes[n]; ok && had != i {
				t.Errorf("settings %d and %d share connections", had, i)
			} else if !ok && domain == "e" {
				t.Errorf("equal settings %d do not share connections", i)
			}
			nodes[n] = i
		}
	}
	// The same name for another file.
	elsewhere := func(string) (identity.Secret, error) {
		return identity.Secret{File: "elsewhere", Value: &filter.Secret{}}, nil
	}
	u, err := r.Acquire("d", "u", def(edits[0]), elsewhere)
	if err != nil || u == all[0] || nodes[u.endpoints[0].node] != 0 || u.endpoints[0].node == all[0].endpoints[0].node {
		t.Errorf("a secret of another file is the same secret (%v)", err)
	}
	for _, u := range append(all, u) {
		r.Release(u)
	}
	if len(r.upstreams)+len(r.nodes) != 0 {
		t.Errorf("left behind: %d upstreams, %d nodes", len(r.upstreams), len(r.nodes))
	}
}

// TestTLSRefused: definitions that say nothing sensible do not come into service.
func TestTLSRefused(t *testing.T) {
	s := secrets{"ca": {}}
	for name, edit := range map[string]func(*route.Upstream){
		"http":     func(u *route.Upstream) { u.HTTP = "3" },
		"proxy":    func(u *route.Upstream) { u.ProxyProtocol = "v3" },
		"both":     func(u *route.Upstream) { u.HTTP, u.ProxyProtocol = "2", "v1" },
		"version":  func(u *route.Upstream) { u.TLS.MinVersion = "1.1" },
		"no key":   func(u *route.Upstream) { u.TLS.Certificate = &route.SecretRef{Secret: "ca"} },
		"open ca":  func(u *route.Upstream) { u.TLS.Verify = false },
		"dangling": func(u *route.Upstream) { u.TLS.CA = &route.SecretRef{Secret: "none"} },
	} {
		def := define(route.Ejection{}, route.Endpoint{Address: "a.example:443", Weight: 1})
		def.TLS = &route.UpstreamTLS{MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "ca"}}
		edit(def)
		if _, err := New(Config{}).Acquire("d", "u", def, s.find); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestTLSEjection: handshakes that fail count as connects that fail, also when the
// endpoint says so only afterwards; the log tells of the first, and where it stands.
func TestTLSEjection(t *testing.T) {
	root := ca(t, "root")
	cert := pairOf(t, issue(t, root, authority.Request{Names: []string{"a.example"}}))
	wrong := newServer(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	asking := newServer(t, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert})
	for name, addr := range map[string]string{"unknown authority": wrong.addr, "no client certificate": asking.addr} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1000, 0)
			var log bytes.Buffer
			s := secrets{}
			if s.set("ca", root.PEM); addr == wrong.addr {
				s.set("ca", ca(t, "other").PEM)
			}
			u := over(t, addr, s, func(u *route.Upstream) {
				u.Ejection = route.Ejection{Failures: 3, Duration: route.Duration(time.Minute), MaxPercent: 100}
			}, Config{Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))})
			fail := func() {
				t.Helper()
				c, err := u.Pick(nil).Dial(t.Context(), patience, Client{})
				if err == nil {
					if err = echoed(c); err == nil || !c.Rejected() {
						t.Errorf("the endpoint took it: %v", err)
					}
					c.Discard()
				}
			}
			for range 3 {
				if st := u.State()[0].State; st != "healthy" {
					t.Errorf("the endpoint is %s too soon", st)
				}
				fail()
			}
			if st := u.State()[0]; st.State != "ejected" || st.Problem == "" {
				t.Errorf("the endpoint is %+v", st)
			}
			if got := strings.Count(log.String(), "no TLS with an endpoint"); got != 1 || !strings.Contains(log.String(), "upstream=u endpoint=a.example:443") {
				t.Errorf("told %d times:\n%s", got, &log)
			}
			now = now.Add(tellEvery)
			fail()
			if !strings.Contains(log.String(), "not_told=2") {
				t.Errorf("what was not told is not told of:\n%s", &log)
			}
		})
	}
}

// TestTLSRedirected: who is dialled in place of an endpoint must have the endpoint's
// name, by the word of those who vouch for redirections.
func TestTLSRedirected(t *testing.T) {
	root, desk := ca(t, "root"), ca(t, "desk")
	s := secrets{}
	s.set("ca", root.PEM)
	for _, name := range []string{"a.example", "localhost"} {
		srv := newServer(t, &tls.Config{Certificates: []tls.Certificate{pairOf(t, issue(t, desk, authority.Request{Names: []string{name}}))}})
		u := over(t, srv.addr, s, nil, Config{DialRoots: desk.Pool})
		if _, err := u.Pick(nil).Dial(t.Context(), patience, Client{}); (err == nil) != (name == "a.example") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An endpoint that is not redirected is verified as ever.
	srv := newServer(t, &tls.Config{Certificates: []tls.Certificate{pairOf(t, issue(t, desk, authority.Request{Names: []string{"a.example"}}))}})
	def := define(route.Ejection{}, route.Endpoint{Address: srv.addr, Weight: 1})
	def.TLS = &route.UpstreamTLS{MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "ca"}, Names: []string{"a.example"}}
	u, err := New(Config{DialRoots: desk.Pool}).Acquire("d", "u", def, s.find)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Pick(nil).Dial(t.Context(), patience, Client{}); err == nil {
		t.Error("an endpoint is trusted by the word of those who vouch for redirections")
	}
}
