package echo

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/authority"
)

// TestListen: one address takes plain connections, TLS and headers of the PROXY protocol,
// HTTP/1.1 and HTTP/2; who says nothing keeps nobody waiting.
func TestListen(t *testing.T) {
	a, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.Issue(authority.Request{Names: []string{"a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Server("orders")
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(Listen(ln, &tls.Config{
			Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}, ClientAuth: tls.RequestClientCert,
		}))
	}()
	defer func() {
		_ = s.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("serve: %v", err)
		}
	}()
	dial := func(begin string) net.Conn {
		nc, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(nc, begin)
		return nc
	}
	dial("") // says nothing
	trust := &tls.Config{RootCAs: a.Pool, ServerName: "a.example", Certificates: []tls.Certificate{cert}}
	for name, nc := range map[string]net.Conn{
		"plain": dial(""), "header": dial("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n"),
		"TLS": tls.Client(dial(""), trust), "header and TLS": tls.Client(dial("PROXY UNKNOWN\r\n"), trust),
	} {
		_, _ = io.WriteString(nc, "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got Answer
		err = json.NewDecoder(res.Body).Decode(&got)
		_, secure := nc.(*tls.Conn)
		if err != nil || got.Path != "/a" || (got.TLS != nil) != secure || secure && (got.TLS.ServerName != "a.example" || got.TLS.Client != "CN=a.example" || got.Scheme != "https") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	res, err := client.Get(fmt.Sprintf("https://%s/", ln.Addr()))
	if err != nil || res.ProtoMajor != 2 {
		t.Fatalf("%+v, %v", res, err)
	}
	_ = res.Body.Close()
}
