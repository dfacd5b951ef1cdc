package replay

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestSentAsWritten(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"nothing is tidied": {
			`{"request": {"host": "Shop.Example:80", "path": "/a/../b//c%2f?x=%zz&y=a b", "headers": {"X-Odd": "  two  ", "x-odd2": ["a", "b"]}}, "expect": {}}`,
			"GET /a/../b//c%2f?x=%zz&y=a b HTTP/1.1\r\nHost: Shop.Example:80\r\nX-Odd:   two  \r\nx-odd2: a\r\nx-odd2: b\r\n\r\n",
		},
		"a body has a length": {
			`{"request": {"method": "PUT", "host": "a", "path": "/", "body": "hällo"}, "expect": {}}`,
			"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhällo",
		},
		"a POST without a body says so": {
			`{"request": {"method": "POST", "host": "a", "path": "/"}, "expect": {}}`,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		},
		"json is compact and has a type": {
			`{"request": {"method": "POST", "host": "a", "path": "/", "json": {"a": [1, 2.50]}}, "expect": {}}`,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n" + `{"a":[1,2.50]}`,
		},
		"the case's own type and host": {
			`{"request": {"method": "POST", "host": "a", "path": "/", "json": null, "headers": {"content-type": "x/y", "host": ["b"]}}, "expect": {}}`,
			"POST / HTTP/1.1\r\ncontent-type: x/y\r\nhost: b\r\nContent-Length: 4\r\n\r\nnull",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, ok)
			r := (&Player{Address: s.addr}).Play(t.Context(), 7, newCase(t, c.spec))
			if !r.Passed || r.Index != 7 {
				t.Errorf("got %d %s", r.Index, told(r))
			}
			if d := cmp.Diff([]string{c.want}, s.sent()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestOwnFraming looks at what is sent when a case frames its body itself.
func TestOwnFraming(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"chunked": {
			`{"request": {"method": "POST", "host": "a", "path": "/", "body": "2\r\nhi\r\n0\r\n\r\n", "headers": {"transfer-encoding": "chunked"}}, "expect": {}}`,
			"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		},
		"a length that is a lie": {
			`{"request": {"method": "POST", "host": "a", "path": "/", "body": "hi", "headers": {"Content-Length": "1"}}, "expect": {}}`,
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nhi",
		},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := encode(&newCase(t, c.spec).Spec.Request)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(q.head)+"\r\n"+string(q.body)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNotSent(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"a header value with a line break": {
			`{"request": {"path": "/", "headers": {"x-a": "b\r\nx-c: d"}}, "expect": {}}`,
			`exchange: an answer | the header "x-a" of the request has a line break: it is not sent`,
		},
		"a header name with a line break": {
			`{"request": {"path": "/", "headers": {"x\na": "b"}}, "expect": {}}`,
			`exchange: an answer | the header "x\na" of the request has a line break: it is not sent`,
		},
		"a path with a line break": {
			`{"request": {"path": "/\r\nx: y"}, "expect": {}}`,
			`exchange: an answer | the path "/\r\nx: y" of the request has a line break: it is not sent`,
		},
		"a test in the place of a value": {
			`{"request": {"path": "/", "headers": {"x-a": {"prefix": "b"}}}, "expect": {}}`,
			`exchange: an answer | the header x-a of the request is a test and no value`,
		},
		"a secret": {
			`{"request": {"path": "/", "headers": {"x-a": {"secret": "key"}, "x-b": {"secret": "key"}}}, "expect": {}}`,
			`exchange: an answer | the case needs the value of secret key`,
		},
		"a secret that is expected": {
			`{"request": {"path": "/"}, "expect": {"upstream": {"headers": {"x-a": {"secret": "key"}}}}}`,
			`exchange: an answer | the case needs the value of secret key`,
		},
		"https without TLS": {
			`{"request": {"path": "/", "scheme": "https"}, "expect": {}}`,
			`exchange: an answer | the case is for https, and TLS is not set up for this run`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, ok)
			r := (&Player{Address: s.addr}).Play(t.Context(), 0, newCase(t, c.spec))
			if got := told(r); r.Passed || got != c.want {
				t.Errorf("got %s", got)
			}
			if got := s.sent(); got != nil {
				t.Errorf("sent %q", got)
			}
		})
	}
}
