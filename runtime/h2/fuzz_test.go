package h2

import (
	"bytes"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/wire"
)

// script is a connection on which certain bytes come, in pieces, and then the end.
type script struct {
	in    []byte
	piece int

	mu   sync.Mutex
	out  bytes.Buffer
	past bool
}

func (s *script) Read(p []byte) (int, error) {
	s.mu.Lock()
	past := s.past
	s.mu.Unlock()
	if past {
		return 0, os.ErrDeadlineExceeded
	}
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.in[:min(len(s.in), s.piece)])
	s.in = s.in[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *script) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = !t.IsZero()
	return nil
}

func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// seeds gives the frames of the rules as seeds of a fuzz target.
func seeds(f *testing.F) {
	for _, rules := range [][]rule{frameRules, headRules} {
		for _, x := range rules {
			s := &script{}
			x.send(newRaw(f, s))
			f.Add(append(appendFrameHead(nil, 0, frameSettings, 0, 0), s.out.Bytes()...), uint16(1000))
		}
	}
}

// watch ends the process with all stacks when something hangs.
func watch() *time.Timer {
	return time.AfterFunc(patience, func() {
		debug.SetTraceback("all")
		panic("it hangs")
	})
}

// FuzzServer: whatever a client sends after the preface, the server ends in order, what it
// sends are frames in their places, and no more content than the windows allow.
func FuzzServer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, piece uint16) {
		defer watch().Stop()
		s := &script{in: append([]byte(Preface), in...), piece: int(piece) + 1}
		c := NewServer(wire.New(s), Config{MaxStreams: 10, Connect: true})
		_ = c.Serve(nil, echo)
		if c.Streams() != 0 || c.running != 0 {
			t.Errorf("%d streams are open, %d are handled", c.open, c.running)
		}
		judge(t, s.out.Bytes(), increments(in))
	})
}

// increments sums what a peer has opened the connection's window by.
func increments(in []byte) int {
	sum := firstWindow
	for {
		f, size := nextFrame(in)
		if size <= 0 {
			return sum
		}
		if in = in[size:]; f.kind == frameWindow && f.stream == 0 && len(f.payload) == 4 {
			sum += int(dependsOn(f.payload))
		}
	}
}

// judge reads what a server has sent with x/net's reader.
func judge(t *testing.T, out []byte, window int) {
	t.Helper()
	r := http2.NewFramer(io.Discard, bytes.NewReader(out))
	r.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	ended := map[uint32]bool{}
	for i := 0; ; i++ {
		f, err := r.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if _, ok := f.(*http2.SettingsFrame); i == 0 && !ok {
			t.Fatalf("the first frame is %v", f)
		}
		id := f.Header().StreamID
		switch f := f.(type) {
		case *http2.DataFrame:
			if ended[id] {
				t.Fatalf("content after the end of stream %d", id)
			}
			ended[id] = f.StreamEnded()
			if window -= int(f.Header().Length); window < 0 {
				t.Fatal("more content than the window allows")
			}
		case *http2.MetaHeadersFrame:
			if ended[id] {
				t.Fatalf("a head after the end of stream %d", id)
			}
			ended[id] = f.StreamEnded()
		case *http2.RSTStreamFrame:
			ended[id] = true
		}
	}
}

// FuzzClient: whatever a server sends, the client ends in order.
func FuzzClient(f *testing.F) {
	for _, x := range responseRules {
		s := &script{}
		x.send(newRaw(f, s))
		f.Add(append(appendFrameHead(nil, 0, frameSettings, 0, 0), s.out.Bytes()...), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece uint16) {
		defer watch().Stop()
		s := &script{in: in, piece: int(piece) + 1}
		c := NewClient(wire.New(s), Config{})
		var all sync.WaitGroup
		for range 3 {
			st, err := c.Open()
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				defer st.Close()
				n, err := st.Request(ask("POST", "/", -1), big(100), false)
				if err != nil {
					return
				}
				_, _ = st.Finish(big(100)[n:])
				if outcome(st) == "200" {
					_ = st.Trailer()
				}
			})
		}
		_ = c.Run()
		all.Wait()
		if c.Streams() != 0 {
			t.Errorf("%d streams are open", c.Streams())
		}
	})
}

