package proxy

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// BenchmarkExchange is one small GET over loopback, client and upstream included;
// -benchmem shows what the engine allocates, for neither of them does.
func BenchmarkExchange(b *testing.B) {
	up := listen(b, func(nc net.Conn) {
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
	})
	g := newGateway(b, up, Config{Sink: discard{}}, nil)
	nc := dial(b, g.addr)
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
