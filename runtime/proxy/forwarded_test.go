package proxy

import (
	"net/netip"
	"strings"
	"testing"
)

// TestForwarded checks what an upstream is told of the client, and which client
// address the gateway itself takes, for peers that are trusted and not.
func TestForwarded(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		trust            []netip.Prefix
		fields           string
		list, client     string
		proto, host      string // "" means http and a.example
		absent, identity string
	}{
		"plain":             {list: "127.0.0.1", client: "127.0.0.1"},
		"spoofed":           {fields: "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Forwarded-User: root\r\n", list: "127.0.0.1", client: "127.0.0.1", absent: "X-Forwarded-Port X-Forwarded-User"},
		"spoofed real ip":   {fields: "X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n", list: "127.0.0.1", client: "127.0.0.1", absent: "X-Real-Ip Forwarded"},
		"spoofed by case":   {fields: "x-FORWARDED-for: 6.6.6.6\r\nx-real-iP: 6.6.6.6\r\n", list: "127.0.0.1", client: "127.0.0.1", absent: "X-Real-Ip"},
		"trusted":           {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: shop.example\r\n", list: "1.2.3.4, 127.0.0.1", client: "1.2.3.4", proto: "HTTPS", host: "shop.example"},
		"chain":             {trust: loopback, fields: "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.9\r\n", list: "6.6.6.6, 1.2.3.4, 10.0.0.9, 127.0.0.1", client: "1.2.3.4"},
		"chain of proxies":  {trust: loopback, fields: "X-Forwarded-For: 10.0.0.8,10.0.0.9\r\n", list: "10.0.0.8,10.0.0.9, 127.0.0.1", client: "10.0.0.8"},
		"two fields":        {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.9\r\n", list: "1.2.3.4, 10.0.0.9, 127.0.0.1", client: "1.2.3.4"},
		"empty field":       {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For:\r\n", list: "1.2.3.4, 127.0.0.1", client: "1.2.3.4"},
		"none":              {trust: loopback, list: "127.0.0.1", client: "127.0.0.1"},
		"bad entry":         {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4, nonsense, 10.0.0.9\r\n", list: "1.2.3.4, nonsense, 10.0.0.9, 127.0.0.1", client: "10.0.0.9"},
		"only bad entries":  {trust: loopback, fields: "X-Forwarded-For: unknown\r\n", list: "unknown, 127.0.0.1", client: "127.0.0.1"},
		"empty entry":       {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4,,10.0.0.9\r\n", list: "1.2.3.4,,10.0.0.9, 127.0.0.1", client: "10.0.0.9"},
		"ipv6":              {trust: loopback, fields: "X-Forwarded-For: 2001:db8::7, fd00::1\r\n", list: "2001:db8::7, fd00::1, 127.0.0.1", client: "2001:db8::7"},
		"ipv6 in brackets":  {trust: loopback, fields: "X-Forwarded-For: [2001:db8::7]\r\n", list: "[2001:db8::7], 127.0.0.1", client: "2001:db8::7"},
		"with ports":        {trust: loopback, fields: "X-Forwarded-For: [2001:db8::7]:99, 10.0.0.9:80\r\n", list: "[2001:db8::7]:99, 10.0.0.9:80, 127.0.0.1", client: "2001:db8::7"},
		"mapped":            {trust: loopback, fields: "X-Forwarded-For: 1.2.3.4, ::ffff:10.0.0.9\r\n", list: "1.2.3.4, ::ffff:10.0.0.9, 127.0.0.1", client: "1.2.3.4"},
		"bad host, proto":   {trust: loopback, fields: "X-Forwarded-Host: a/b\r\nX-Forwarded-Proto: gopher\r\n", list: "127.0.0.1", client: "127.0.0.1"},
		"trusted real ip":   {trust: loopback, fields: "X-Real-IP: 1.2.3.4\r\n", list: "127.0.0.1", client: "127.0.0.1", identity: "1.2.3.4"},
		"trusted forwarded": {trust: loopback, fields: "Forwarded: for=1.2.3.4\r\n", list: "127.0.0.1", client: "127.0.0.1", absent: "Forwarded"},
		"listed away":       {trust: nil, fields: "Connection: x-forwarded-for, x-forwarded-proto\r\n", list: "127.0.0.1", client: "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			up := newRecorder(t, ok2)
			g := newGateway(t, up.addr, Config{TrustedProxies: c.trust}, nil)
			ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a.example\r\n"+c.fields+"\r\n")
			h := up.header()
			if got := h["X-Forwarded-For"]; len(got) != 1 || got[0] != c.list {
				t.Errorf("x-forwarded-for is %q, want %q", got, c.list)
			}
			want := func(name, value, other string) {
				if value == "" {
					value = other
				}
				if got := h[name]; len(got) != 1 || got[0] != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
			want("X-Forwarded-Proto", c.proto, "http")
			want("X-Forwarded-Host", c.host, "a.example")
			want("Via", "1.1 lintel", "")
			for _, name := range strings.Fields(c.absent) {
				if got, ok := h[name]; ok {
					t.Errorf("%s: %q went upstream", name, got)
				}
			}
			if got := h.Get("X-Real-Ip"); got != c.identity {
				t.Errorf("x-real-ip is %q, want %q", got, c.identity)
			}
			if got := g.records.wait(t, 1).Client; got != c.client {
				t.Errorf("the client is %q, want %q", got, c.client)
			}
		})
	}
}

// TestTE: of TE only trailers is passed on, with the connection option that it needs.
func TestTE(t *testing.T) {
	for in, want := range map[string]string{"trailers": "trailers", "gzip, Trailers": "trailers", "gzip": "", "xtrailers": ""} {
		up := newRecorder(t, ok2)
		g := newGateway(t, up.addr, Config{}, nil)
		ask(t, g.addr, "GET / HTTP/1.1\r\nHost: a\r\nConnection: te\r\nTE: "+in+"\r\n\r\n")
		h := up.header()
		if h.Get("Te") != want || (h.Get("Connection") == "te") != (want != "") {
			t.Errorf("TE: %s became te %q, connection %q", in, h.Get("Te"), h.Get("Connection"))
		}
	}
}

func TestTunnels(t *testing.T) {
	for list, want := range map[string]bool{
		"websocket": true, "WebSocket": true, "echo/1.0": true, "shttps-like": true, "httpx": true, "a, b": true, "tlsx": true,
		"": false, ",": false, "h2c": false, "H2C": false, "websocket, h2c": false, "HTTP/2.0": false, "TLS/1.2": false, "http": false, "h3": false,
		"a b": false, "a/": false, "a/b/c": false, "\"h2c\"": false,
	} {
		if got := tunnels(list); got != want {
			t.Errorf("tunnels(%q) is %v", list, got)
		}
	}
	if !offers("a, WebSocket", "websocket") || offers("a", "b") || offers("ab", "a") || offers("a", "a, b") {
		t.Error("offers is wrong")
	}
}
