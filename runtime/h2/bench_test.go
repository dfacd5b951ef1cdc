package h2

import (
	"encoding/binary"
	"net"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// bench asks for so many streams at once, over and over, by frames that were made
// before, and reads whole responses.
func bench(b *testing.B, streams int, block []byte, handle func(*Stream)) {
	srv := serve(b, Config{}, nil, handle)
	nc, err := net.Dial("tcp", srv.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	var one []byte
	one = append(appendFrameHead(one, len(block), frameHeaders, flagHeadEnd|flagEnd, 0), block...)
	var all []byte
	for range streams {
		all = append(all, one...)
	}
	all = appendWindow(all, 0, 0)
	hello := appendFrameHead([]byte(Preface), 0, frameSettings, 0, 0)
	if _, err := nc.Write(hello); err != nil {
		b.Fatal(err)
	}
	in := make([]byte, 64<<10)
	id, have := uint32(1), 0
	round := func() {
		for i := range streams {
			binary.BigEndian.PutUint32(all[i*len(one)+5:], id)
			id += 2
		}
		binary.BigEndian.PutUint32(all[len(all)-4:], uint32(streams)*1024)
		if _, err := nc.Write(all); err != nil {
			b.Fatal(err)
		}
		for ended := 0; ended < streams; {
			n, err := nc.Read(in[have:])
			if err != nil {
				b.Fatal(err)
			}
			have += n
			at := 0
			for {
				f, size := nextFrame(in[at:have])
				if size <= 0 {
					break
				}
				if at += size; f.kind <= frameHeaders && f.has(flagEnd) {
					ended++
				}
				if f.kind == frameGoAway || f.kind == frameReset {
					b.Fatalf("the server ends it: %v", f)
				}
			}
			have = copy(in, in[at:have])
		}
	}
	for range 10 {
		round()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range (b.N + streams - 1) / streams {
		round()
	}
	b.StopTimer()
}

// plainGet is a head of indexed fields and a path; browser has what browsers send, with
// values that are in no table.
func plainGet() []byte {
	b := []byte{0x82, 0x86}
	b = appendNamed(b, indexPath, "/some/path?with=a&query=1")
	return appendNamed(b, indexAuthority, "a.example")
}

func browser() []byte {
	return append(plainGet(), fields("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		"accept", "text/html,application/xhtml+xml", "accept-encoding", "gzip, deflate, br", "accept-language", "en-GB,en;q=0.9",
		"cookie", "a=1234567890", "cookie", "b=abcdefghij", "referer", "https://a.example/other", "x-request-id", "0123456789abcdef")...)
}

func BenchmarkServer(b *testing.B) {
	var h filter.Header
	h.Add("content-type", "application/json")
	h.Add("server", "lintel")
	h.Add("date", "Sat, 28 Nov 2026 17:00:00 GMT")
	body := big(256)
	answer := func(s *Stream) { _, _ = s.Respond(200, &h, int64(len(body)), body, true) }
	b.Run("1", func(b *testing.B) { bench(b, 1, plainGet(), answer) })
	b.Run("16", func(b *testing.B) { bench(b, 16, plainGet(), answer) })
	b.Run("100", func(b *testing.B) { bench(b, 100, plainGet(), answer) })
	b.Run("browser16", func(b *testing.B) { bench(b, 16, browser(), answer) })
}

// BenchmarkUpload is content of 64 KiB to a server that reads it.
func BenchmarkUpload(b *testing.B) {
	got := make(chan int, 1)
	srv := serve(b, Config{}, nil, func(s *Stream) {
		buf := make([]byte, 32<<10)
		sum := 0
		for {
			n, err := s.Read(buf)
			sum += n
			if err != nil {
				break
			}
		}
		respond(s, 204, "")
		got <- sum
	})
	c := connect(b, srv.addr, Config{})
	s := c.start(b)
	if _, err := s.Request(ask("POST", "/", -1), nil, false); err != nil {
		b.Fatal(err)
	}
	p := big(64 << 10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := s.Write(p); err != nil {
			b.Fatal(err)
		}
	}
	_ = s.CloseWrite()
	if n := <-got; n != b.N*len(p) {
		b.Fatalf("%d bytes came", n)
	}
	s.Close()
}

// BenchmarkDecode decodes one head.
func BenchmarkDecode(b *testing.B) {
	for name, block := range map[string][]byte{"plain": plainGet(), "browser": browser()} {
		b.Run(name, func(b *testing.B) {
			d := decoder{table: table{max: tableBytes}}
			var h Head
			var arena []byte
			b.ReportAllocs()
			for range b.N {
				h.reset()
				arena = arena[:0]
				x := section{head: &h, arena: &arena, bytes: 64 << 10, fields: 128}
				if err := d.decode(block, &x); err != nil {
					b.Fatal(err)
				}
				x.request(false)
				if x.bad != "" {
					b.Fatal(x.bad)
				}
			}
		})
	}
}
