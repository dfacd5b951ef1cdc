package main

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// interopCases are the cases of the gRPC project's interop client that need no service of
// a cloud and no balancer.
func interopCases() []string {
	return []string{
		"empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
		"timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
		"special_status_message", "custom_metadata", "unimplemented_method", "unimplemented_service",
		"orca_per_rpc", "orca_oob", "rpc_soak", "channel_soak",
	}
}

// interop plays these cases over plain HTTP/2 and TLS, to a server over both.
func interop(c *court) ([]verdict, error) {
	client, missing := c.tool("grpc-client")
	if missing != nil {
		return missing, nil
	}
	server, missing := c.tool("grpc-server")
	if missing != nil {
		return missing, nil
	}
	for _, s := range []struct {
		address string
		args    []string
	}{
		{c.grpcPlain, nil},
		{c.grpcTLS, []string{"--use_tls", "--tls_cert_file=" + filepath.Join(c.dir, "inside.pem"), "--tls_key_file=" + filepath.Join(c.dir, "inside.key")}},
	} {
		stop, err := serve(server, s.address, s.args)
		if err != nil {
			return nil, err
		}
		defer stop()
	}
	var out []verdict
	for _, way := range []struct {
		name, address, host string
		secure              bool
	}{
		{"plain to plain", c.gateway.Plain, "127.0.0.1", false},
		{"plain to TLS", c.gateway.Plain, "localhost", false},
		{"TLS to plain", c.gateway.Secure, hostGRPC, true},
		{"TLS to TLS", c.gateway.Secure, hostGRPCTLS, true},
	} {
		host, port, err := net.SplitHostPort(way.address)
		if err != nil {
			return nil, err
		}
		if !way.secure {
			// Only with TLS can the client be told an authority; the address is it.
			host = way.host
		}
		for _, name := range interopCases() {
			args := []string{
				"--server_host=" + host, "--server_port=" + port, "--test_case=" + name, "--server_host_override=" + way.host,
				"--soak_iterations=20", "--soak_overall_timeout_seconds=60", "--soak_per_iteration_max_acceptable_latency_ms=20000",
			}
			if strings.HasPrefix(name, "orca") {
				args = append(args, `--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}`)
			}
			if way.secure {
				args = append(args, "--use_tls", "--use_test_ca", "--ca_file="+filepath.Join(c.gateway.Dir, "ca.pem"))
			}
			text, err := run(time.Minute, client, args...)
			out = append(out, judged(way.name+": "+name, text, err))
		}
	}
	return out, nil
}

// serve runs the interop server at an address until stop is called.
func serve(program, address string, args []string) (stop func(), err error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, append(args, "--port="+port)...)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the interop server: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if nc, err := net.Dial("tcp", address); err == nil {
			_ = nc.Close()
			return stop, nil
		}
		if time.Now().After(end) {
			stop()
			return nil, fmt.Errorf("the interop server does not listen on %s", address)
		}
	}
}
