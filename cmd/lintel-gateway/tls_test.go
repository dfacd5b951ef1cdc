package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

func issue(t *testing.T, a *authority.Authority, r authority.Request) *authority.Pair {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTLS runs a gateway with a mounted certificate: a client with a certificate is
// served, an open connection outlives a new certificate, which new ones get, a bad pair
// changes nothing, and metrics and logs tell of it.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	mount, secrets, access := filepath.Join(dir, "bundle"), filepath.Join(dir, "tls"), filepath.Join(dir, "access.log")
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
	keys, err := runtimetest.NewKubeletWriter(secrets)
	if err != nil {
		t.Fatal(err)
	}
	first := issue(t, a, authority.Request{Names: []string{"h.example"}, Until: time.Now().Add(10 * 24 * time.Hour)})
	second := issue(t, a, authority.Request{Names: []string{"h.example", "new.example"}})
	put := func(cert, key []byte) {
		t.Helper()
		if err := keys.Write(map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": a.PEM}); err != nil {
			t.Fatal(err)
		}
	}
	put(first.Cert, first.Key)
	config := filepath.Join(dir, "gateway.yaml")
	text := fmt.Sprintf(`
listeners:
- address: "127.0.0.1:0"
  tls:
    certificates: [{cert: %[1]s/tls.crt, key: %[1]s/tls.key}]
    clientAuth: {mode: require, ca: %[1]s/ca.crt}
accessLog: %[2]s
`, secrets, access)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, "--config", config, "--bundle", mount)
	c.until("served", func(s status) bool { return s.Digest == b.Digest() })

	mine, err := issue(t, a, authority.Request{Subject: pkix.Name{CommonName: "me"}}).TLS()
	if err != nil {
		t.Fatal(err)
	}
	dial := func() *tls.Conn {
		t.Helper()
		nc, err := tls.Dial("tcp", c.listen, &tls.Config{RootCAs: a.Pool, ServerName: "h.example", Certificates: []tls.Certificate{mine}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		return nc
	}
	ask := func(nc *tls.Conn) {
		t.Helper()
		if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: h.example\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 {
			t.Fatalf("answered %s %q, %v", resp.Status, body, err)
		}
	}
	shown := func(nc *tls.Conn) int { return len(nc.ConnectionState().PeerCertificates[0].DNSNames) }
	until := func(what string, ok func() bool) {
		t.Helper()
		for late := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("never %s:\n%s", what, c.text())
			}
		}
	}
	old := dial()
	ask(old)
	if !strings.Contains(c.text(), "certificate expires soon") {
		t.Errorf("a certificate that ends in 10 days is not told of:\n%s", c.text())
	}
	put(second.Cert, first.Key)
	until("told of the bad pair", func() bool { return strings.Contains(c.text(), "are no pair") })
	if one := dial(); shown(one) != 1 {
		t.Error("a bad pair changed the certificate")
	}
	put(second.Cert, second.Key)
	until("served by the new certificate", func() bool { return shown(dial()) == 2 })
	ask(old)
	ask(dial())

	resp, err := http.Get("http://" + c.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("lintel_tls_certificate_expiry_timestamp_seconds{certificate=\"%s/tls.crt\"} 1.", secrets),
		fmt.Sprintf("lintel_tls_certificate_changes_total{certificate=\"%s/tls.crt\",change=\"loaded\"} 2", secrets),
		fmt.Sprintf("lintel_tls_certificate_changes_total{certificate=\"%s/tls.crt\",change=\"refused\"} 1", secrets),
		`lintel_tls_handshakes_total{outcome="full",tls="1.3"} `,
	} {
		if !bytes.Contains(metrics, []byte(want)) {
			t.Errorf("the metrics do not show %s", want)
		}
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// The gateway ends the connection as TLS says it: no error, and nothing more.
	if rest, err := io.ReadAll(old); len(rest) != 0 || err != nil {
		t.Errorf("at the end the client reads %q, %v", rest, err)
	}
	<-c.drained
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("ended with %v: %s", err, c.text())
	}
	lines, err := os.ReadFile(access)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), `"scheme":"https"`); n != 3 {
		t.Errorf("the access log shows https %d times, want 3:\n%s", n, lines)
	}
}

// TestBadTLS: what cannot serve ends the start with a sentence and exit code 1.
func TestBadTLS(t *testing.T) {
	dir := t.TempDir()
	a, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	one, two := issue(t, a, authority.Request{Names: []string{"a"}}), issue(t, a, authority.Request{Names: []string{"b"}})
	for name, data := range map[string][]byte{"one.crt": one.Cert, "one.key": one.Key, "two.key": two.Key, "junk": []byte("x")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"certificate: x":    "gateway.yaml:2: the key certificate is unknown",
		"minVersion: '1.3'": "listeners[0].tls.certificates: give at least one",
		"certificates: [{cert: D/no, key: D/one.key}]":                                               "listeners[0].tls.certificates[0]: certificate: open D/no: no such file",
		"certificates: [{cert: D/one.crt, key: D/two.key}]":                                          "listeners[0].tls.certificates[0]: certificate D/one.crt and key D/two.key are no pair",
		"certificates: [{cert: D/junk, key: D/one.key}]":                                             "listeners[0].tls.certificates[0]: certificate D/junk and key D/one.key are no pair",
		"certificates: [{cert: D/one.crt, key: D/one.key}], clientAuth: {mode: require, ca: D/junk}": "listeners[0].tls.clientAuth.ca: D/junk holds no certificate",
	} {
		config := filepath.Join(dir, "gateway.yaml")
		text = "bundle: {dir: x}\nlisteners: [{address: '127.0.0.1:0', tls: {" + strings.ReplaceAll(text, "D/", dir+"/") + "}}]\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		want = strings.ReplaceAll(want, "D/", dir+"/")
		if code := run([]string{"--config", config}, &out, &errs); code != 1 || !strings.Contains(errs.String(), want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("exit %d, said %s want %s", code, &errs, want)
		}
	}
}
