package accesslog

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

var (
	errLong    = errors.New("it is longer than 64 KiB")
	errFormat  = errors.New("it is in none of the formats: JSON as Lintel writes it, common, combined")
	errCut     = errors.New("its path was cut when it was written")
	errForeign = errors.New("no HTTP request")
)

// pathLimit is where a gateway of ours cuts the path of a record.
const pathLimit = 1024

// record is what is used of a line that a gateway of ours wrote.
type record struct {
	Route  string `json:"route"`
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Status int    `json:"status"`
	Reason string `json:"reason"`
}

// answered is the reason of an answer that a filter gave, as it was told to.
const answered = "filter-answer"

// parse reads one line. Errors hold nothing of it.
func parse(line string) (*importer.Exchange, error) {
	if strings.HasPrefix(line, "{") {
		return parseJSON(line)
	}
	return parseCommon(line)
}

func parseJSON(line string) (*importer.Exchange, error) {
	var r record
	if json.Unmarshal([]byte(line), &r) != nil {
		return nil, errFormat
	}
	switch {
	case r.Method == "" && r.Path == "" && r.Status > 0:
		// The gateway refused bytes in which it found no request.
		return nil, errForeign
	case r.Method == "" || r.Path == "":
		return nil, errFormat
	case len(r.Path) >= pathLimit:
		return nil, errCut
	}
	if r.Reason != "" && r.Reason != answered {
		// Something failed, which a replay does not bring about again.
		r.Status = 0
	}
	return &importer.Exchange{Method: r.Method, Host: r.Host, Target: r.Path, Status: status(r.Status), Route: r.Route}, nil
}

// parseCommon reads
//
//	[host[:port]] client ident user [time] "METHOD target HTTP/1.1" status size ...
func parseCommon(line string) (*importer.Exchange, error) {
	before, rest, ok := strings.Cut(line, " [")
	if !ok {
		return nil, errFormat
	}
	_, rest, ok = strings.Cut(rest, "] \"")
	if !ok {
		return nil, errFormat
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return nil, errFormat
	}
	code, _, _ := strings.Cut(strings.TrimPrefix(rest, " "), " ")
	n, err := strconv.Atoi(code)
	if err != nil {
		return nil, errFormat
	}
	parts := strings.Split(request, " ")
	// A backslash is an escape of the log: no path holds what it stands for.
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || !strings.HasPrefix(parts[2], "HTTP/") || strings.Contains(request, `\`) {
		return nil, errForeign
	}
	x := &importer.Exchange{Method: parts[0], Target: parts[1], Status: status(n)}
	if who := strings.Fields(before); len(who) == 4 {
		x.Host = who[0]
	}
	return x, nil
}

// quoted reads to the quote that ends a text.
func quoted(s string) (text, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

func status(n int) int {
	if n < 100 || n > 599 {
		return 0
	}
	return n
}
