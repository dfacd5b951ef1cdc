package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

// TestHTTP3 runs a gateway whose listener takes HTTP/3 too: responses over TCP say so,
// and a client that comes by it is served by the same routes.
func TestHTTP3(t *testing.T) {
	dir := t.TempDir()
	mount, access := filepath.Join(dir, "bundle"), filepath.Join(dir, "access.log")
	bundles, err := runtimetest.NewKubeletWriter(mount)
	if err != nil {
		t.Fatal(err)
	}
	b := runtimetest.Answering(t, "h.example", "a")
	if err := bundles.Write(b.Files()); err != nil {
		t.Fatal(err)
	}
	a, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	p := issue(t, a, authority.Request{Names: []string{"h.example"}})
	text := fmt.Sprintf(`
listeners:
- address: "127.0.0.1:0"
  http3: on
  tls:
    certificates: [{cert: %[1]s/tls.crt, key: %[1]s/tls.key}]
accessLog: %[2]s
`, dir, access)
	config := filepath.Join(dir, "gateway.yaml")
	for path, data := range map[string][]byte{"tls.crt": p.Cert, "tls.key": p.Key, "gateway.yaml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, path), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := start(t, "--config", config, "--bundle", mount)
	c.until("served", func(s status) bool { return s.Digest == b.Digest() })
	_, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		t.Fatal(err)
	}
	trust := func() *tls.Config { return &tls.Config{RootCAs: a.Pool, ServerName: "h.example"} }
	get := func(tr http.RoundTripper) *http.Response {
		t.Helper()
		client := &http.Client{Transport: tr, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Get("https://h.example:" + port + "/")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp
	}
	tcp := &http.Transport{TLSClientConfig: trust(), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, c.listen)
	}}
	defer tcp.CloseIdleConnections()
	over := get(tcp)
	if got := over.Header.Get("alt-svc"); !strings.HasPrefix(got, fmt.Sprintf("h3=%q", ":"+port)) {
		t.Errorf("a response over TCP says %q of HTTP/3", got)
	}
	udp := &http3.Transport{TLSClientConfig: trust(), Dial: func(ctx context.Context, _ string, t *tls.Config, q *quic.Config) (*quic.Conn, error) {
		return quic.DialAddr(ctx, c.listen, t, q)
	}}
	defer udp.Close()
	came := get(udp)
	if came.ProtoMajor != 3 || came.StatusCode != over.StatusCode {
		t.Errorf("over HTTP/3 the answer is %s %s, over TCP %s", came.Proto, came.Status, over.Status)
	}
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		lines, _ := os.ReadFile(access)
		if strings.Contains(string(lines), `"protocol":"HTTP/3"`) {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("the access log does not tell of HTTP/3: %s", lines)
		}
	}
}
