package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/runtime/reason"
)

// TestRefusalsClose: a request that is malformed or over a limit is answered with its
// status, says Connection: close, ends the connection though the client's side is open,
// and is recorded with its reason. What follows it is not served.
func TestRefusalsClose(t *testing.T) {
	up := newRecorder(t, ok2)
	lim := Limits{RequestLineBytes: 256, HeadBytes: 1024, Fields: 5, BodyBytes: 4, HeaderTimeout: span, BodyTimeout: span}
	g := newGateway(t, up.addr, Config{Limits: lim}, nil)
	const start = "POST / HTTP/1.1\r\nHost: a\r\n"
	for i, c := range []struct {
		in     string
		status int
		code   reason.Code
	}{
		{start + "Content-Length: 5\r\n\r\nabcde", 413, reason.BodyTooLarge},
		{start + "Content-Length: 5\r\n\r\n", 413, reason.BodyTooLarge},
		{start + "Content-Length: 500000\r\n\r\nabc", 413, reason.BodyTooLarge},
		{start + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", 413, reason.BodyTooLarge},
		{start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 413, reason.BodyTooLarge},
		{start + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 413, reason.BodyTooLarge},
		{start + "Content-Length: 3\r\n\r\na", 408, reason.ClientTimeout},
		{start + "Transfer-Encoding: chunked\r\n\r\n3\r\na", 408, reason.ClientTimeout},
		{start, 408, reason.RequestTimeout},
		{start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, reason.BadRequest},
		{start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400, reason.BadRequest},
		{"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, reason.BadRequest},
		{"GET / HTTP/1.1\r\n\r\n", 400, reason.BadRequest},
		{"GET /" + strings.Repeat("a", 300) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, reason.URITooLong},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 2000) + "\r\n\r\n", 431, reason.HeadTooLarge},
		{"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: 1\r\n", 6) + "\r\n", 431, reason.HeadTooLarge},
		{start + "Expect: tea\r\nContent-Length: 1\r\n\r\na", 417, reason.ExpectationFailed},
		{start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, reason.NotImplemented},
		{"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501, reason.NotImplemented},
		{"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, reason.VersionUnsupported},
	} {
		nc := dial(t, g.addr)
		_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
		in := c.in
		if c.status != 408 {
			in += "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
		}
		_, _ = io.WriteString(nc, in)
		br := bufio.NewReader(nc)
		r, err := http.ReadResponse(br, nil)
		if err != nil || r.StatusCode != c.status || !r.Close {
			t.Fatalf("%q: got %+v, %v, want %d", c.in, r, err, c.status)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if b, err := io.ReadAll(br); len(b) > 0 || err != nil {
			t.Errorf("%q: after the answer comes %q, %v", c.in, b, err)
		}
		_ = nc.Close()
		if rec := g.records.wait(t, i+1); rec.Reason != c.code || rec.Status != c.status {
			t.Errorf("%q: recorded as %v %d", c.in, rec.Reason, rec.Status)
		}
	}
	if seen := fmt.Sprint(up.seen()); strings.Contains(seen, "/next") {
		t.Errorf("the upstream saw %s", seen)
	}
}
