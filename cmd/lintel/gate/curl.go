package gate

import (
	"maps"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// DevBase is where `lintel dev` listens: curl lines lead there unless a gateway is
// kept running elsewhere.
const DevBase = "http://127.0.0.1:8080"

// Curl is the case's request as a command line for a gateway at base. Secrets stand
// as <secret NAME>; WebSocket messages need another tool.
func Curl(c *cases.Case, base string) string {
	q := &c.Spec.Request
	args := []string{"curl", "-i", "--path-as-is"}
	switch {
	case q.Method == "HEAD":
		args = append(args, "--head")
	case q.Method != "GET" && q.Method != "":
		args = append(args, "-X", q.Method)
	}
	add := func(name, value string) { args = append(args, "-H", quote(name+": "+value)) }
	add("Host", q.Host)
	body, typed := q.Content()
	given := false
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		given = given || strings.EqualFold(name, "content-type")
		v := q.Headers[name]
		if v.Secret != nil {
			add(name, v.Secret.Prefix+"<secret "+v.Secret.Secret+">")
		}
		for _, text := range v.Texts {
			add(name, text)
		}
	}
	if typed && !given {
		add("Content-Type", "application/json")
	}
	if q.WebSocket != nil {
		args = append(args, "--http1.1", "-N", "-H", "'Connection: Upgrade'", "-H", "'Upgrade: websocket'",
			"-H", "'Sec-WebSocket-Version: 13'", "-H", "'Sec-WebSocket-Key: bGludGVsLWxpbnRlbC1sbA=='")
	}
	if body != "" {
		args = append(args, "--data-binary", quote(body))
	}
	return strings.Join(append(args, quote(base+q.Path)), " ")
}

// quote makes a word of a POSIX shell that stands for the text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
