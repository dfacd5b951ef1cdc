package judge

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/ci/bench/paths"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// defaultRoutes is how many routes Small has when nothing is said.
const defaultRoutes = 1000

func (b *Bed) lintel(l Lintel) (*Proxy, error) {
	bundle, err := b.Bundle(l, "")
	if err != nil {
		return nil, err
	}
	if l.Mounted {
		if bundle, err = b.mount(bundle); err != nil {
			return nil, err
		}
	}
	p := &Proxy{Name: l.Name}
	if err := freeAddrs(&p.Plain, &p.TLS, &p.Admin); err != nil {
		return nil, err
	}
	p.H2C = p.Plain
	log := "off"
	if l.Log {
		log = filepath.Join(b.Dir, l.Name+".log")
	}
	boot := filepath.Join(b.Dir, l.Name+".yaml")
	if err := os.WriteFile(boot, []byte(bootConfig(p, bundle, log, b.Dir, b.spec.Procs)), 0o644); err != nil {
		return nil, err
	}
	p.cmd, err = b.launch(b.spec.PinProxy, []string{fmt.Sprintf("GOMAXPROCS=%d", b.spec.Procs)}, b.spec.Gateway, "--config", boot)
	return p, err
}

func bootConfig(p *Proxy, bundle, log, certs string, procs int) string {
	reuse := ""
	if procs > 1 {
		reuse = ", reusePort: true"
	}
	return fmt.Sprintf(`bundle: {dir: %q}
admin: {address: %q}
accessLog: %q
limits: {streams: 512}
listeners:
  - {address: %q%s}
  - {address: %q%s, tls: {minVersion: "1.3", certificates: [{cert: %q, key: %q}]}}
`, bundle, p.Admin, log, p.Plain, reuse, p.TLS, reuse, certs+"/cert.pem", certs+"/key.pem")
}

// mount puts a bundle where the kubelet would: that directory is what a gateway
// watches, and Swap changes.
func (b *Bed) mount(bundle string) (dir string, err error) {
	dir = filepath.Join(b.Dir, "mount")
	if b.writer, err = runtimetest.NewKubeletWriter(dir); err != nil {
		return "", err
	}
	return dir, b.Swap(bundle)
}

// Swap replaces the mounted bundle by the one in a directory.
func (b *Bed) Swap(bundle string) error {
	files := map[string][]byte{}
	entries, err := os.ReadDir(bundle)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(bundle, e.Name())); err != nil {
			return err
		}
	}
	return b.writer.Write(files)
}

// Bundle compiles the routes of a gateway and gives the bundle's directory. mark makes
// another bundle of otherwise the same routes.
func (b *Bed) Bundle(l Lintel, mark string) (string, error) {
	src, path, err := routes(l, b.behind, mark)
	if err != nil {
		return "", err
	}
	b.Path = path
	dir := filepath.Join(b.Dir, "routes-"+l.Name+mark)
	if err := os.MkdirAll(filepath.Join(dir, "bench.example"), 0o755); err != nil {
		return "", err
	}
	for i, text := range modules(src) {
		if err := os.WriteFile(filepath.Join(dir, "bench.example", fmt.Sprintf("bench%d.cue", i)), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	bundle := filepath.Join(b.Dir, "bundle-"+l.Name+mark)
	if out, err := exec.Command(b.spec.Compiler, "compile", dir, "-o", bundle).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile: %w\n%s", err, out)
	}
	return bundle, nil
}

// moduleBytes is the most that modules makes one file of; the compiler takes 1 MiB.
const moduleBytes = 900 << 10

// modules spreads the lines of routes over as many files as the compiler wants.
func modules(src string) (out []string) {
	const head = "package routes\n"
	rest := strings.TrimPrefix(src, head)
	for len(rest) > moduleBytes {
		n := strings.LastIndexByte(rest[:moduleBytes], '\n') + 1
		out = append(out, head+rest[:n])
		rest = rest[n:]
	}
	return append(out, head+rest)
}

// routes writes the routes of a domain: real paths for Small, everything for the other
// hosts, and for a POST. It also gives a path that one of the templates takes, the same
// for every number of routes.
func routes(l Lintel, to backends, mark string) (src, path string, err error) {
	var s strings.Builder
	s.WriteString("package routes\n\ndomain: {hosts: [\"*.bench.example\"], owner: \"bench\"}\n")
	for _, u := range [][3]string{
		{"small", to.small, ""},
		{"kib", to.kib, ""},
		{"big", to.big, ""},
		{"websocket", to.websocket, ""},
		{"h2", to.h2, `, http: "2"`},
		{"grpc", to.grpc, `, http: "2"`},
	} {
		fmt.Fprintf(&s, "upstreams: %q: {endpoints: [%q], pool: maxIdle: 1024%s}\n", u[0], u[1], u[2])
	}
	filters := ""
	if l.Filters != "" {
		filters = ", filters: {" + l.Filters + "}"
	}
	for _, h := range [][2]string{{KiB, "kib"}, {Big, "big"}, {ToHTTP2, "h2"}, {GRPC, "grpc"}, {WebSocket, "websocket"}} {
		fmt.Fprintf(&s, "routes: %q: {hosts: [%q], path: prefix: \"/\", upstream: %[1]q%[3]s}\n", h[1], h[0], filters)
	}
	fmt.Fprintf(&s, "routes: \"post\": {hosts: [%q], path: exact: \"/post%s\", methods: [\"POST\"], upstream: \"small\"%s}\n", Small, mark, filters)
	if mark != "" {
		fmt.Fprintf(&s, "routes: \"post-always\": {hosts: [%q], path: exact: \"/post\", methods: [\"POST\"], upstream: \"small\"%s}\n", Small, filters)
	}
	n := l.Routes
	if n == 0 {
		n = defaultRoutes
	}
	all := paths.All()
	first := slices.IndexFunc(all, func(p paths.Entry) bool { return p.Method == "GET" && strings.Contains(p.Path, "{") })
	if first < 0 {
		return "", "", errors.New("there is no GET with a parameter to ask for")
	}
	path = fill(all[first].Path)
	for i := range n {
		p := all[(first+i)%len(all)]
		host := Small
		if round := i / len(all); round > 0 {
			host = fmt.Sprintf("api%d.bench.example", round)
		}
		kind := "exact"
		if strings.Contains(p.Path, "{") {
			kind = "template"
		}
		fmt.Fprintf(&s, "routes: \"r%d\": {hosts: [%q], path: %s: %q, methods: [%q], upstream: \"small\"%s}\n", i, host, kind, p.Path, p.Method, filters)
	}
	return s.String(), path, nil
}

// fill puts a value in the place of every parameter.
func fill(template string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(template, "item-42")
}
