package judge

import (
	"os"
	"strings"
	"testing"
)

var behind = backends{small: "127.0.0.1:1", kib: "127.0.0.1:2", big: "127.0.0.1:3", h2: "127.0.0.1:4", grpc: "127.0.0.1:5", websocket: "127.0.0.1:6"}

// TestEveryHostLeadsSomewhere holds all proxies to the same work.
func TestEveryHostLeadsSomewhere(t *testing.T) {
	p := &Proxy{Plain: "127.0.0.1:11", H2C: "127.0.0.1:12", TLS: "127.0.0.1:13"}
	lintel, _, err := routes(Lintel{}, behind, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, conf := range map[string]string{
		"nginx": nginxServers(p, behind, 1, "/c"), "haproxy": haproxyConf(p, behind, 1, "/c"), "caddy": caddyfile(p, behind, "/c"), "lintel": lintel,
	} {
		for _, host := range []string{Small, KiB, Big, ToHTTP2, GRPC, WebSocket} {
			if !strings.Contains(conf, host) {
				t.Errorf("%s has no %s", name, host)
			}
		}
		for _, addr := range []string{behind.small, behind.kib, behind.big, behind.h2, behind.grpc, behind.websocket} {
			if !strings.Contains(conf, addr) {
				t.Errorf("%s does not lead to %s", name, addr)
			}
		}
		if open, closed := strings.Count(conf, "{"), strings.Count(conf, "}"); open != closed {
			t.Errorf("%s: %d braces are opened and %d closed", name, open, closed)
		}
	}
}

func TestReusePortOnlyOnce(t *testing.T) {
	conf := nginxServers(&Proxy{Plain: "127.0.0.1:11", H2C: "127.0.0.1:12", TLS: "127.0.0.1:13"}, behind, 2, "/c")
	if n := strings.Count(conf, "reuseport"); n != 3 {
		t.Errorf("%d addresses are shared between workers, want 3: each may say it once", n)
	}
}

// TestRoutesAskTheSamePath: figures for different numbers of routes are of one request.
func TestRoutesAskTheSamePath(t *testing.T) {
	few, a, err := routes(Lintel{Routes: 10}, behind, "")
	if err != nil {
		t.Fatal(err)
	}
	many, b, err := routes(Lintel{Routes: 5000, Filters: "requestId: {}"}, behind, "")
	if err != nil {
		t.Fatal(err)
	}
	if a != b || strings.Contains(a, "{") {
		t.Errorf("paths %q and %q", a, b)
	}
	for n, src := range map[int]string{10: few, 5000: many} {
		if got := strings.Count(src, "routes: \"r"); got != n {
			t.Errorf("%d routes, want %d", got, n)
		}
	}
	if strings.Contains(few, "filters") || strings.Count(many, "filters: {requestId: {}}") < 5000 {
		t.Error("the filters are not those of every route")
	}
	next, _, err := routes(Lintel{Routes: 10}, behind, "-next")
	if err != nil {
		t.Fatal(err)
	}
	if next == few {
		t.Error("a mark makes no other routes: there would be no swap")
	}
}

func TestModulesAreSmallAndWhole(t *testing.T) {
	src, _, err := routes(Lintel{Routes: 20_000}, behind, "")
	if err != nil {
		t.Fatal(err)
	}
	files, all := modules(src), ""
	for _, f := range files {
		text, ok := strings.CutPrefix(f, "package routes\n")
		if !ok || len(f) > 1<<20 || !strings.HasSuffix(f, "\n") {
			t.Errorf("a module of %d bytes that begins with %.20q", len(f), f)
		}
		all += text
	}
	if len(files) < 2 || "package routes\n"+all != src {
		t.Errorf("%d modules, which are not together what they were", len(files))
	}
}

func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	if err := writeCertificate(dir); err != nil {
		t.Fatal(err)
	}
	both, err := os.ReadFile(dir + "/both.pem")
	if err != nil {
		t.Fatal(err)
	}
	if s := string(both); !strings.Contains(s, "BEGIN CERTIFICATE") || !strings.Contains(s, "BEGIN PRIVATE KEY") {
		t.Errorf("both.pem lacks one of the two:\n%s", s)
	}
}
