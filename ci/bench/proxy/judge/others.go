package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func (b *Bed) haproxy() (*Proxy, error) {
	p := &Proxy{Name: "haproxy"}
	if err := freeAddrs(&p.Plain, &p.H2C, &p.TLS); err != nil {
		return nil, err
	}
	file := filepath.Join(b.Dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(haproxyConf(p, b.behind, b.spec.Procs, b.Dir)), 0o644); err != nil {
		return nil, err
	}
	var err error
	p.cmd, err = b.launch(b.spec.PinProxy, nil, "haproxy", "-db", "-f", file)
	return p, err
}

func haproxyConf(p *Proxy, to backends, procs int, certs string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `global
	maxconn 9000
	nbthread %d
	ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
	tune.ssl.cachesize 0
	tune.h2.max-concurrent-streams 512
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	timeout tunnel 1h
	option http-keep-alive
	http-reuse always
	option forwardfor
frontend front
	bind %s
	bind %s proto h2
	bind %s ssl crt %s/both.pem alpn h2,http/1.1
	http-request set-header X-Forwarded-Proto http unless { ssl_fc }
	http-request set-header X-Forwarded-Proto https if { ssl_fc }
	http-request set-header X-Forwarded-Host %%[req.hdr(host)]
`, procs, p.Plain, p.H2C, p.TLS, certs)
	var backs strings.Builder
	for _, h := range []struct{ host, name, addr, words string }{
		{Small, "small", to.small, ""},
		{KiB, "kib", to.kib, ""},
		{Big, "big", to.big, ""},
		{ToHTTP2, "h2", to.h2, " proto h2"},
		{GRPC, "grpc", to.grpc, " proto h2"},
		{WebSocket, "ws", to.websocket, ""},
	} {
		fmt.Fprintf(&s, "\tuse_backend %s if { req.hdr(host) -i %s }\n", h.name, h.host)
		fmt.Fprintf(&backs, "backend %s\n\tserver s1 %s%s\n", h.name, h.addr, h.words)
	}
	return s.String() + backs.String()
}

func (b *Bed) caddy() (*Proxy, error) {
	p := &Proxy{Name: "caddy"}
	if err := freeAddrs(&p.Plain, &p.TLS); err != nil {
		return nil, err
	}
	p.H2C = p.Plain
	file := filepath.Join(b.Dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(caddyfile(p, b.behind, b.Dir)), 0o644); err != nil {
		return nil, err
	}
	var err error
	p.cmd, err = b.launch(b.spec.PinProxy, []string{fmt.Sprintf("GOMAXPROCS=%d", b.spec.Procs), "HOME=" + b.Dir}, b.spec.Caddy, "run", "--config", file, "--adapter", "caddyfile")
	return p, err
}

func caddyfile(p *Proxy, to backends, certs string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tdefault_sni %s\n\tfallback_sni %[1]s\n\tservers {\n\t\tprotocols h1 h2 h2c\n\t}\n}\n(routes) {\n", Small)
	for _, h := range []struct{ host, name, addr, words string }{
		{Small, "small", to.small, ""},
		{KiB, "kib", to.kib, ""},
		{Big, "big", to.big, ""},
		{ToHTTP2, "h2", to.h2, "versions h2c"},
		{GRPC, "grpc", to.grpc, "versions h2c"},
		{WebSocket, "ws", to.websocket, ""},
	} {
		fmt.Fprintf(&s, "\t@%s host %s\n\treverse_proxy @%[1]s %[3]s {\n\t\ttransport http {\n\t\t\tkeepalive_idle_conns_per_host 1024\n\t\t\tcompression off\n\t\t\t%[4]s\n\t\t}\n\t}\n", h.name, h.host, h.addr, h.words)
	}
	s.WriteString("}\n")
	for _, site := range [][2]string{{"http://:" + port(p.Plain), ""}, {"https://:" + port(p.TLS), fmt.Sprintf("\ttls %s/cert.pem %[1]s/key.pem\n", certs)}} {
		fmt.Fprintf(&s, "%s {\n\tbind 127.0.0.1\n%s\timport routes\n}\n", site[0], site[1])
	}
	return s.String()
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }
