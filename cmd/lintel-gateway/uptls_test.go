package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestUpstreamTLS runs a gateway whose upstream wants a client certificate: it has the one
// that is mounted, and a new one without a restart; what goes wrong is told in the log, in
// the metrics and by the operator's endpoints, and not to clients.
func TestUpstreamTLS(t *testing.T) {
	a, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	server, err := issue(t, a, authority.Request{Names: []string{"orders.internal"}}).TLS()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
		}),
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = s.ServeTLS(ln, "", "") }()
	defer func() { _ = s.Close() }()

	dir := t.TempDir()
	mount, secrets := filepath.Join(dir, "bundle"), filepath.Join(dir, "secrets")
	bundles, err := runtimetest.NewKubeletWriter(mount)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := runtimetest.NewKubeletWriter(secrets)
	if err != nil {
		t.Fatal(err)
	}
	put := func(ca []byte, p *authority.Pair) {
		t.Helper()
		if err := keys.Write(map[string][]byte{"ca.crt": ca, "tls.crt": p.Cert, "tls.key": p.Key}); err != nil {
			t.Fatal(err)
		}
	}
	put(a.PEM, issue(t, a, authority.Request{Names: []string{"first"}}))
	u := runtimetest.Upstream(ln.Addr().String())
	u.TLS = &route.UpstreamTLS{
		ServerName: "orders.internal", MinVersion: "1.2", Verify: true,
		CA: &route.SecretRef{Secret: "ca"}, Certificate: &route.SecretRef{Secret: "cert"}, Key: &route.SecretRef{Secret: "key"},
	}
	d := runtimetest.Domain("h.example", route.Route{ID: "all", Match: route.Match{Path: route.Path{Prefix: "/"}}, Upstream: "orders"})
	d.Upstreams = map[string]route.Upstream{"orders": u}
	d.Secrets = map[string]route.Secret{"ca": {File: "ca.crt"}, "cert": {File: "tls.crt"}, "key": {File: "tls.key"}}
	b := runtimetest.Bundle(t, "r1", d)
	if err := bundles.Write(b.Files()); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "secretsDir: %s\naccessLog: \"off\"\n", secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "--config", config, "--bundle", mount)
	c.until("served", func(s status) bool { return s.Digest == b.Digest() })
	get := func(url string) (int, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(url, c.listen) {
			r.Host = "h.example"
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	until := func(status int, body string) {
		t.Helper()
		for late := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			code, text := get("http://" + c.listen + "/")
			if code == status && strings.Contains(text, body) {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("never %d %q, but %d %q:\n%s", status, body, code, text, c.text())
			}
		}
	}
	until(200, "first")
	put(a.PEM, issue(t, a, authority.Request{Names: []string{"second"}}))
	until(200, "second")
	other, err := authority.New("other")
	if err != nil {
		t.Fatal(err)
	}
	put(other.PEM, issue(t, a, authority.Request{Names: []string{"third"}}))
	until(502, `"code":"upstream-tls"`)
	if _, body := get("http://" + c.admin + "/-/upstreams"); !strings.Contains(body, `"problem":"certificate-authority: `) {
		t.Errorf("/-/upstreams does not name the problem: %s", body)
	}
	_, metrics := get("http://" + c.admin + "/metrics")
	for _, want := range []string{
		`lintel_upstream_tls_handshakes_total{handshake="full",tls="1.3"}`, `handshake="certificate-authority",tls="`,
		`lintel_request_errors_total{reason="upstream-tls"}`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	if !strings.Contains(c.text(), `"msg":"no TLS with an endpoint","upstream":"orders","endpoint":"`+ln.Addr().String()) {
		t.Errorf("the log does not tell of it:\n%s", c.text())
	}
	if err := keys.Write(map[string][]byte{"ca.crt": a.PEM}); err != nil {
		t.Fatal(err)
	}
	until(503, `"code":"secret-unavailable"`)
}
