package accesslog

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/runtime/reason"
	"github.com/lintel-gateway/lintel/runtime/telemetry"
)

func TestRead(t *testing.T) {
	log := strings.Join([]string{
		`192.0.2.1 - alice [10/Oct/2026:13:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 2326 "https://x/" "Mozilla \"5\""`,
		``,
		`shop.example:443 192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "POST /b HTTP/2.0" 302 -` + "\r",
		`192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "\x16\x03\x01" 400 0 "-" "-"`,
		`192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /a" 400 0`,
		`192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "-" 408 -`,
		`what is this`,
		`{"method":"GET"`,
		`{"method":"","path":"","status":400}`,
		`{"other":"json"}`,
		`{"method":"GET","host":"a.example","path":"/c","status":410,"route":"a.example/c","reason":"filter-answer"}`,
		`{"method":"GET","host":"a.example","path":"/d","status":502,"route":"a.example/d","reason":"upstream-reset"}`,
		`{"method":"GET","host":"a.example","path":"/` + strings.Repeat("x", 1023) + `","status":200}`,
		strings.Repeat("y", MaxLine+1),
		`192.0.2.1 - - [t] "GET /last HTTP/1.1" 99 1`,
	}, "\n")
	var got []*importer.Exchange
	stats, err := Read(strings.NewReader(log), Options{Host: "h.example"}, func(x *importer.Exchange) { got = append(got, x) })
	if err != nil {
		t.Fatal(err)
	}
	want := []*importer.Exchange{
		{Method: "GET", Host: "h.example", Target: "/a?b=1", Status: 200},
		{Method: "POST", Host: "shop.example:443", Target: "/b", Status: 302},
		{Method: "GET", Host: "a.example", Target: "/c", Status: 410, Route: "a.example/c"},
		{Method: "GET", Host: "a.example", Target: "/d", Route: "a.example/d"},
		{Method: "GET", Host: "h.example", Target: "/last"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Stats{Lines: 14, Unreadable: 5, Foreign: 4, Bad: []Bad{
		{7, errFormat.Error()}, {8, errFormat.Error()}, {10, errFormat.Error()}, {13, errCut.Error()}, {14, errLong.Error()},
	}}, stats); diff != "" {
		t.Error(diff)
	}
	stats, _ = Read(strings.NewReader(log), Options{}, func(*importer.Exchange) {})
	if stats.Hostless != 2 {
		t.Errorf("%d lines without a host, want 2", stats.Hostless)
	}
}

// TestOwnLog reads what a gateway of ours writes.
func TestOwnLog(t *testing.T) {
	var b strings.Builder
	l := telemetry.NewAccessLog(&b, slog.New(slog.NewTextHandler(io.Discard, nil)))
	l.Done(0, &telemetry.Record{
		Route: "shop.example/a", Method: "GET", Host: "shop.example", Path: `/a"\<é`, Status: 308, Reason: reason.FilterAnswer,
	})
	l.Done(0, &telemetry.Record{Method: "GET", Host: "shop.example", Path: "/" + strings.Repeat("x", 2000), Status: 200})
	l.Done(0, &telemetry.Record{Status: 400, Reason: reason.BadRequest})
	ctx, stop := context.WithCancel(context.Background())
	stop()
	l.Run(ctx)
	var got []*importer.Exchange
	stats, err := Read(strings.NewReader(b.String()), Options{}, func(x *importer.Exchange) { got = append(got, x) })
	if err != nil {
		t.Fatal(err)
	}
	want := []*importer.Exchange{{Method: "GET", Host: "shop.example", Target: `/a"\<é`, Status: 308, Route: "shop.example/a"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if stats.Foreign != 1 || stats.Unreadable != 1 || stats.Bad[0].Why != errCut.Error() {
		t.Errorf("%+v", stats)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestReadIsBounded(t *testing.T) {
	if _, err := read(endless{}, 2<<20, Options{}, func(*importer.Exchange) {}); err == nil || err.Error() != "it has more than 2 MiB" {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`192.0.2.1 - - [t] "GET /a?b=1 HTTP/1.1" 200 2326 "https://x/" "Mozilla"`)
	f.Add(`{"method":"GET","host":"a.example","path":"/c","status":410,"route":"a.example/c"}`)
	f.Add("a b c d [t] \"GET /\\\" HTTP/1.1\" 1\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		stats, err := Read(strings.NewReader(text), Options{}, func(x *importer.Exchange) {
			n++
			if x.Method == "" || x.Host == "" || x.Target == "" || x.Answer != nil {
				t.Errorf("%+v", x)
			}
		})
		if err != nil {
			t.Error(err)
		}
		if n+stats.Foreign+stats.Unreadable+stats.Hostless != stats.Lines {
			t.Errorf("%d exchanges of %+v", n, stats)
		}
		for _, b := range stats.Bad {
			if b.Line < 1 || b.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%+v", b)
			}
		}
	})
}
