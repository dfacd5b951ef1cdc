package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lintel-gateway/lintel/ci/testbed"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// court is what all suites play against: one gateway and its upstreams.
type court struct {
	gateway *testbed.Gateway
	// program is the built gateway, for suites that need one of their own.
	program string
	tools   string
	dir     string
	// grpcPlain and grpcTLS are addresses that the gateway routes gRPC to.
	grpcPlain, grpcTLS string
	origins            []*testbed.Origin
}

// Hosts of the routes. All others go to the plain origin.
const (
	hostH2      = "h2.test"
	hostH2TLS   = "h2tls.test"
	hostTLS     = "tls.test"
	hostGRPC    = "grpc.test"
	hostGRPCTLS = "grpctls.test"
)

// sit starts the court's gateway and origins. rise ends them.
func sit(gateway, tools string) (c *court, err error) {
	dir, err := os.MkdirTemp("", "lintel-conformance-")
	if err != nil {
		return nil, err
	}
	c = &court{program: gateway, tools: tools, dir: dir}
	inside, err := authority.New("inside")
	if err != nil {
		return nil, err
	}
	pair, err := inside.Issue(authority.Request{Names: []string{"inside.test"}})
	if err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{"inside-ca.pem": inside.PEM, "inside.pem": pair.Cert, "inside.key": pair.Key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	certificate, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	plain, err := testbed.StartOrigin("127.0.0.1:0", nil)
	if err != nil {
		return nil, err
	}
	secure, err := testbed.StartOrigin("127.0.0.1:0", &certificate)
	if err != nil {
		return nil, err
	}
	c.origins = []*testbed.Origin{plain, secure}
	if c.grpcPlain, err = free(); err != nil {
		return nil, err
	}
	if c.grpcTLS, err = free(); err != nil {
		return nil, err
	}
	settings := &route.UpstreamTLS{ServerName: "inside.test", MinVersion: "1.2", Verify: true, CA: &route.SecretRef{Secret: "inside"}}
	// The interop client without TLS names the address that it connects to.
	everywhere := to("*", plain.Address, "", nil)
	everywhere.Upstreams["grpc"] = to(hostGRPC, c.grpcPlain, "2", nil).Upstreams["origin"]
	more := runtimetest.Domain(everywhere.Name,
		route.Route{ID: "grpc", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/grpc.testing.TestService"}}, Upstream: "grpc"},
		route.Route{ID: "grpc-none", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/grpc.testing.UnimplementedService"}}, Upstream: "grpc"},
		route.Route{ID: "orca", Match: route.Match{Hosts: []string{"*"}, Path: route.Path{Prefix: "/xds.service.orca.v3.OpenRcaService"}}, Upstream: "grpc"})
	everywhere.Routes = append(everywhere.Routes, more.Routes...)
	domains := []route.Domain{
		everywhere,
		to("localhost", c.grpcTLS, "2", settings),
		to(hostH2, plain.Address, "2", nil),
		to(hostTLS, secure.Address, "", settings),
		to(hostH2TLS, secure.Address, "2", settings),
		to(hostGRPC, c.grpcPlain, "2", nil),
		to(hostGRPCTLS, c.grpcTLS, "2", settings),
	}
	bed := filepath.Join(dir, "bed")
	if err := os.Mkdir(bed, 0o700); err != nil {
		return nil, err
	}
	c.gateway, err = testbed.Start(gateway, bed, inside.PEM, "", domains...)
	return c, err
}

// to routes all of a host to one address. With TLS its authority is the one of the bed.
func to(host, address, version string, t *route.UpstreamTLS) route.Domain {
	name := host
	if host == "*" {
		name = "any.test"
	}
	d := runtimetest.Domain(name, route.Route{ID: "all", Match: route.Match{Hosts: []string{host}, Path: route.Path{Prefix: "/"}}, Upstream: "origin"})
	d.Hosts = []string{host}
	u := runtimetest.Upstream(address)
	u.HTTP, u.TLS = version, t
	d.Upstreams = map[string]route.Upstream{"origin": u}
	if t != nil {
		d.Secrets = map[string]route.Secret{"inside": {File: "inside.crt"}}
	}
	return d
}

// free is an address that nobody listens on.
func free() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func (c *court) rise() error {
	err := c.gateway.Stop()
	for _, o := range c.origins {
		o.Kill()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// tool is the path of a program, one that was built here or one of the system's. A tool
// that is not there makes one loud verdict.
func (c *court) tool(name string) (path string, missing []verdict) {
	path = filepath.Join(c.tools, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", []verdict{{name, skipped, "it is not installed and could not be built"}}
}

// run runs a program for at most limit, and gives what it printed on both outputs.
func run(limit time.Duration, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 5*time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end in %s", limit)
	}
	return out.String(), err
}

// judged is the verdict of a case that passes when err is nil.
func judged(name, detail string, err error) verdict {
	if err == nil {
		return verdict{Case: name}
	}
	return verdict{name, failed, fmt.Sprintf("%v: %s", err, detail)}
}
