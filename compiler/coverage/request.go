package coverage

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Request is the request of a case as the gateway's table sees it. It reports false
// for a path that a gateway refuses before it looks for a route.
func Request(q *cases.Request) (*table.Request, bool) {
	r := &table.Request{Method: q.Method, Host: table.CanonicalHost(q.Host), Header: &filter.Header{}}
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		for _, value := range texts(q.Headers[name]) {
			r.Header.Add(name, value)
		}
	}
	implied(r.Header, q)
	var path string
	path, r.Query, _ = strings.Cut(q.Path, "?")
	var ok bool
	r.Path, ok = table.CanonicalPath(path)
	return r, ok
}

// texts are the values that are sent; a secret's name stands for its value.
func texts(v cases.Values) []string {
	if v.Secret != nil {
		return []string{v.Secret.Prefix + v.Secret.Secret}
	}
	return v.Texts
}

// implied adds the fields that are sent although the case does not name them.
func implied(h *filter.Header, q *cases.Request) {
	fields := [][2]string{}
	if body, typed := q.Content(); body != "" || typed {
		if _, chunked := h.Get("transfer-encoding"); !chunked {
			fields = append(fields, [2]string{"content-length", strconv.Itoa(len(body))})
		}
		if typed {
			fields = append(fields, [2]string{"content-type", "application/json"})
		}
	}
	if q.WebSocket != nil {
		fields = append(fields, [2]string{"connection", "Upgrade"}, [2]string{"upgrade", "websocket"},
			[2]string{"sec-websocket-version", "13"}, [2]string{"sec-websocket-key", "bGludGVsLWNvdmVyYWdlLg=="})
	}
	for _, f := range fields {
		if _, given := h.Get(f[0]); !given {
			h.Add(f[0], f[1])
		}
	}
}
