package proxy

import (
	"fmt"
	"strings"
	"testing"
)

func TestEncodedSlash(t *testing.T) {
	up := newRecorder(t, ok2)
	for rule, want := range map[EncodedSlash]map[string]string{
		KeepSlash:   {"/a%2fb": "/a%2Fb", "/a/b": "/a/b", "/a%252Fb": "/a%252Fb"},
		RejectSlash: {"/a%2fb": "400", "/a/b": "/a/b", "/a%252Fb": "/a%252Fb"},
		DecodeSlash: {"/a%2fb%2F%2F": "/a/b//", "/a/b": "/a/b", "/a%252Fb": "/a%252Fb", "/%2F%2F": "///", "/a%2F..%2Fb": "400", "/x%2F%2E%2E/": "400"},
	} {
		g := serveOn(t, newTable(t, up.addr, nil), Config{}, Listener{EncodedSlash: rule})
		for path, sent := range want {
			before := len(up.seen())
			answer := ask(t, g.addr, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
			if sent == "400" {
				if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || len(up.seen()) != before {
					t.Errorf("rule %d, %s: %q", rule, path, answer)
				}
				continue
			}
			if got := up.seen(); len(got) != before+1 || !strings.HasPrefix(got[before], fmt.Sprintf("GET %s ", sent)) {
				t.Errorf("rule %d, %s: the upstream saw %q", rule, path, got[before:])
			}
		}
	}
}
