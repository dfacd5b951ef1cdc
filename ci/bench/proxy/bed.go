package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/paths"
)

// bed is a backend and the proxies in front of it.
type bed struct {
	dir          string
	backend      *exec.Cmd
	proxies      []*proxy
	conns        int
	path         string
	loadCPU      []string // taskset words before the load generator
	nginxVersion string
}

type proxy struct {
	name, addr string
	cmd        *exec.Cmd
}

// benchHost is the host of all requests; eight fields are sent besides, as a
// browser would.
const benchHost = "api.bench.example"

var fields = []string{
	"Host: " + benchHost, "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Accept: application/json, text/plain, */*",
	"Accept-Language: en-US,en;q=0.9", "Accept-Encoding: gzip, deflate, br", "Referer: https://bench.example/page",
	"Cookie: session=0123456789abcdef0123456789abcdef", "X-Trace: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}

func setUp(o options) (*bed, error) {
	for _, tool := range []string{"nginx", "wrk"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is not installed: apt-get install nginx wrk", tool)
		}
	}
	dir, err := os.MkdirTemp("", "lintel-bench-")
	if err != nil {
		return nil, err
	}
	b := &bed{dir: dir, conns: o.conns}
	var pinned []string
	if _, err := exec.LookPath("taskset"); err == nil && o.pin {
		cpus := "0"
		if o.procs > 1 {
			cpus = fmt.Sprintf("0-%d", o.procs-1)
		} else {
			b.loadCPU = []string{"taskset", "-c", "1"}
		}
		pinned = []string{"taskset", "-c", cpus}
	}
	if out, err := exec.Command("nginx", "-v").CombinedOutput(); err == nil {
		b.nginxVersion = strings.TrimSpace(strings.TrimPrefix(string(out), "nginx version: "))
	}
	if err := b.start(o, pinned); err != nil {
		b.tearDown()
		return nil, err
	}
	return b, nil
}

func (b *bed) start(o options, pinned []string) error {
	backend, err := freeAddr()
	if err != nil {
		return err
	}
	if b.backend, err = b.nginx("backend", b.loadCPU, 1, fmt.Sprintf(`
	server {
		listen %s;
		location / { default_type text/plain; return 200 "%s"; }
	}`, backend, strings.Repeat("x", 256))); err != nil {
		return err
	}
	front, err := freeAddr()
	if err != nil {
		return err
	}
	cmd, err := b.nginx("nginx", pinned, o.procs, fmt.Sprintf(`
	upstream be { server %s; keepalive 1024; keepalive_requests 1000000000; keepalive_time 24h; }
	server {
		listen %s%s;
		server_name %s;
		location / {
			proxy_pass http://be;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_set_header X-Forwarded-Host $host;
		}
	}`, backend, front, reuse(o.procs), benchHost))
	if err != nil {
		return err
	}
	b.proxies = append(b.proxies, &proxy{"nginx", front, cmd})
	gw, err := b.lintel(o, pinned, backend)
	if err != nil {
		return err
	}
	b.proxies = append(b.proxies, gw)
	for _, p := range append([]*proxy{{"backend", backend, nil}}, b.proxies...) {
		if err := awaitOpen(p.addr); err != nil {
			return fmt.Errorf("%s did not come up: %w", p.name, err)
		}
	}
	return nil
}

func reuse(procs int) string {
	if procs > 1 {
		return " reuseport"
	}
	return ""
}

// nginx starts an nginx with one server.
func (b *bed) nginx(name string, pinned []string, workers int, server string) (*exec.Cmd, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(`daemon off; master_process on; worker_processes %d; pid %[2]s/pid; error_log %[2]s/error.log;
user root;
worker_rlimit_nofile 20000;
events { worker_connections 8192; }
http {
	access_log off;
	keepalive_timeout 75; keepalive_requests 1000000000; tcp_nodelay on; server_tokens off;
	client_body_temp_path %[2]s/cb; proxy_temp_path %[2]s/pt; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
%[3]s
}
`, workers, dir, server)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	return launch(append(pinned[:len(pinned):len(pinned)], "nginx", "-c", file), nil)
}

