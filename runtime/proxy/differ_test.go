package proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// stricter says why we refuse a head that net/http accepts; "" is no reason that is
// known. Each is a rule that is ours on purpose.
func stricter(b []byte, code reason.Code, q *http.Request) string {
	head := string(b)
	if end := strings.Index(head, "\r\n\r\n"); end >= 0 {
		head = head[:end+4]
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(head, "\r\n"), "\n")
	target := ""
	if parts := strings.Split(first, " "); len(parts) > 1 {
		target = parts[1]
	}
	raw := rawFields(rest)
	switch {
	case strings.ContainsAny(strings.ReplaceAll(head, "\r\n", ""), "\r\n"):
		return "a bare LF or CR is no end of a line (RFC 9112 section 2.2)"
	case strings.Contains(head, "\n ") || strings.Contains(head, "\n\t"):
		return "no folding (RFC 9112 section 5.2)"
	case !cleanNames(raw):
		return "a field's name is a token (RFC 9110 section 5.1); net/http takes spaces in it"
	case code == reason.VersionUnsupported && q.ProtoMajor != 1:
		return "only HTTP/1 is spoken on the connection"
	case code == reason.NotImplemented && q.Method == "CONNECT":
		return "no tunnel is opened"
	case code == reason.ExpectationFailed && q.Header.Get("Expect") != "":
		return "no other expectation can be met (RFC 9110 section 10.1.1)"
	case code == reason.URITooLong, code == reason.HeadTooLarge:
		return "the head has limits"
	case len(q.Method) > maxMethod:
		return "the method has a limit"
	case len(raw["host"]) == 0 && q.ProtoMinor > 0:
		return "HTTP/1.1 has a Host field (RFC 9112 section 3.2); net/http's server asks for it later"
	case len(raw["host"]) == 1 && !validHost(raw["host"][0]):
		return "Host is a host and a port, nothing else"
	case len(raw["transfer-encoding"]) > 0 && (q.ProtoMinor == 0 || len(raw["content-length"]) > 0 || len(raw["transfer-encoding"]) > 1):
		return "Transfer-Encoding stands alone and in HTTP/1.1 (RFC 9112 section 6.1)"
	case len(raw["content-length"]) > 1:
		return "one Content-Length; net/http takes equal ones for one"
	case len(raw["content-length"]) == 1 && len(raw["content-length"][0]) > 18:
		return "a length has 18 digits at most"
	case len(raw["content-length"]) == 1 && raw["content-length"][0] == "":
		return "an empty length is none"
	case q.ProtoMajor == 0:
		return "no version 0"
	case target == "*" && q.Method != "OPTIONS":
		return "the asterisk belongs to OPTIONS (RFC 9112 section 3.2.4)"
	case strings.ContainsAny(target, "#"):
		return "a target has no fragment (RFC 9112 section 3.2)"
	case target != "" && target[0] != '/' && target != "*" && !ourAbsolute(target, raw["host"]):
		return "an absolute target is http or https, with a host that is that of the Host field"
	case connectionInvalid(raw["connection"]):
		return "Connection lists up to eight names"
	}
	return ""
}

// looser says why we accept a head that net/http refuses.
func looser(err error, target string) string {
	switch text := err.Error(); {
	case strings.Contains(text, "invalid URL escape"), strings.Contains(text, "parse "):
		if _, _, ok := table.AppendCanonical(nil, strings.SplitN(target, "?", 2)[0]); !ok {
			return "the path is refused when it is made canonical"
		}
		return "net/url is no judge of authorities that we compare with Host"
	case strings.Contains(text, "bad trailer key"):
		return "Trailer only announces: the field itself is dropped when it comes"
	}
	return ""
}

// rawFields reads the field lines as they stand.
func rawFields(lines string) map[string][]string {
	out := map[string][]string{}
	for l := range strings.SplitSeq(lines, "\r\n") {
		if name, value, ok := strings.Cut(l, ":"); ok {
			name = strings.ToLower(name)
			out[name] = append(out[name], strings.Trim(value, " \t"))
		}
	}
	return out
}

// ourAbsolute tells whether an absolute target is one that we take beside these hosts.
func ourAbsolute(target string, hosts []string) bool {
	rest, ok := cutScheme(target)
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	return ok && validHost(rest) && (len(hosts) == 0 || filter.EqualFold(hosts[0], rest))
}

func cleanNames(fields map[string][]string) bool {
	for name := range fields {
		if !cleanToken(name) {
			return false
		}
	}
	return true
}

func connectionInvalid(values []string) bool {
	var f framing
	for _, v := range values {
		if f.options(v) == invalid {
			return true
		}
	}
	return false
}

// FuzzAgainstNetHTTP compares what our parser and that of net/http accept. A difference
// must have a reason above.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, head := range []string{
		"GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nab",
		"GET http://a:80/x HTTP/1.0\r\nHost: [::1]:80\r\nConnection: a, close\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\nD : e\r\n\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var ours requestHead
		var h filter.Header
		n, code := ours.parse(b, &h, true, headLimits{8 << 10, 64 << 10, 128})
		if n == 0 && code == reason.OK {
			return // not whole: net/http has no such answer
		}
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		switch {
		case code != reason.OK && err == nil:
			if stricter(b, code, theirs) == "" {
				t.Fatalf("we refuse %q (%v), net/http does not", b, code)
			}
		case code == reason.OK && err != nil:
			if looser(err, ours.target) == "" {
				t.Fatalf("we accept %q, net/http does not: %v", b, err)
			}
		case code == reason.OK:
			same(t, b, &ours, theirs)
		}
	})
}

// same fails when two parsers that accept a head read it differently.
func same(t *testing.T, b []byte, ours *requestHead, theirs *http.Request) {
	t.Helper()
	chunked := len(theirs.TransferEncoding) > 0
	if ours.method != theirs.Method || ours.target != theirs.RequestURI || ours.chunked != chunked {
		t.Fatalf("%q: method, target or coding differ: %+v, %+v", b, ours, theirs)
	}
	if !chunked && max(ours.length, 0) != theirs.ContentLength {
		t.Fatalf("%q: length %d, net/http %d", b, ours.length, theirs.ContentLength)
	}
	if ours.http10 != (theirs.ProtoMinor == 0) {
		t.Fatalf("%q: version differs", b)
	}
	if !ours.persistent() && !theirs.Close {
		t.Fatalf("%q: we close, net/http does not", b)
	}
}
