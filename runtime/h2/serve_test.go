package h2

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

// echo answers with the content that it gets, and tells the head in fields.
func echo(s *Stream) {
	q := s.Head()
	var h filter.Header
	h.Add("X-Method", q.Method)
	h.Add("X-Path", q.Path)
	h.Add("x-authority", q.Authority)
	h.Add("x-scheme", q.Scheme)
	h.Add("x-length", fmt.Sprint(q.Length))
	for _, f := range q.Header.Fields() {
		h.Add("x-got-"+f.Name, f.Value)
	}
	h.Add("connection", "close") // must not be sent
	h.Add("content-type", "text/plain")
	if _, err := s.Respond(200, &h, -1, nil, false); err != nil {
		return
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := s.Read(buf)
		if n > 0 {
			if _, err := s.Write(buf[:n]); err != nil {
				return
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return
		}
	}
	_ = s.End(s.Trailer())
}

// both runs a test over plain TCP and over TLS.
func both(t *testing.T, test func(t *testing.T, srv, cli *tls.Config)) {
	t.Run("plain", func(t *testing.T) { test(t, nil, nil) })
	t.Run("tls", func(t *testing.T) {
		srv, cli := certificates(t)
		test(t, srv, cli)
	})
}

func TestServeHead(t *testing.T) {
	both(t, func(t *testing.T, sc, cc *tls.Config) {
		srv := serve(t, Config{}, sc, echo)
		tr := transport(t, srv.addr, cc)
		for range 3 {
			resp, body := get(t, tr, "GET", origin(cc)+"/x?y=1", nil, "Cookie", "a=1; b=2", "X-Some", "v")
			want := map[string]string{
				"x-method": "GET", "x-path": "/x?y=1", "x-authority": "a.example", "x-scheme": strings.TrimSuffix(origin(cc), "://a.example"), "x-length": "-1",
				"x-got-cookie": "a=1; b=2", "x-got-x-some": "v", "content-type": "text/plain", "connection": "",
			}
			for name, v := range want {
				if resp.Header.Get(name) != v {
					t.Errorf("%s is %q, want %q", name, resp.Header.Get(name), v)
				}
			}
			if resp.StatusCode != 200 || body != "" {
				t.Errorf("got %d, %q", resp.StatusCode, body)
			}
		}
	})
}

// TestServeBodies: content of many sizes passes both ways at once, over small windows too.
func TestServeBodies(t *testing.T) {
	both(t, func(t *testing.T, sc, cc *tls.Config) {
		for _, cfg := range []Config{{}, {StreamWindow: 1000, ConnWindow: 70000}} {
			srv := serve(t, cfg, sc, echo)
			tr := transport(t, srv.addr, cc)
			for _, size := range []int{1, 100, 16384, 65535, 65536, 300000, 3 << 20} {
				want := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
				_, got := get(t, tr, "POST", origin(cc)+"/", strings.NewReader(want))
				if got != want {
					t.Fatalf("%d bytes came back as %d others", len(want), len(got))
				}
			}
		}
	})
}

// TestServeConcurrent: many streams at once, on one connection, do not mix.
func TestServeConcurrent(t *testing.T) {
	both(t, func(t *testing.T, sc, cc *tls.Config) {
		srv := serve(t, Config{StreamWindow: 20000, ConnWindow: 100000}, sc, echo)
		tr := transport(t, srv.addr, cc)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				for j := range 10 {
					want := bytes.Repeat([]byte{byte(i), byte(j)}, 100+i*1000)
					_, got := get(t, tr, "POST", origin(cc)+"/", bytes.NewReader(want))
					if got != string(want) {
						t.Errorf("stream %d of %d got what another sent", j, i)
					}
				}
			})
		}
		all.Wait()
		srv.each(func(c *Conn) {
			eventually(t, "no open stream", func() bool { return c.Streams() == 0 && c.Idle() > 0 })
		})
	})
}

func TestServeTrailers(t *testing.T) {
	srv := serve(t, Config{}, nil, echo)
	tr := transport(t, srv.addr, nil)
	req, _ := http.NewRequest("POST", origin(nil)+"/", io.NopCloser(strings.NewReader("body")))
	req.Trailer = http.Header{"X-Sum": {"42"}}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if string(b) != "body" || err != nil || resp.Trailer.Get("X-Sum") != "42" {
		t.Errorf("got %q, %v, trailer %v", b, err, resp.Trailer)
	}
}
