package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// nginxMain is the frame of an nginx that runs in dir.
func nginxMain(dir string, workers int, access, servers string) string {
	return fmt.Sprintf(`daemon off; master_process on; worker_processes %d; pid %[2]s/pid; error_log %[2]s/error.log;
user root;
worker_rlimit_nofile 20000;
events { worker_connections 9000; }
http {
	%[3]s
	keepalive_timeout 75; keepalive_requests 1000000000; tcp_nodelay on; sendfile on; server_tokens off;
	client_body_buffer_size 64k; proxy_buffers 8 16k; proxy_buffer_size 8k; proxy_max_temp_file_size 0;
	client_body_temp_path %[2]s/cb; proxy_temp_path %[2]s/pt; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
%[4]s
}
`, workers, dir, access, servers)
}

// startBackends starts a process that no proxy shares: its CPU time is nobody's.
func (b *Bed) startBackends() error {
	if err := freeAddrs(&b.behind.small, &b.behind.kib, &b.behind.big, &b.behind.h2, &b.behind.grpc, &b.behind.websocket); err != nil {
		return err
	}
	dir := filepath.Join(b.Dir, "backend")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "big"), []byte(strings.Repeat("x", 64<<10)), 0o644); err != nil {
		return err
	}
	var servers strings.Builder
	for _, s := range []struct {
		listen string
		size   int
	}{{b.behind.small, 256}, {b.behind.kib, 1 << 10}, {b.behind.h2 + " http2", 256}} {
		fmt.Fprintf(&servers, "\tserver { listen %s; http2_max_concurrent_streams 512; location / { default_type text/plain; return 200 \"%s\"; } }\n", s.listen, strings.Repeat("x", s.size))
	}
	fmt.Fprintf(&servers, "\topen_file_cache max=8; open_file_cache_valid 1h;\n\tserver { listen %s; root %s; location / { rewrite ^ /big break; } }\n", b.behind.big, dir)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(nginxMain(dir, 1, "access_log off;", servers.String())), 0o644); err != nil {
		return err
	}
	if _, err := b.launch(b.spec.PinLoad, nil, "nginx", "-c", file); err != nil {
		return err
	}
	if _, err := b.launch(b.spec.PinLoad, nil, b.spec.Peer, "backend", "-grpc", b.behind.grpc, "-websocket", b.behind.websocket); err != nil {
		return err
	}
	for _, addr := range []string{b.behind.small, b.behind.grpc, b.behind.websocket} {
		if err := await(addr); err != nil {
			return fmt.Errorf("the backend did not come up: %w\n%s", err, b.Said())
		}
	}
	return nil
}

func (b *Bed) nginx() (*Proxy, error) {
	p := &Proxy{Name: "nginx"}
	if err := freeAddrs(&p.Plain, &p.H2C, &p.TLS); err != nil {
		return nil, err
	}
	dir := filepath.Join(b.Dir, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	access := "access_log off;"
	if b.spec.Log {
		// The fields that Lintel's log has, as far as nginx knows them; buffered, as
		// Lintel's is.
		access = fmt.Sprintf(`log_format j escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","host":"$host","path":"$uri",`+
			`"protocol":"$server_protocol","status":$status,"bytes":$body_bytes_sent,"duration":$request_time,"upstream":"$upstream_addr","upstream_time":"$upstream_response_time",`+
			`"agent":"$http_user_agent","referer":"$http_referer"}';
	access_log %s/access.log j buffer=64k flush=1s;`, dir)
	}
	file := filepath.Join(dir, "nginx.conf")
	conf := nginxMain(dir, b.spec.Procs, access, nginxServers(p, b.behind, b.spec.Procs, b.Dir))
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	var err error
	p.cmd, err = b.launch(b.spec.PinProxy, nil, "nginx", "-c", file)
	return p, err
}

// nginxServers has a server for each host, all on the same three addresses. Version 1.22
// speaks HTTP/2 to upstreams by its gRPC module alone.
func nginxServers(p *Proxy, to backends, procs int, certs string) string {
	var s strings.Builder
	reuse := ""
	if procs > 1 {
		reuse = " reuseport"
	}
	fmt.Fprintf(&s, "\tmap $http_upgrade $connection_to_upstream { default upgrade; '' ''; }\n\thttp2_max_concurrent_streams 512;\n")
	fmt.Fprintf(&s, "\tssl_certificate %s/cert.pem; ssl_certificate_key %[1]s/key.pem; ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;\n", certs)
	for i, h := range []struct{ host, upstream, addr, pass string }{
		{Small, "small", to.small, "proxy"},
		{KiB, "kib", to.kib, "proxy"},
		{Big, "big", to.big, "proxy"},
		{ToHTTP2, "h2", to.h2, "grpc"},
		{GRPC, "grpc", to.grpc, "grpc"},
		{WebSocket, "ws", to.websocket, "upgrade"},
	} {
		once := ""
		if i == 0 {
			once = reuse
		}
		fmt.Fprintf(&s, "\tupstream %s { server %s; keepalive 1024; keepalive_requests 1000000000; keepalive_time 24h; }\n", h.upstream, h.addr)
		fmt.Fprintf(&s, "\tserver {\n\t\tlisten %s%s; listen %s http2%[2]s; listen %[4]s ssl http2%[2]s;\n\t\tserver_name %[5]s;\n\t\tlocation / {\n", p.Plain, once, p.H2C, p.TLS, h.host)
		if h.pass == "grpc" {
			fmt.Fprintf(&s, "\t\t\tgrpc_pass grpc://%s; grpc_set_header Host $host;\n", h.upstream)
			for _, f := range []string{"For $proxy_add_x_forwarded_for", "Proto $scheme", "Host $host"} {
				fmt.Fprintf(&s, "\t\t\tgrpc_set_header X-Forwarded-%s;\n", f)
			}
		} else {
			connection := `""`
			if h.pass == "upgrade" {
				connection = "$connection_to_upstream; proxy_set_header Upgrade $http_upgrade"
			}
			fmt.Fprintf(&s, "\t\t\tproxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Connection %s; proxy_set_header Host $host;\n", h.upstream, connection)
			for _, f := range []string{"For $proxy_add_x_forwarded_for", "Proto $scheme", "Host $host"} {
				fmt.Fprintf(&s, "\t\t\tproxy_set_header X-Forwarded-%s;\n", f)
			}
		}
		s.WriteString("\t\t}\n\t}\n")
	}
	return s.String()
}
