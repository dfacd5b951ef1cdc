package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Bounds of one answer.
const (
	maxHead    = 256 << 10 // bytes of the head, and of the trailers
	maxBody    = 64 << 20  // bytes of the body
	maxInterim = 16        // interim answers (1xx) before the final one
)

// answer is an answer as the client saw it.
type answer struct {
	cases.Answer
	// said tells that the gateway named the route.
	said bool
	// body is the whole body when something is compared with it, else its first
	// bytes.
	body []byte
	// close tells that the connection ends with this answer.
	close bool
	// cut tells that the answer broke off: its connection ended before it did.
	cut bool
	// took is the time from the first byte sent to the last one received.
	took time.Duration
	// messages are what came back over a WebSocket; broken says what was wrong with
	// the one that should have come next, or with the close.
	messages []string
	broken   string
}

// shown is the answer as a Result holds it, without secrets.
func (a *answer) shown(hide mask) *cases.Answer {
	out := a.Answer
	body := a.body[:min(len(a.body), hide.keep())]
	text := hide.text(string(body))
	if int64(len(body)) < a.BodySize {
		// What was cut off may have made a secret of the last bytes.
		text = text[:max(0, len(text)-hide.longest)]
	}
	out.Body = strings.ToValidUTF8(text[:min(len(text), cases.MaxAnswerBody)], "\uFFFD")
	out.Headers = make(map[string][]string, len(a.Headers))
	for name, values := range a.Headers {
		out.Headers[name] = hide.texts(values)
	}
	return &out
}

// readAnswer reads the final answer to a request with this method, strictly (RFC
// 9112), and keeps the first bytes of its body. When the answer breaks off, what there
// is of it is returned with the error.
func readAnswer(br *bufio.Reader, method string, keep int64) (*answer, error) {
	for range maxInterim {
		a, http10, err := readHead(br)
		if err != nil {
			return nil, err
		}
		if a.Status < 200 && a.Status != 101 {
			continue
		}
		return a, a.readBody(br, method, http10, keep)
	}
	return nil, fmt.Errorf("more than %d interim answers came before the final one", maxInterim)
}

// readHead reads the status line and the fields.
func readHead(br *bufio.Reader) (a *answer, http10 bool, err error) {
	left := maxHead
	status, err := readLine(br, &left)
	if err != nil {
		return nil, false, err
	}
	a = new(answer)
	version, rest, _ := strings.Cut(status, " ")
	code, _, _ := strings.Cut(rest, " ")
	a.Status, err = strconv.Atoi(code)
	if err != nil || len(code) != 3 || a.Status < 100 || version != "HTTP/1.1" && version != "HTTP/1.0" {
		return nil, false, malformed("%s is no status line", excerpt(status))
	}
	if a.Headers, err = readFields(br, &left); err != nil {
		return nil, false, err
	}
	a.Route, a.said = first(a.Headers["x-lintel-route"])
	a.Bundle, _ = first(a.Headers["x-lintel-bundle"])
	a.Upstream, _ = first(a.Headers["x-lintel-upstream"])
	http10 = version == "HTTP/1.0"
	for _, v := range a.Headers["connection"] {
		a.close = a.close || slices.ContainsFunc(tokens(v), func(t string) bool { return strings.EqualFold(t, "close") })
	}
	a.close = a.close || http10
	return a, http10, nil
}

// readFields reads fields up to the empty line; names are in lower case.
func readFields(br *bufio.Reader, left *int) (map[string][]string, error) {
	fields := map[string][]string{}
	for {
		line, err := readLine(br, left)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return fields, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsFunc(name, notToken) {
			return nil, malformed("%s is no header line", excerpt(line))
		}
		name = strings.ToLower(name)
		fields[name] = append(fields[name], strings.Trim(value, " \t"))
	}
}

// readLine reads a line, which must end in CRLF, and takes it from what is left.
func readLine(br *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", fmt.Errorf("the head of the answer is larger than %d bytes", maxHead)
		}
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && (len(line) > 0 || *left < maxHead) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.ContainsAny(text, "\r\x00") {
		return "", malformed("%s does not end in CRLF", excerpt(string(line)))
	}
	return string(text), nil
}

// readBody reads what follows the head (RFC 9112, section 6.3).
func (a *answer) readBody(br *bufio.Reader, method string, http10 bool, keep int64) error {
	codings, lengths := a.Headers["transfer-encoding"], a.Headers["content-length"]
	switch {
	case a.Status < 200 || a.Status == 204 || a.Status == 304 || method == "HEAD":
		return nil
	case codings != nil && lengths != nil:
		return malformed("both transfer-encoding and content-length are there")
	case codings != nil:
		if len(codings) != 1 || !strings.EqualFold(codings[0], "chunked") || http10 {
			return malformed("transfer-encoding %s is not understood", quoted(codings))
		}
		return a.readChunks(br, keep)
	case lengths != nil:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil || len(lengths) != 1 {
			return malformed("content-length %s is no length", quoted(lengths))
		}
		if n > maxBody {
			return errTooLarge
		}
		if err := a.take(io.LimitReader(br, int64(n)), keep); err != nil {
			return err
		}
		if a.BodySize < int64(n) {
			return &cutError{fmt.Sprintf("the connection was closed after %d of %d bytes of the body", a.BodySize, n)}
		}
		return nil
	}
	a.close = true
	return a.take(br, keep)
}

func (a *answer) readChunks(br *bufio.Reader, keep int64) error {
	if err := a.take(httputil.NewChunkedReader(br), keep); err != nil {
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return &cutError{fmt.Sprintf("the connection was closed after %d bytes of the body, before its last chunk", a.BodySize)}
		case errors.Is(err, errTooLarge) || ofConnection(err):
			return err
		}
		return malformed("a chunk after %d bytes of the body: %w", a.BodySize, err)
	}
	left := maxHead
	_, err := readFields(br, &left)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// take reads a body to its end, and keeps the first bytes of it.
func (a *answer) take(r io.Reader, keep int64) error {
	r = io.LimitReader(r, maxBody+1)
	var kept bytes.Buffer
	_, err := io.Copy(&kept, io.LimitReader(r, keep))
	a.body, a.BodySize = kept.Bytes(), int64(kept.Len())
	if err == nil {
		var more int64
		more, err = io.Copy(io.Discard, r)
		a.BodySize += more
	}
	if err == nil && a.BodySize > maxBody {
		return errTooLarge
	}
	return err
}

var errTooLarge = fmt.Errorf("the body of the answer is larger than %d MiB", maxBody>>20)

// cutError says where an answer broke off.
type cutError struct{ text string }

func (e *cutError) Error() string { return e.text }

// Unwrap is io.ErrUnexpectedEOF: the connection ended.
func (e *cutError) Unwrap() error { return io.ErrUnexpectedEOF }

func malformed(format string, args ...any) error {
	return fmt.Errorf("a malformed answer: "+format, args...)
}

func first(values []string) (string, bool) {
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// notToken tells whether a character may not stand in a field's name (RFC 9110,
// section 5.6.2).
func notToken(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
}
