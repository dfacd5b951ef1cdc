package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// Seen is one request as the upstream read it.
type Seen struct {
	Request
	// Fields and Trailers are lines "name: value" with names in lower case.
	Fields, Trailers []string
	// Whole tells that the body came to its declared end.
	Whole bool
	// Broken says what is not HTTP/1.1 about it, "" when all is well.
	Broken string
}

const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func token(s string) bool { return s != "" && strings.Trim(s, tokenChars) == "" }

// clean tells that s has no control bytes but tabs.
func clean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// plain tells that s has no byte that must be refused or replaced in text. Other control
// bytes may be kept (RFC 9110 section 5.5): a proxy that does is lenient, not unsafe.
func plain(s string) bool { return !strings.ContainsAny(s, "\x00\r\n") }

// line reads to CRLF and leaves it out.
func line(r *bufio.Reader) (string, error) {
	s, err := r.ReadString('\n')
	if err != nil {
		return s, err
	}
	if !strings.HasSuffix(s, "\r\n") {
		return s, fmt.Errorf("bare LF in %q", s)
	}
	return s[:len(s)-2], nil
}

// fields reads field lines to the empty one.
func fields(r *bufio.Reader) ([]string, error) {
	var out []string
	for {
		l, err := line(r)
		if err != nil || l == "" {
			return out, err
		}
		name, value, ok := strings.Cut(l, ":")
		if !ok || !token(name) || !plain(value) {
			return out, fmt.Errorf("field line %q", l)
		}
		out = append(out, strings.ToLower(name)+": "+strings.Trim(value, " \t"))
	}
}

// values returns the values of a field.
func values(fields []string, name string) []string {
	var out []string
	for _, f := range fields {
		if v, ok := strings.CutPrefix(f, name+": "); ok {
			out = append(out, v)
		}
	}
	return out
}

// readHead reads the head of a request as strictly as RFC 9112 lets a server be. It
// returns nil at the end of the connection. What is wrong is said in Broken; a head that
// is not whole has no method.
func readHead(r *bufio.Reader) *Seen {
	first, err := line(r)
	if err == io.EOF && first == "" {
		return nil
	}
	s := &Seen{}
	if err != nil {
		s.fail(err)
		return s
	}
	parts := strings.Split(first, " ")
	if len(parts) != 3 || !token(parts[0]) || parts[1] == "" || !clean(parts[1]) || parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0" {
		s.Broken = fmt.Sprintf("request line %q", first)
		return s
	}
	if s.Fields, err = fields(r); err != nil {
		s.fail(err)
		return s
	}
	s.Method, s.Target = parts[0], parts[1]
	length, coding := values(s.Fields, "content-length"), values(s.Fields, "transfer-encoding")
	switch host := values(s.Fields, "host"); {
	case len(host) != 1:
		s.Broken = fmt.Sprintf("%d Host fields", len(host))
	case len(coding) > 0 && (len(length) > 0 || len(coding) > 1 || !strings.EqualFold(coding[0], "chunked") || parts[2] == "HTTP/1.0"):
		s.Broken = fmt.Sprintf("Transfer-Encoding %q, Content-Length %q in %s", coding, length, parts[2])
	case len(length) > 1, len(length) == 1 && strings.Trim(length[0], "0123456789") != "":
		s.Broken = fmt.Sprintf("Content-Length %q", length)
	}
	return s
}

// fail notes an error of reading; the end of the connection is nothing broken.
func (s *Seen) fail(err error) {
	if err != io.EOF && err != io.ErrUnexpectedEOF && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
		s.Broken = err.Error()
	}
}

// readBody reads the body of s and says whether it came to its end.
func (s *Seen) readBody(r *bufio.Reader) {
	switch length := values(s.Fields, "content-length"); {
	case len(values(s.Fields, "transfer-encoding")) > 0:
		if err := s.chunks(r); err != nil {
			s.fail(err)
			return
		}
	case len(length) == 1:
		n, err := strconv.ParseInt(length[0], 10, 64)
		if err != nil {
			s.Broken = fmt.Sprintf("Content-Length %q", length[0])
			return
		}
		body, err := io.ReadAll(io.LimitReader(r, n))
		s.Body = string(body)
		if int64(len(body)) < n || err != nil {
			return
		}
	}
	s.Whole = true
}

// chunks reads a chunked body.
func (s *Seen) chunks(r *bufio.Reader) error {
	for {
		l, err := line(r)
		if err != nil {
			return err
		}
		size, extension, _ := strings.Cut(l, ";")
		n, err := strconv.ParseUint(size, 16, 48)
		if err != nil || strings.Trim(size, "0123456789abcdefABCDEF") != "" || !plain(extension) {
			return fmt.Errorf("chunk size line %q", l)
		}
		if n == 0 {
			s.Trailers, err = fields(r)
			return err
		}
		data, err := io.ReadAll(io.LimitReader(r, int64(n)))
		s.Body += string(data)
		if err != nil || uint64(len(data)) < n {
			return io.ErrUnexpectedEOF
		}
		if end, err := line(r); err != nil || end != "" {
			if err == nil {
				err = fmt.Errorf("%q behind a chunk", end)
			}
			return err
		}
	}
}
