// Package testbed runs a built gateway as a process of its own, with upstreams whose
// answers can be checked.
package testbed

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Host is the name that the gateway's certificate is made out for.
const Host = "gateway.test"

// Gateway is a running lintel-gateway with a plain listener and one with TLS and HTTP/3. Its
// methods are used by one goroutine at a time, but for those that only read.
type Gateway struct {
	// Plain, Secure and Admin are its addresses.
	Plain, Secure, Admin string
	// Dir holds all its files: ca.pem is the authority of the listener's certificate.
	Dir string
	// CA issued that certificate.
	CA *authority.Authority

	cmd           *exec.Cmd
	mount, secret *runtimetest.KubeletWriter
	inside        []byte
	mu            sync.Mutex
	log           strings.Builder
	ended         chan struct{}
}

// Start runs program in dir, on a bundle of domains. The secret file inside.crt holds
// inside, for upstreams with TLS; boot is YAML that is added to the boot config. Start
// returns when the bundle is served.
func Start(program, dir string, inside []byte, boot string, domains ...route.Domain) (*Gateway, error) {
	g := &Gateway{Dir: dir, inside: inside, ended: make(chan struct{})}
	if err := g.prepare(); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`
listeners:
- address: "127.0.0.1:0"
- address: "127.0.0.1:0"
  http3: on
  tls:
    certificates: [{cert: %[1]s/secrets/tls.crt, key: %[1]s/secrets/tls.key}]
admin: {address: "127.0.0.1:0"}
secretsDir: %[1]s/secrets
bundle: {dir: %[1]s/bundle}
accessLog: %[1]s/access.log
%[2]s`, dir, boot)
	if err := os.WriteFile(filepath.Join(dir, "gateway.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	if err := g.Publish("first", domains...); err != nil {
		return nil, err
	}
	g.cmd = exec.Command(program, "--config", filepath.Join(dir, "gateway.yaml"))
	stderr, err := g.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway (make programs builds it): %w", err)
	}
	started := make(chan struct{})
	go g.read(stderr, started)
	select {
	case <-started:
	case <-g.ended:
		return nil, fmt.Errorf("the gateway ended: %s", g.Log())
	case <-time.After(time.Minute):
		_ = g.Stop()
		return nil, fmt.Errorf("the gateway did not start in a minute: %s", g.Log())
	}
	return g, g.ready()
}

func (g *Gateway) prepare() (err error) {
	if g.CA, err = authority.New("testbed"); err != nil {
		return err
	}
	if g.mount, err = runtimetest.NewKubeletWriter(filepath.Join(g.Dir, "bundle")); err != nil {
		return err
	}
	if g.secret, err = runtimetest.NewKubeletWriter(filepath.Join(g.Dir, "secrets")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(g.Dir, "ca.pem"), g.CA.PEM, 0o600); err != nil {
		return err
	}
	return g.Rotate()
}

// Rotate mounts a new certificate for the TLS listener, as a Secret changes.
func (g *Gateway) Rotate() error {
	p, err := g.CA.Issue(authority.Request{Names: []string{Host, "localhost", "*.test"}})
	if err != nil {
		return err
	}
	return g.secret.Write(map[string][]byte{"tls.crt": p.Cert, "tls.key": p.Key, "inside.crt": g.inside})
}

// Publish mounts a bundle of domains, as the kubelet changes a ConfigMap.
func (g *Gateway) Publish(revision string, domains ...route.Domain) error {
	b, err := bundle.Encode(bundle.Content{Domains: domains}, bundle.Meta{Revision: revision, Compiler: "testbed"})
	if err != nil {
		return err
	}
	return g.mount.Write(b.Files())
}

// Mount mounts the files of an encoded bundle.
func (g *Gateway) Mount(files map[string][]byte) error { return g.mount.Write(files) }

func (g *Gateway) read(stderr io.Reader, started chan struct{}) {
	defer close(g.ended)
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		g.mu.Lock()
		if g.log.Len() < 1<<20 {
			g.log.WriteString(lines.Text() + "\n")
		}
		g.mu.Unlock()
		var l struct {
			Msg, Admin string
			Listen     []string
		}
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "gateway started" && len(l.Listen) == 2 {
			g.Admin, g.Plain, g.Secure = l.Admin, l.Listen[0], l.Listen[1]
			close(started)
		}
	}
}

func (g *Gateway) ready() error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + g.Admin + "/-/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(end) {
			_ = g.Stop()
			return fmt.Errorf("the gateway was not ready in a minute: %s", g.Log())
		}
	}
}

// Log is the beginning of what the gateway wrote to standard error, at most 1 MiB.
func (g *Gateway) Log() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.String()
}

// PID is the number of its process.
func (g *Gateway) PID() int { return g.cmd.Process.Pid }

// TLS is a configuration for clients that trust the gateway's certificate.
func (g *Gateway) TLS(protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: g.CA.Pool, ServerName: Host, NextProtos: protocols}
}

// Alive reports whether the process still runs.
func (g *Gateway) Alive() bool {
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// Stop ends the gateway and waits for its end, at most a minute. It is an error when it
// does not end by itself with status 0.
func (g *Gateway) Stop() error {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	select {
	case <-g.ended:
	case <-ctx.Done():
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
	return g.cmd.Wait()
}