// FuzzFrames: frames are cut as x/net cuts them.
func FuzzFrames(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte, _ uint16) {
		r := http2.NewFramer(io.Discard, bytes.NewReader(in))
		r.SetMaxReadFrameSize(maxFrame)
		r.AllowIllegalReads = true
		for {
			got, size := nextFrame(in)
			want, err := r.ReadFrame()
			if size <= 0 {
				if err == nil {
					t.Fatalf("%v is no frame here", want)
				}
				return
			}
			in = in[size:]
			if err != nil {
				return // what a frame means is judged elsewhere
			}
			h := want.Header()
			if got.kind != frameType(h.Type) || got.flags != uint8(h.Flags) || got.stream != h.StreamID || len(got.payload) != int(h.Length) {
				t.Fatalf("got %+v, want %v", got, h)
			}
			if d, ok := want.(*http2.DataFrame); ok {
				if p, ok := got.unpad(); !ok || !bytes.Equal(p, d.Data()) {
					t.Fatalf("got %q of DATA, want %q", p, d.Data())
				}
			}
		}
	})
}

// FuzzDecoder: sections mean what they mean to x/net's decoder. We refuse more: a table
// size update that is not at the start although the table is empty, and integers of more
// than five bytes.
func FuzzDecoder(f *testing.F) {
	f.Add(request(), browser())
	f.Add(append([]byte{0x40}, appendText(appendText(nil, "x"), "y")...), []byte{0xbe})
	f.Add(appendStrings(nil, "www.example.com", "custom-value"), []byte{0x82, 0x3f, 0xe1, 0x1f})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := decoder{table: table{max: tableBytes}}
		x := hpack.NewDecoder(tableBytes, nil)
		for _, block := range [][]byte{first, second} {
			var h filter.Header
			var arena []byte
			s := section{trailer: &h, arena: &arena, bytes: 1 << 30, fields: 1 << 30}
			err := d.decode(block, &s)
			want, xerr := x.DecodeFull(block)
			if err == errResize || err == errInteger {
				return
			}
			if (err == nil) != (xerr == nil) {
				t.Fatalf("%x: got %v, want %v", block, err, xerr)
			}
			if err != nil {
				return
			}
			plain := 0
			for _, w := range want {
				if kindOf(w.Name) != kindPlain || !validValue(w.Value) {
					continue
				}
				if f := h.Fields(); plain >= len(f) || f[plain].Name != w.Name || f[plain].Value != w.Value {
					t.Fatalf("%x: got %v, want %v", block, f, want)
				}
				plain++
			}
			if plain != len(h.Fields()) {
				t.Fatalf("%x: got %v, want %v", block, h.Fields(), want)
			}
		}
	})
}

// appendStrings appends literals in Huffman's code.
func appendStrings(b []byte, pairs ...string) []byte {
	b = append(b, 0x40)
	for _, s := range pairs {
		b = appendInteger(b, 7, 0x80, int(hpack.HuffmanEncodeLength(s)))
		b = hpack.AppendHuffmanString(b, s)
	}
	return b
}

// FuzzEncoder: x/net's decoder understands what we send, whatever the fields are and
// however the peer's table changes.
func FuzzEncoder(f *testing.F) {
	f.Add("content-type", "text/plain", "x-some", "v", uint32(4096), uint32(100))
	f.Add("Server", " lintel ", "authorization", "secret", uint32(0), uint32(5000))
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string, size1, size2 uint32) {
		e := newEncoder()
		x := hpack.NewDecoder(tableBytes, nil)
		var h filter.Header
		h.Add(n1, v1)
		h.Add(n2, v2)
		h.Add("vary", v1)
		h.Add("server", v2)
		for i, size := range []uint32{4096, 4096, 4096, size1, size2, size2, 4096, 4096} {
			if i == 4 {
				e.limit(size1 / 2)
			}
			e.limit(size)
			b := e.request(e.begin(nil), ask("GET", "/p", -1))
			b = e.length(e.status(e.fields(b, &h), 200+i), int64(size))
			got, err := x.DecodeFull(b)
			if err != nil {
				t.Fatalf("%x: %v", b, err)
			}
			sum := 0
			for _, f := range h.Fields() {
				if !validToken(f.Name) || !validValue(trim(f.Value)) || fieldNames[lowered(f.Name)].drop {
					continue
				}
				if g := got[4+sum]; g.Name != lowered(f.Name) || g.Value != trim(f.Value) {
					t.Fatalf("%d: got %v, want %v", i, g, f)
				}
				sum++
			}
			if len(got) != 4+sum+2 {
				t.Fatalf("%d fields, want %d", len(got), 4+sum+2)
			}
		}
	})
}

func trim(s string) string {
	for s != "" && blank(s[0]) {
		s = s[1:]
	}
	for s != "" && blank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
