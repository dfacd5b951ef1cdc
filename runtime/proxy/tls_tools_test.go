package proxy

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool runs a program with an input, and skips the test where it is not installed.
func tool(t *testing.T, input, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (s *secured) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(path, s.root.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTLSCurl: curl verifies the certificate, sends two requests over one connection
// and uploads a body.
func TestTLSCurl(t *testing.T) {
	up := newRecorder(t, ok2)
	g := secure(t, up.addr, Config{}, 0, nil)
	_, port, _ := net.SplitHostPort(g.https)
	url := "https://a.example:" + port
	args := []string{"-sS", "--noproxy", "*", "--resolve", "a.example:" + port + ":127.0.0.1", "--cacert", g.file(t)}
	for _, version := range []string{"1.2", "1.3"} {
		out, err := tool(t, "", "curl", append(args, "--tls-max", version, "-w", "[%{http_code} %{num_connects}]", url+"/1", url+"/2", "-d", "body")...)
		if err != nil || out != "ok[200 1]ok[200 0]" {
			t.Errorf("%s: %q, %v", version, out, err)
		}
	}
	if out, err := tool(t, "", "curl", append(args, "--tls-max", "1.1", url)...); err == nil {
		t.Errorf("curl is served with TLS 1.1: %q", out)
	}
}

// TestTLSOpenSSL: s_client reports what was settled and sees an orderly end.
func TestTLSOpenSSL(t *testing.T) {
	g := secure(t, newRecorder(t, ok2).addr, Config{}, 0, nil)
	request := "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
	for version, shown := range map[string]string{"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"} {
		out, err := tool(t, request, "openssl", "s_client", "-connect", g.https, "-servername", "a.example", "-CAfile", g.file(t),
			"-verify_return_error", "-alpn", "h2,http/1.1", "-ign_eof", version)
		for _, want := range []string{"Verify return code: 0 (ok)", "ALPN protocol: http/1.1", shown, "HTTP/1.1 200 OK", "closed\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q (%v) in\n%s", version, want, err, out)
			}
		}
	}
}
