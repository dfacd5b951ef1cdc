// Package judge starts the proxies of the benchmark side by side, with what stands
// behind them.
package judge

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// The hosts that the proxies lead to different backends by.
const (
	Small     = "api.bench.example" // 256 bytes, and any POST
	KiB       = "kib.bench.example" // 1 KiB
	Big       = "big.bench.example" // 64 KiB
	ToHTTP2   = "h2.bench.example"  // 256 bytes from an upstream of HTTP/2
	GRPC      = "grpc.bench.example"
	WebSocket = "ws.bench.example"
)

// Proxy is a proxy that runs.
type Proxy struct {
	Name  string
	Plain string // its address for HTTP/1.1
	H2C   string // for HTTP/2 by prior knowledge
	TLS   string // for HTTP/1.1 and HTTP/2 inside TLS
	Admin string // Lintel's endpoints for operators
	cmd   *exec.Cmd
}

// PID is the root of its processes.
func (p *Proxy) PID() int { return p.cmd.Process.Pid }

// Lintel is one gateway of a bed.
type Lintel struct {
	Name    string
	Routes  int    // how many routes of real paths Small has; 0 means 1,000
	Filters string // the filters of each route, in CUE: "requestId: {}"
	Log     bool   // an access log in a file
	Mounted bool   // its bundle can be swapped
}

// Spec is what a bed holds.
type Spec struct {
	Others []string // of nginx, haproxy, caddy, relay
	Lintel []Lintel
	Procs  int  // processors for each proxy
	Log    bool // nginx writes an access log of JSON
	// Gateway, Compiler, Caddy and Peer are programs.
	Gateway, Compiler, Caddy, Peer string
	PinProxy, PinLoad              []string // words before their commands
}

// Bed is a set of proxies that lead to the same backends.
type Bed struct {
	Proxies []*Proxy
	// Path is one of those that Small has a route for, with a parameter.
	Path    string
	Dir     string
	spec    Spec
	behind  backends
	running []*exec.Cmd
	writer  *runtimetest.KubeletWriter
}

// backends are the addresses of what stands behind.
type backends struct{ small, kib, big, h2, grpc, websocket string }

// Open starts everything and waits until it answers.
func Open(spec Spec) (*Bed, error) {
	dir, err := os.MkdirTemp("", "lintel-bench-")
	if err != nil {
		return nil, err
	}
	b := &Bed{Dir: dir, spec: spec}
	if err := b.start(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bed) start() error {
	if err := writeCertificate(b.Dir); err != nil {
		return err
	}
	if err := b.startBackends(); err != nil {
		return err
	}
	kinds := map[string]func() (*Proxy, error){"nginx": b.nginx, "haproxy": b.haproxy, "caddy": b.caddy, "relay": b.relay}
	for _, name := range b.spec.Others {
		start, ok := kinds[name]
		if !ok {
			return fmt.Errorf("there is no judge %q", name)
		}
		p, err := start()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.Proxies = append(b.Proxies, p)
	}
	for _, l := range b.spec.Lintel {
		p, err := b.lintel(l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		b.Proxies = append(b.Proxies, p)
	}
	for _, p := range b.Proxies {
		for _, addr := range []string{p.Plain, p.TLS} {
			if err := await(addr); err != nil {
				return fmt.Errorf("%s did not come up: %w", p.Name, err)
			}
		}
	}
	return nil
}

// Proxy is the proxy of that name, or nil.
func (b *Bed) Proxy(name string) *Proxy {
	for _, p := range b.Proxies {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (b *Bed) relay() (*Proxy, error) {
	p := &Proxy{Name: "relay"}
	var err error
	if p.Plain, err = freeAddr(); err != nil {
		return nil, err
	}
	p.cmd, err = b.launch(b.spec.PinProxy, nil, b.spec.Peer, "relay", "-listen", p.Plain, "-to", b.behind.small, "-loops", fmt.Sprint(b.spec.Procs))
	return p, err
}

// launch starts a program; what it says goes to a file that errors name the end of.
func (b *Bed) launch(pin, env []string, words ...string) (*exec.Cmd, error) {
	words = append(pin[:len(pin):len(pin)], words...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env, cmd.Dir = append(os.Environ(), env...), b.Dir
	said, err := os.Create(filepath.Join(b.Dir, fmt.Sprintf("said-%d", len(b.running))))
	if err != nil {
		return nil, err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", strings.Join(words, " "), err)
	}
	b.running = append(b.running, cmd)
	return cmd, nil
}

// Said is what the programs printed, for who looks for the cause of a failure.
func (b *Bed) Said() string {
	var all strings.Builder
	for i, c := range b.running {
		text, _ := os.ReadFile(filepath.Join(b.Dir, fmt.Sprintf("said-%d", i)))
		if len(text) > 0 {
			fmt.Fprintf(&all, "%s:\n%s\n", strings.Join(c.Args, " "), text[max(0, len(text)-300):])
		}
	}
	return all.String()
}

// Close ends everything that was started and removes its files.
func (b *Bed) Close() {
	for _, c := range b.running {
		_ = c.Process.Signal(os.Interrupt)
	}
	for _, c := range b.running {
		gone := make(chan struct{})
		go func() { _ = c.Wait(); close(gone) }()
		select {
		case <-gone:
		case <-time.After(3 * time.Second):
			_ = c.Process.Kill()
			<-gone
		}
	}
	_ = os.RemoveAll(b.Dir)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func freeAddrs(to ...*string) (err error) {
	for _, a := range to {
		if *a, err = freeAddr(); err != nil {
			return err
		}
	}
	return nil
}

func await(addr string) error {
	if addr == "" {
		return nil
	}
	err := errors.New("no attempt")
	for range 500 {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}
