package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// answering is an upstream that answers each head at once.
func answering(b *testing.B) string { return listen(b, answer) }

func answer(nc net.Conn) {
	buf := make([]byte, 4096)
	answer := []byte(ok2)
	for have := 0; ; {
		n, err := nc.Read(buf[have:])
		if err != nil {
			return
		}
		if have += n; bytes.HasSuffix(buf[:have], []byte("\r\n\r\n")) {
			have = 0
			if _, err := nc.Write(answer); err != nil {
				return
			}
		}
	}
}

// BenchmarkExchange is one small GET over loopback, client and upstream included;
// -benchmem shows what the engine allocates, for neither of them does.
func BenchmarkExchange(b *testing.B) {
	g := newGateway(b, answering(b), Config{Sink: discard{}}, nil)
	exchange(b, dial(b, g.addr))
}

// BenchmarkExchangeTLS is the same over TLS.
func BenchmarkExchangeTLS(b *testing.B) {
	g := secure(b, answering(b), Config{Sink: discard{}}, 0, nil)
	exchange(b, g.dial(b, g.client()))
}

// BenchmarkExchangeUpstreamTLS is the same with TLS on the other side.
func BenchmarkExchangeUpstreamTLS(b *testing.B) {
	h := newBehind(b)
	h.cfg.Sink = discard{}
	g := h.gateway(b, nil, h.encrypted(b, h.config, func(c *tls.Conn) { answer(c) }))
	exchange(b, dial(b, g.addr))
}

// exchange sends one small GET after the other.
func exchange(b *testing.B, nc net.Conn) {
	_ = nc.SetDeadline(noDeadline)
	req := []byte("GET /a/b?c=d HTTP/1.1\r\nHost: a.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := nc.Write(req); err != nil {
			b.Fatal(err)
		}
		have := 0
		for !bytes.HasSuffix(buf[:have], []byte("\r\n\r\nok")) {
			n, err := nc.Read(buf[have:])
			if err == io.EOF {
				b.Fatal("closed")
			}
			if err != nil {
				b.Fatal(err)
			}
			have += n
		}
	}
}

// BenchmarkHead is what a browser's GET costs without any waiting: the head parsed,
// its path and host brought into the form that is matched, and its fields passed on.
func BenchmarkHead(b *testing.B) {
	head := []byte("GET /api/v1/namespaces/item-42/configmaps/item-42?watch=true HTTP/1.1\r\nHost: api.bench.example\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json, text/plain, */*\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nReferer: https://bench.example/page\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef\r\nX-Trace: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n")
	var q requestHead
	var h filter.Header
	out, scratch := make([]byte, 0, 4096), make([]byte, 0, 512)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	for b.Loop() {
		h.Reset()
		if n, code := q.parse(head, &h, false, headLimits{8 << 10, 64 << 10, 128}); n != len(head) || code != reason.OK {
			b.Fatal(n, code)
		}
		_, _, ok := table.AppendCanonical(scratch, q.path)
		_, host := matchHost(scratch, q.host)
		if !ok || host == "" {
			b.Fatal(host)
		}
		h.Add("x-forwarded-for", "192.0.2.7")
		h.Add("x-forwarded-proto", "http")
		h.Add("x-forwarded-host", q.host)
		h.Add("via", "1.1 lintel")
		out = appendFields(out[:0], &h, head)
	}
}
