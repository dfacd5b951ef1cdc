package replay

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

func TestAnswersRead(t *testing.T) {
	for name, c := range map[string]struct{ method, answer, expect string }{
		"length":          {"GET", ok, `{"status": 200, "body": "ok", "headers": {"content-length": "2"}}`},
		"chunked":         {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-T: 1\r\n\r\n", `{"status": 200, "body": "ok", "headers": {"transfer-encoding": "chunked"}}`},
		"until the close": {"GET", "HTTP/1.1 200 OK\r\n\r\nok" + hangUp, `{"body": "ok", "absentHeaders": ["content-length"]}`},
		"HTTP/1.0":        {"GET", "HTTP/1.0 200 OK\r\n\r\nok" + hangUp, `{"body": "ok"}`},
		"HEAD":            {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", `{"status": 200, "body": "", "headers": {"content-length": "99"}}`},
		"204":             {"GET", "HTTP/1.1 204 No Content\r\n\r\n", `{"status": 204, "body": {"present": false}}`},
		"304 with length": {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", `{"status": 304}`},
		"interim answers": {"GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok, `{"status": 200, "absentHeaders": ["link"]}`},
		"101":             {"GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", `{"status": 101, "headers": {"upgrade": "x"}}`},
		"no reason":       {"GET", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", `{"status": 404}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, c.answer)
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, `{"request": {"method": "`+c.method+`", "path": "/"}, "expect": `+c.expect+`}`))
			if !r.Passed {
				t.Error(told(r))
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"closed at once":           {hangUp, "the connection was closed without an answer"},
		"closed in the head":       {"HTTP/1.1 200 OK\r\nContent-" + hangUp, "the connection was closed in the middle of the answer"},
		"closed after the status":  {"HTTP/1.1 200 OK\r\n" + hangUp, "the connection was closed in the middle of the answer"},
		"closed in the body":       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour" + hangUp, "the connection was closed after 4 of 10 bytes of the body"},
		"closed between chunks":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" + hangUp, "the connection was closed after 2 bytes of the body, before its last chunk"},
		"closed before trailers":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + hangUp, "the connection was closed in the middle of the answer"},
		"a bad chunk":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n", "a malformed answer: a chunk after 0 bytes of the body: invalid byte in chunk length"},
		"silent":                   {silence, "no whole answer within 50ms"},
		"silent in the body":       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour" + silence, "no whole answer within 50ms"},
		"no HTTP":                  {"SSH-2.0-x\r\n" + silence, `a malformed answer: "SSH-2.0-x" is no status line`},
		"a status of two digits":   {"HTTP/1.1 20 OK\r\n\r\n", `a malformed answer: "HTTP/1.1 20 OK" is no status line`},
		"lines without CR":         {"HTTP/1.1 200 OK\n\n", `a malformed answer: "HTTP/1.1 200 OK\n" does not end in CRLF`},
		"a folded header":          {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", `a malformed answer: " c" is no header line`},
		"a space before the colon": {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", `a malformed answer: "A : b" is no header line`},
		"two framings":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "a malformed answer: both transfer-encoding and content-length are there"},
		"two lengths":              {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", `a malformed answer: content-length "3", "3" is no length`},
		"a negative length":        {"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", `a malformed answer: content-length "-3" is no length`},
		"an unknown coding":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", `a malformed answer: transfer-encoding "gzip" is not understood`},
		"more than the answer":     {ok + "extra", "more bytes came than the answer has"},
		"a huge length":            {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc", "the body of the answer is larger than 64 MiB"},
		"a huge head":              {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", maxHead) + "\r\n\r\n", "the head of the answer is larger than 262144 bytes"},
		"interim answers for ever": {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), "more than 16 interim answers came before the final one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, c.answer)
			p := &Player{Address: s.addr, Timeout: 10 * time.Second}
			if strings.Contains(c.answer, silence) && strings.Contains(c.want, "within") {
				p.Timeout = 50 * time.Millisecond
			}
			r := p.Play(t.Context(), 0, newCase(t, `{"request": {"path": "/"}, "expect": {"status": 200}}`))
			if got := told(r); r.Passed || got != "exchange: an answer | "+c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestHugeBody sends more than is kept, by chunks, and looks what is left of it.
func TestHugeBody(t *testing.T) {
	chunk := "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n"
	s := newScript(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 65)+"0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 3)+"0\r\n\r\n")
	p := &Player{Address: s.addr}
	c := newCase(t, `{"request": {"path": "/"}, "expect": {"status": 200}}`)
	if r := p.Play(t.Context(), 0, c); told(r) != "exchange: an answer | the body of the answer is larger than 64 MiB" {
		t.Error(told(r))
	}
	if r := p.Play(t.Context(), 0, c); !r.Passed || r.Got.BodySize != 3<<20 || len(r.Got.Body) != cases.MaxAnswerBody {
		t.Errorf("got %d of %d bytes, %s", len(r.Got.Body), r.Got.BodySize, told(r))
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add("GET", []byte(ok))
	f.Add("HEAD", []byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
	f.Add("GET", []byte("HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n0\r\nA: b\r\n\r\n"))
	f.Add("GET", []byte("HTTP/1.0 500\r\nx-lintel-route: a/b\r\n\r\nbody"))
	f.Fuzz(func(t *testing.T, method string, raw []byte) {
		a, err := readAnswer(bufio.NewReader(bytes.NewReader(raw)), method, maxBody)
		if err != nil {
			return
		}
		if a.Status < 100 || a.Status > 999 || int64(len(a.body)) != a.BodySize || len(a.body) > len(raw) {
			t.Errorf("status %d, %d of %d bytes", a.Status, len(a.body), a.BodySize)
		}
		if v := a.Headers["content-length"]; v != nil && len(a.body) > 0 {
			if n, err := strconv.Atoi(v[0]); err != nil || n != len(a.body) {
				t.Errorf("content-length %q for %d bytes", v, len(a.body))
			}
		}
		for name := range a.Headers {
			if name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, " \r\n:") {
				t.Errorf("a header is named %q", name)
			}
		}
	})
}
