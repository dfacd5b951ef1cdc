package proxy

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

func TestTLSClientCertificate(t *testing.T) {
	up := newRecorder(t, ok2)
	g := secure(t, up.addr, Config{}, 0, func(a *authority.Authority, c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.Pool
	})
	subject := pkix.Name{CommonName: "Zoë\r\nx-evil: 1", Organization: []string{"Acme, Inc"}}
	cert := issue(t, g.root, authority.Request{Subject: subject})
	nc := g.dial(t, g.client(cert))
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close, x-client-cert-subject\r\nX-Client-Cert-Subject: CN=root\r\n\r\n")
	if b, err := io.ReadAll(nc); !strings.HasSuffix(string(b), "ok") || err != nil {
		t.Fatalf("got %q, %v", b, err)
	}
	sum := sha256.Sum256(cert.Certificate[0])
	h := up.header()
	if got := h["X-Client-Cert-Subject"]; len(got) != 1 || got[0] != `CN=Zo\C3\AB\0D\0Ax-evil: 1,O=Acme\, Inc` {
		t.Errorf("subject %q", got)
	}
	if got := h["X-Client-Cert-Sha256"]; len(got) != 1 || got[0] != hex.EncodeToString(sum[:]) {
		t.Errorf("sha256 %q", got)
	}
	other, err := authority.New("other")
	if err != nil {
		t.Fatal(err)
	}
	stranger := issue(t, other, authority.Request{Subject: subject})
	forced := g.client()
	forced.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }
	for i, c := range []*tls.Config{g.client(), forced} {
		nc := tls.Client(dial(t, g.https), c)
		_ = nc.Handshake() // with TLS 1.3 the client learns of its refusal at the first read
		if _, err := nc.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "remote error: tls: ") {
			t.Errorf("client %d: %v", i, err)
		}
		g.until(t, telemetry.HandshakeClientCertificate, uint64(i+1))
	}
	if n := len(up.seen()); n != 1 {
		t.Errorf("the upstream saw %d requests, want 1", n)
	}
}

// TestTLSHandshakeEnds: whatever a client does instead of a handshake ends its
// connection and is counted.
func TestTLSHandshakeEnds(t *testing.T) {
	g := secure(t, closedAddr(t), Config{}, 300*time.Millisecond, nil)
	start := time.Now()
	silent, slow := dial(t, g.https), dial(t, g.https)
	_, _ = slow.Write([]byte{22, 3, 1, 2, 0, 1})
	for _, nc := range []net.Conn{silent, slow} {
		if _, err := io.Copy(io.Discard, nc); err != nil {
			t.Errorf("a slow handshake ends with %v", err)
		}
	}
	if d := time.Since(start); d < 250*time.Millisecond || d > 3*time.Second {
		t.Errorf("slow handshakes are cut after %s", d)
	}
	g.until(t, telemetry.HandshakeTimeout, 2)

	_ = dial(t, g.https).Close()
	g.until(t, telemetry.HandshakeClosed, 1)

	if got := ask(t, g.https, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "HTTPS only") {
		t.Errorf("plain HTTP is answered %q", got)
	}
	g.until(t, telemetry.HandshakePlain, 1)

	for i, c := range []func(*tls.Config){
		func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
	} {
		config := g.client()
		c(config)
		if err := tls.Client(dial(t, g.https), config).Handshake(); err == nil {
			t.Errorf("client %d is served", i)
		}
		g.until(t, telemetry.HandshakeFailed, uint64(i+1))
	}
	config := g.client()
	config.NextProtos = []string{"h2", "http/1.1"}
	if p := g.dial(t, config).ConnectionState().NegotiatedProtocol; p != "http/1.1" {
		t.Errorf("protocol %q", p)
	}
}

// TestTLSResumed: a client that comes again resumes its session.
func TestTLSResumed(t *testing.T) {
	g := secure(t, newRecorder(t, ok2).addr, Config{}, 0, nil)
	config := g.client()
	config.ClientSessionCache = tls.NewLRUClientSessionCache(2)
	for range 2 {
		nc := g.dial(t, config)
		_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
		if b, err := io.ReadAll(nc); !strings.HasSuffix(string(b), "ok") || err != nil {
			t.Fatalf("got %q, %v", b, err)
		}
	}
	g.until(t, telemetry.HandshakeResumed, 1)
}

// TestTLSLimit: beyond the limit of connections there is no handshake, and a record.
func TestTLSLimit(t *testing.T) {
	g := secure(t, newRecorder(t, ok2).addr, Config{Limits: Limits{Connections: 1}}, 0, nil)
	g.dial(t, g.client())
	if err := tls.Client(dial(t, g.https), g.client()).Handshake(); err == nil {
		t.Error("a second connection is served")
	}
	if rec := g.records.wait(t, 1); rec.Reason.String() != "too-many-connections" {
		t.Errorf("recorded %q", rec.Reason)
	}
}
