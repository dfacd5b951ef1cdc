package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// request is what goes over the wire.
type request struct {
	head   []byte // up to and without the empty line
	body   []byte
	method string
	// key is the upgrade's key when the case has its own.
	key string
	// protocols are the subprotocols that an upgrade offers.
	protocols []string
}

// encode writes the request as it is: the client of the standard library would tidy
// it. The Host field, the length and the type of the content are added unless the
// case has fields of those names.
func encode(q *cases.Request) (*request, error) {
	r := &request{method: orElse(q.Method, "GET")}
	path := orElse(q.Path, "/")
	if err := oneLine(map[string]string{"method": r.method, "path": path, "host": q.Host}); err != nil {
		return nil, err
	}
	body, typed := q.Content()
	r.body = []byte(body)
	if typed {
		// A set is indented for people; what is sent must not depend on that.
		var b bytes.Buffer
		if err := json.Compact(&b, r.body); err != nil {
			return nil, fmt.Errorf("the request's json is none: %w", err)
		}
		r.body = b.Bytes()
	}
	var own bytes.Buffer
	given := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		v := q.Headers[name]
		given[strings.ToLower(name)] = true
		if v.Text != nil {
			return nil, fmt.Errorf("the header %s of the request is a test and no value", name)
		}
		for _, text := range v.Texts {
			if strings.ContainsAny(name+text, "\r\n") {
				return nil, fmt.Errorf("the header %q of the request has a line break: it is not sent", name)
			}
			fmt.Fprintf(&own, "%s: %s\r\n", name, text)
			switch strings.ToLower(name) {
			case "sec-websocket-key":
				r.key = text
			case "sec-websocket-protocol":
				r.protocols = append(r.protocols, tokens(text)...)
			}
		}
	}
	var b bytes.Buffer
	b.Grow(256 + own.Len() + len(r.body))
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, path)
	if !given["host"] {
		fmt.Fprintf(&b, "Host: %s\r\n", q.Host)
	}
	b.Write(own.Bytes())
	if typed && !given["content-type"] {
		b.WriteString("Content-Type: application/json\r\n")
	}
	if !given["content-length"] && !given["transfer-encoding"] && (len(r.body) > 0 || wantsLength(r.method)) {
		b.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	if q.WebSocket != nil {
		for _, f := range [][2]string{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}} {
			if !given[strings.ToLower(f[0])] {
				b.WriteString(f[0] + ": " + f[1] + "\r\n")
			}
		}
	}
	r.head = b.Bytes()
	return r, nil
}

// wantsLength tells whether a request without content says so (RFC 9110, section
// 8.6).
func wantsLength(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}

func oneLine(parts map[string]string) error {
	for _, what := range slices.Sorted(maps.Keys(parts)) {
		if strings.ContainsAny(parts[what], "\r\n") {
			return fmt.Errorf("the %s %q of the request has a line break: it is not sent", what, parts[what])
		}
	}
	return nil
}

// tokens are the elements of a comma-separated list (RFC 9110, section 5.6.1).
func tokens(list string) (out []string) {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.Trim(t, " \t"); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
