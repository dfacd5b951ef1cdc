package replay

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// script is a server that answers each request with the next text, byte for byte.
type script struct {
	addr string

	mu       sync.Mutex
	requests []string
	conns    int
}

// Marks in an answer of a script.
const (
	hangUp  = "\x00close" // at the end: the connection is closed
	silence = "\x00wait"  // at the end: nothing more comes
)

func newScript(t *testing.T, answers ...string) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{addr: l.Addr().String()}
	next := make(chan string, len(answers))
	for _, a := range answers {
		next <- a
	}
	var running sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() {
		close(ended)
		_ = l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			s.mu.Unlock()
			running.Go(func() { s.serve(c, next, ended) })
		}
	})
	return s
}

func (s *script) serve(c net.Conn, next chan string, ended chan struct{}) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		<-ended
		_ = c.SetDeadline(time.Unix(1, 0))
	}()
	br := bufio.NewReader(c)
	for {
		request := readRequest(br)
		if request == "" {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request)
		s.mu.Unlock()
		var answer string
		select {
		case answer = <-next:
		default:
			return
		}
		text, _, close := strings.Cut(answer, hangUp)
		text, _, wait := strings.Cut(text, silence)
		if _, err := io.WriteString(c, text); err != nil || close {
			return
		}
		if wait {
			<-ended
			return
		}
	}
}

// readRequest reads a head and, by its length, a body.
func readRequest(br *bufio.Reader) string {
	var b strings.Builder
	length := 0
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return ""
		}
		b.WriteString(line)
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(name, "content-length") {
			for _, c := range strings.TrimSpace(value) {
				length = length*10 + int(c-'0')
			}
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(br, body); err != nil {
		return ""
	}
	return b.String() + string(body)
}

func (s *script) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// newEcho is an echo that stands for the upstream "orders".
func newEcho(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(echo.Handler("orders"))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// newCase reads a case as an author's JSON; the route is absent unless it is given.
func newCase(t *testing.T, spec string) *cases.Case {
	t.Helper()
	s, err := cases.ParseSpec([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	if s.Expect.Route == nil {
		s.Expect.Route = new(string)
	}
	return &cases.Case{Route: "shop.example/orders", Name: "a case", Spec: s}
}

// told is a result's mismatches as "field: want, got".
func told(r cases.Result) string {
	var lines []string
	for _, m := range r.Mismatches {
		lines = append(lines, m.Field+": "+m.Want+" | "+m.Got)
	}
	return strings.Join(lines, "\n")
}

func body(t *testing.T, r cases.Result) (a echo.Answer) {
	t.Helper()
	if r.Got == nil {
		t.Fatalf("there is no answer: %s", told(r))
	}
	if err := json.Unmarshal([]byte(r.Got.Body), &a); err != nil {
		t.Fatal(err)
	}
	return a
}
