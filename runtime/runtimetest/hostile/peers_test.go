package hostile_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/hostile"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/port"
)

// peers are the proxies that the corpus is played to for comparison: their
// configuration with DIR, FRONT and BACK, and how they are started in the foreground.
var peers = []struct {
	name, config string
	version      []string
	command      []string
}{
	{
		"nginx", `worker_processes 1;
daemon off;
pid DIR/pid;
error_log /dev/null;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	upstream back { server BACK; keepalive 16; }
	server {
		listen FRONT;
		location / {
			proxy_pass http://back;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
		}
	}
}
`,
		[]string{"nginx", "-v"},
		[]string{"nginx", "-p", "DIR", "-e", "DIR/errors", "-c", "FILE"},
	},
	{
		"haproxy", `global
	maxconn 1024
defaults
	mode http
	timeout connect 2s
	timeout client 10s
	timeout server 10s
	http-reuse always
frontend front
	bind FRONT
	default_backend back
backend back
	server back BACK
`,
		[]string{"haproxy", "-v"},
		[]string{"haproxy", "-db", "-f", "FILE"},
	},
}

// TestPeers plays the corpus to other proxies, with their defaults and a pool of
// upstream connections, and prints what they did. What they get wrong fails nothing.
func TestPeers(t *testing.T) {
	if os.Getenv("LINTEL_PEERS") == "" {
		t.Skip("LINTEL_PEERS is not set: make conformance compares with other proxies")
	}
	for _, p := range peers {
		if _, err := exec.LookPath(p.command[0]); err != nil {
			fmt.Printf("=== SKIPPED: %s is not installed (apt-get install nginx-light haproxy) ===\n", p.name)
			continue
		}
		out, _ := exec.Command(p.version[0], p.version[1:]...).CombinedOutput()
		version, _, _ := strings.Cut(string(out), "\n")
		t.Log(version)
		up := recorder(t)
		front := freeAddress(t)
		dir := t.TempDir()
		fill := strings.NewReplacer("DIR", dir, "FRONT", front, "BACK", up.Address(), "FILE", filepath.Join(dir, "config"))
		if err := os.WriteFile(filepath.Join(dir, "config"), []byte(fill.Replace(p.config)), 0o644); err != nil {
			t.Fatal(err)
		}
		// A proxy that drops its rights must still reach its folder.
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, a := range p.command[1:] {
			args = append(args, fill.Replace(a))
		}
		cmd := exec.Command(p.command[0], args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		})
		await(t, front)
		client := hostile.Client{Quiet: 150 * time.Millisecond, Patience: time.Second}
		verdicts, err := client.Run(front, up, corpus(t))
		if err != nil {
			t.Fatal(err)
		}
		counts(t, p.name, verdicts)
		for _, v := range verdicts {
			for _, why := range v.Unsafe {
				t.Logf("%s: %s: %s", p.name, v.Case.Name, why)
			}
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	a, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return a
}
