package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/importer/casefile"
	"github.com/lintel-gateway/lintel/compiler/importer/redact"
)

// text is what the cases look like, without the package clause.
func text(t *testing.T, list []importer.Case) string {
	t.Helper()
	plan, err := casefile.New(list, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range plan.Files {
		b.WriteString(strings.TrimPrefix(string(f.After), "package routes\n\n"))
	}
	return b.String()
}

func field(name, value string) importer.Field { return importer.Field{Name: name, Value: value} }

const digest = "0123456789abcdef0123456789abcdef"

func TestBuild(t *testing.T) {
	res, tab := compiled(t)
	status := func(x *importer.Exchange, n int) *importer.Exchange {
		x.Status = n
		return x
	}
	answered := func(x *importer.Exchange, n int, body *importer.Body, h ...importer.Field) *importer.Exchange {
		x.Status, x.Answer = n, &importer.Answer{Header: h, Body: body}
		return x
	}
	sent := func(x *importer.Exchange, method string, b *importer.Body) *importer.Exchange {
		x.Method, x.Body = method, b
		return x
	}
	wild := get("/wild")
	wild.Host = "D41D8CD98F00B204E9800998ECF8427E.shop.example:443"
	socket := status(get("/ws", field("upgrade", "websocket"), field("sec-websocket-key", "x")), 101)
	socket.Upgraded = true
	logged := func(target string, n int) *importer.Exchange {
		return &importer.Exchange{Method: "GET", Host: "shop.example", Target: target, Status: n}
	}
	for name, c := range map[string]struct {
		x    *importer.Exchange
		want string
	}{
		"plain": {
			get("/cart/7?b=1&a=2", field("User-Agent", "x"), field("X-Forwarded-For", "192.0.2.1"), field("X-Stage", "next"),
				field("Cookie", "a=b"), field("If-None-Match", `"1"`), field("accept", "*/*")),
			`routes: "cart": tests: {
	"recorded: GET 200 with query a, b and header x-stage": {
		request: {host: "shop.example", path: "/cart/7?b=1&a=2", headers: "x-stage": "next"}
		expect: status: 200
	}
}
`,
		},
		"a parameter that looks random": {
			get("/cart/" + digest),
			`routes: "cart": tests: {
	"recorded: GET 200": {
		request: {host: "shop.example", path: "/cart/redacted-1"}
		expect: status: 200
	}
}
`,
		},
		"a parameter with a private name": {
			get("/by/al/x"),
			`routes: "by-mail": tests: {
	"recorded: GET 200": {
		request: {host: "shop.example", path: "/by/redacted-1/x"}
		expect: status: 200
	}
}
`,
		},
		"what stands around a parameter": {
			get("/invoice/" + digest + ".pdf"),
			`routes: "invoice": tests: {
	"recorded: GET 200": {
		request: {host: "shop.example", path: "/invoice/redacted-1.pdf"}
		expect: status: 200
	}
}
`,
		},
		"a path of the route file is public": {
			get("/d41d8cd98f00b204e9800998ecf8427e"),
			`routes: "exact": tests: {
	"recorded: GET 200": {
		request: {host: "shop.example", path: "/d41d8cd98f00b204e9800998ecf8427e"}
		expect: status: 200
	}
}
`,
		},
		"behind a prefix, a status that cannot be asked for": {
			status(get("/files/a/b%40c.example/"+digest), 503),
			`routes: "files": tests: {
	// No status is expected: recorded as 503, which the upstream under test cannot be asked for on this route.
	"recorded: GET 503": {
		request: {host: "shop.example", path: "/files/a/redacted-1/redacted-2"}
		expect: {}
	}
}
`,
		},
		"an expression takes another path": {
			get("/sum/" + digest + "?a=1"),
			`routes: "digest": tests: {
	"recorded: GET 200 with query a": {
		request: {host: "shop.example", path: "/sum/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2?a=1"}
		expect: status: 200
	}
}
`,
		},
		"an expression takes another value": {
			get("/signed", field("x-signature", "sha256="+digest), field("cookie", "sid="+digest)),
			`routes: "signed": tests: {
	"recorded: GET 200 with header cookie, x-signature": {
		request: {
			host: "shop.example"
			path: "/signed"
			headers: {cookie: "sid=aaaaaaaaaaaaaaa2", "x-signature": "sha256=aaaaaaa1"}
		}
		expect: status: 200
	}
}
`,
		},
		"no other value is found": {get("/word", field("x-signature", digest)), ""},
		"a status of an upstream": {
			status(sent(get("/cart/7"), "POST", &importer.Body{Type: "application/json", Text: `{"pin": 1234, "n": 1}`}), 422),
			`routes: "cart": tests: {
	// Recorded as 422: the upstream under test is asked to answer so.
	"recorded: POST 422": {
		request: {method: "POST", host: "shop.example", path: "/cart/7", headers: "x-echo-status": "422", json: {n: 1, pin: 1}}
		expect: status: 422
	}
}
`,
		},
		"a form": {
			sent(get("/cart/7", field("content-type", "application/x-www-form-urlencoded")), "POST",
				&importer.Body{Type: "application/x-www-form-urlencoded", Text: "user=al&password=hunter2&again=hunter2"}),
			`routes: "cart": tests: {
	"recorded: POST 200": {
		request: {
			method: "POST"
			host:   "shop.example"
			path:   "/cart/7"
			headers: "content-type": "application/x-www-form-urlencoded"
			body: "user=al&password=redacted-1&again=redacted-1"
		}
		expect: status: 200
	}
}
`,
		},
		"other text": {
			sent(get("/cart/7", field("content-type", "text/plain; charset=utf-8; boundary=x")), "POST", &importer.Body{Type: "text/plain", Text: "my dog's name"}),
			`routes: "cart": tests: {
	"recorded: POST 200": {
		request: {
			method: "POST"
			host:   "shop.example"
			path:   "/cart/7"
			headers: "content-type": "text/plain; charset=utf-8"
			body: "redacted-1"
		}
		expect: status: 200
	}
}
`,
		},
		"a prefix of the route file is public": {
			get("/keyed", field("Authorization", "Bearer abc"), field("x-api-key", "k")),
			`routes: "keyed": tests: {
	"recorded: GET 200 with header authorization": {
		request: {host: "shop.example", path: "/keyed", headers: authorization: "Bearer redacted-1"}
		expect: status: 200
	}
}
`,
		},
		"the gateway answers": {
			answered(get("/keyed", field("authorization", "Basic x")), 401,
				&importer.Body{Type: "application/json", Text: `{"error":"a key is needed"}`},
				field("Content-Type", "application/json"), field("set-cookie", "a=b"), field("date", "today")),
			`routes: "keyless": tests: {
	"recorded: GET 401 with header authorization": {
		request: {host: "shop.example", path: "/keyed", headers: authorization: "redacted-1"}
		expect: {status: 401, headers: "content-type": "application/json", json: error: "a key is needed"}
	}
}
`,
		},
		"cookies and parameters that routes look at": {
			get("/beta?token=public-one&code=1", field("cookie", `sid=12345678; stage="beta"`)),
			`routes: "beta": tests: {
	"recorded: GET 200 with query code, token and header cookie": {
		request: {host: "shop.example", path: "/beta?token=public-one&code=redacted-1", headers: cookie: "stage=beta"}
		expect: status: 200
	}
}
`,
		},
		"a redirect keeps the scheme open": {
			answered(get("/old/7?a=1"), 301, nil, field("Location", "https://new.example/new/7?a=1")),
			`routes: "moved": tests: {
	"recorded: GET 301 with query a": {
		request: {host: "shop.example", path: "/old/7?a=1"}
		expect: {status: 301, headers: location: contains: "://new.example/new/7?a=1"}
	}
}
`,
		},
		"a redirect of what was replaced": {
			answered(get("/old/7?code=1"), 301, nil, field("location", "https://new.example/new/7?code=1")),
			`routes: "moved": tests: {
	"recorded: GET 301 with query code": {
		request: {host: "shop.example", path: "/old/7?code=redacted-1"}
		expect: status: 301
	}
}
`,
		},
		"a preflight": {
			answered(sent(get("/cart/7", field("origin", "https://web.test"), field("access-control-request-method", "POST")), "OPTIONS", nil), 204, nil,
				field("access-control-allow-origin", "*")),
			`routes: "cart": tests: {
	"recorded: OPTIONS 204": {
		request: {
			method: "OPTIONS"
			host:   "shop.example"
			path:   "/cart/7"
			headers: {"access-control-request-method": "POST", origin: "https://web.test"}
		}
		expect: {status: 204, headers: "access-control-allow-origin": "*"}
	}
}
`,
		},
		"a socket": {
			socket,
			`routes: "socket": tests: {
	// What the socket said is not taken over: the message stands for it.
	"recorded: GET 101": {
		request: {host: "shop.example", path: "/ws", websocket: ["recorded"]}
		expect: status: 101
	}
}
`,
		},
		"a host that tells": {
			wild,
			`routes: "wild": tests: {
	"recorded: GET 200": {
		request: {host: "redacted-1.shop.example", path: "/wild"}
		expect: status: 200
	}
}
`,
		},
		"the upstream under test would obey": {
			status(get("/cart/7?status=500&size=1"), 404),
			`routes: "cart": tests: {
	// No status is expected: the upstream under test obeys the query itself.
	"recorded: GET 404 with query size, status": {
		request: {host: "shop.example", path: "/cart/7?status=500&size=1"}
		expect: {}
	}
}
`,
		},
		"the upstream under test would stall": {get("/cart/7?delay=10s"), ""},
		"the path is canonical": {
			get("/x/../cart/%37%2f1?q=a b"),
			`routes: "cart": tests: {
	"recorded: GET 200 with query q": {
		request: {host: "shop.example", path: "/cart/7%2F1?q=a%20b"}
		expect: status: 200
	}
}
`,
		},
		"a log knows the decision": {
			logged("/cart/7", 404),
			`routes: "cart": tests: {
	"recorded: GET": {
		request: {host: "shop.example", path: "/cart/7"}
		expect: {}
	}
}
`,
		},
		"a log knows what the gateway answered": {
			logged("/old/7", 301),
			`routes: "moved": tests: {
	"recorded: GET 301": {
		request: {host: "shop.example", path: "/old/7"}
		expect: status: 301
	}
}
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			col := importer.New(res.Program, tab, importer.Options{})
			col.Add(c.x)
			if diff := cmp.Diff(c.want, text(t, col.Finish())); diff != "" {
				t.Errorf("%s%+v", diff, col.Summary())
			}
		})
	}
}

func TestThinning(t *testing.T) {
	res, tab := compiled(t)
	col := importer.New(res.Program, tab, importer.Options{PerRoute: 3})
	for i := range 50 {
		col.Add(get(fmt.Sprintf("/cart/%d", i)))
		col.Add(get(fmt.Sprintf("/cart/%d?q%d=1", i, i)))
		col.Add(get("/cart/1", field("cookie", fmt.Sprint("a=", i)), field("accept", "text/html"), field("authorization", "x")))
	}
	post := get("/cart/7")
	post.Method, post.Status = "POST", 500
	col.Add(post)
	foreign, nowhere, elsewhere := get("/a\\b"), get("/nowhere/"+digest+"?token=s3cret"), get("/cart/9")
	elsewhere.Route = "shop.example/other"
	for range 3 {
		for _, x := range []*importer.Exchange{foreign, nowhere, elsewhere} {
			again := *x
			col.Add(&again)
		}
	}
	var names []string
	for _, c := range col.Finish() {
		names = append(names, c.Name)
	}
	// The first of another method comes before more of the same.
	if diff := cmp.Diff([]string{"recorded: GET 200", "recorded: POST 500", "recorded: GET 200 with query q0"}, names); diff != "" {
		t.Error(diff)
	}
	sum := col.Summary()
	if diff := cmp.Diff(importer.Summary{
		Read: 160, Repeats: 148, Unmatched: 3, Elsewhere: 3, Foreign: 3,
		Listed: []string{"GET shop.example/nowhere/redacted-1?token=redacted-2"},
	}, sum); diff != "" {
		t.Error(diff)
	}
	if got := len(names) + sum.Repeats + sum.Unmatched + sum.Elsewhere + sum.Foreign + sum.Undone; got != sum.Read {
		t.Errorf("%d of %d are accounted for", got, sum.Read)
	}
}

func TestOptions(t *testing.T) {
	res, tab := compiled(t)
	col := importer.New(res.Program, tab, importer.Options{Redact: redact.Options{Redact: []string{"x-tenant"}, Keep: []string{"code"}}})
	col.Add(get("/cart/acme-7?code=NL", field("x-tenant", "acme-7"), field("x-code", "1")))
	want := `routes: "cart": tests: {
	"recorded: GET 200 with query code and header x-code": {
		request: {host: "shop.example", path: "/cart/redacted-1?code=NL", headers: "x-code": "1"}
		expect: status: 200
	}
}
`
	if diff := cmp.Diff(want, text(t, col.Finish())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]redact.Count{{What: "repeated value", N: 1}, {What: "x-tenant", N: 1}}, col.Summary().Redacted); diff != "" {
		t.Error(diff)
	}
}
