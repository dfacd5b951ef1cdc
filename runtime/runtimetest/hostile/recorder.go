package hostile

import (
	"bufio"
	"fmt"
	"net"
	"sync"
)

// Recorder is an upstream that keeps what it read. It answers each whole request with
// the request's target as the body, and ends a connection on which something came that
// is no HTTP/1.1.
type Recorder struct {
	ln net.Listener
	wg sync.WaitGroup

	mu   sync.Mutex
	seen []*Seen
	open map[net.Conn]bool
}

// NewRecorder starts a recorder at a free port of the loopback.
func NewRecorder() (*Recorder, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Recorder{ln: ln, open: map[net.Conn]bool{}}
	r.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.open[nc] = true
			r.mu.Unlock()
			r.wg.Go(func() { r.serve(nc) })
		}
	})
	return r, nil
}

// Address is host:port.
func (r *Recorder) Address() string { return r.ln.Addr().String() }

// Close ends the recorder and its connections.
func (r *Recorder) Close() {
	_ = r.ln.Close()
	r.mu.Lock()
	for nc := range r.open {
		_ = nc.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
}

func (r *Recorder) serve(nc net.Conn) {
	defer func() {
		_ = nc.Close()
		r.mu.Lock()
		delete(r.open, nc)
		r.mu.Unlock()
	}()
	in := bufio.NewReader(nc)
	for {
		s := readHead(in)
		if s == nil {
			return
		}
		kept := *s
		r.mu.Lock()
		r.seen = append(r.seen, &kept)
		r.mu.Unlock()
		if s.Broken == "" && s.Method != "" {
			s.readBody(in)
			r.mu.Lock()
			kept = *s
			r.mu.Unlock()
		}
		if s.Broken != "" {
			_, _ = nc.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
		}
		if !s.Whole {
			return
		}
		body := s.Target
		if s.Method == "HEAD" {
			body = ""
		}
		if _, err := fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(s.Target), body); err != nil {
			return
		}
	}
}

// take returns what was seen since the last call.
func (r *Recorder) take() []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Seen
	for _, s := range r.seen {
		out = append(out, *s)
	}
	r.seen = nil
	return out
}