// lintel compiles a bundle of real paths that all lead to the backend and starts the
// gateway on it.
func (b *bed) lintel(o options, pinned []string, backend string) (*proxy, error) {
	routes := filepath.Join(b.dir, "routes", "bench.example")
	if err := os.MkdirAll(routes, 0o755); err != nil {
		return nil, err
	}
	var src bytes.Buffer
	fmt.Fprintf(&src, "package routes\n\ndomain: {hosts: [\"*.bench.example\"], owner: \"bench\"}\nupstreams: be: {endpoints: [%q], pool: maxIdle: 1024}\n", backend)
	real := paths.All()
	for i := range o.routes {
		p := real[i%len(real)]
		host := benchHost
		if n := i / len(real); n > 0 {
			host = fmt.Sprintf("api%d.bench.example", n)
		}
		kind := "exact"
		if strings.Contains(p.Path, "{") {
			kind = "template"
			if b.path == "" && i > o.routes/2 && p.Method == "GET" {
				b.path = fill(p.Path)
			}
		}
		fmt.Fprintf(&src, "routes: \"r%d\": {hosts: [%q], path: %s: %q, methods: [%q], upstream: \"be\"}\n", i, host, kind, p.Path, p.Method)
	}
	if b.path == "" {
		return nil, errors.New("no path to ask for")
	}
	if err := os.WriteFile(filepath.Join(routes, "bench.cue"), src.Bytes(), 0o644); err != nil {
		return nil, err
	}
	bundle := filepath.Join(b.dir, "bundle")
	if out, err := exec.Command(o.lintel, "compile", filepath.Join(b.dir, "routes"), "-o", bundle).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile: %w\n%s", err, out)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	boot := filepath.Join(b.dir, "boot.yaml")
	if err := os.WriteFile(boot, []byte("accessLog: \"off\"\n"), 0o644); err != nil {
		return nil, err
	}
	cmd, err := launch(append(pinned[:len(pinned):len(pinned)], o.gateway, "--bundle", bundle, "--listen", addr, "--admin", admin, "--config", boot),
		[]string{fmt.Sprintf("GOMAXPROCS=%d", o.procs)})
	return &proxy{"lintel", addr, cmd}, err
}

// fill puts a value in the place of every parameter.
func fill(template string) string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(template, "item-42")
}

func launch(words, env []string) (*exec.Cmd, error) {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", strings.Join(words, " "), err)
	}
	return cmd, nil
}

func (b *bed) tearDown() {
	cmds := []*exec.Cmd{b.backend}
	for _, p := range b.proxies {
		cmds = append(cmds, p.cmd)
	}
	for _, c := range cmds {
		if c != nil {
			_ = c.Process.Signal(os.Interrupt)
		}
	}
	for _, c := range cmds {
		if c != nil {
			done := make(chan struct{})
			go func() { _ = c.Wait(); close(done) }()
			select {
			case <-done:
			case <-time.After(3 * time.Second):
				_ = c.Process.Kill()
				<-done
			}
		}
	}
	_ = os.RemoveAll(b.dir)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func awaitOpen(addr string) error {
	var err error
	for range 200 {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

type result struct {
	s        sample
	requests int
}

var (
	requestsLine = regexp.MustCompile(`(\d+) requests in`)
	rateLine     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p50Line      = regexp.MustCompile(`50%\s+([\d.]+\w+)`)
	p99Line      = regexp.MustCompile(`99%\s+([\d.]+\w+)`)
)

// load runs wrk for some seconds; anything but 2xx is a failure of the benchmark.
func (b *bed) load(p *proxy, seconds int) (result, error) {
	words := append(b.loadCPU[:len(b.loadCPU):len(b.loadCPU)], "wrk", "-t1", fmt.Sprintf("-c%d", b.conns), fmt.Sprintf("-d%ds", seconds), "--latency")
	for _, f := range fields {
		words = append(words, "-H", f)
	}
	out, err := exec.Command(words[0], append(words[1:], "http://"+p.addr+b.path)...).CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk on %s: %w\n%s", p.name, err, out)
	}
	if bytes.Contains(out, []byte("Non-2xx")) || bytes.Contains(out, []byte("Socket errors")) {
		return result{}, fmt.Errorf("%s failed requests:\n%s", p.name, out)
	}
	n, _ := strconv.Atoi(first(requestsLine, out))
	rate, _ := strconv.ParseFloat(first(rateLine, out), 64)
	if n == 0 {
		return result{}, fmt.Errorf("%s answered nothing:\n%s", p.name, out)
	}
	return result{sample{rate: rate, p50: first(p50Line, out), p99: first(p99Line, out)}, n}, nil
}

func first(re *regexp.Regexp, b []byte) string {
	if m := re.FindSubmatch(b); m != nil {
		return string(m[1])
	}
	return ""
}
