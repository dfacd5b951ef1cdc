package har

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

const archive = "\ufeff" + `{"log": {"version": "1.2", "creator": {"name": "x", "list": [1, {"a": "]}"}]}, "pages": [],
 "entries": [
  {"request": {"method": "GET", "url": "https://user:pw@Shop.example:8443?a=1#frag", "httpVersion": "HTTP/2",
    "headers": [{"name": ":path", "value": "/"}, {"name": "Accept", "value": "text/html"}]},
   "response": {"status": 200, "headers": [{"name": "Content-Type", "value": "text/plain"}],
    "content": {"mimeType": "text/plain", "text": "aGVsbG8=", "encoding": "base64", "size": 5}}},
  {"request": {"method": "POST", "url": "http://127.0.0.1:8080/x", "headers": [{"name": "Host", "value": "shop.example"}],
    "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "1&2"}, {"name": "c"}]}},
   "response": {"status": 302, "content": {"size": 0}}},
  {"request": {"method": "GET", "url": "wss://shop.example/ws"}, "response": {"status": 101}},
  {"request": {"method": "GET", "url": "data:text/plain,x"}, "response": {"status": 200}},
  {"request": {"method": "GET", "url": "blob://x"}, "response": {"status": 200}},
  {"request": {"method": "GET", "url": "http://shop.example/blocked"}, "response": {"status": 0}},
  {"request": {"method": 7}},
  null
 ], "comment": ""}, "more": "\"}"}`

func TestRead(t *testing.T) {
	var got []*importer.Exchange
	stats, err := Read(iotest.OneByteReader(strings.NewReader(archive)), func(x *importer.Exchange) { got = append(got, x) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Stats{Entries: 8, Unreadable: 1, Foreign: 3, Unanswered: 1}, stats); diff != "" {
		t.Error(diff)
	}
	want := []*importer.Exchange{
		{
			Method: "GET", Scheme: "https", Host: "Shop.example:8443", Target: "/?a=1", Status: 200,
			Header: []importer.Field{{Name: "accept", Value: "text/html"}, {Name: "authorization", Value: "Basic dXNlcjpwdw=="}},
			Answer: &importer.Answer{
				Header: []importer.Field{{Name: "content-type", Value: "text/plain"}},
				Body:   &importer.Body{Type: "text/plain", Text: "hello"},
			},
		},
		{
			Method: "POST", Scheme: "http", Host: "shop.example", Target: "/x", Status: 302,
			Header: []importer.Field{{Name: "host", Value: "shop.example"}},
			Body:   &importer.Body{Type: "application/x-www-form-urlencoded", Text: "a+b=1%262&c="},
			Answer: &importer.Answer{Header: []importer.Field{}},
		},
		{
			Method: "GET", Scheme: "https", Host: "shop.example", Target: "/ws", Status: 101, Upgraded: true,
			Header: []importer.Field{}, Answer: &importer.Answer{Header: []importer.Field{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "it is no HTTP archive: log.entries is missing",
		"[]":                             "it is no HTTP archive: log.entries is missing",
		"GET / HTTP/1.1":                 "it is no HTTP archive: log.entries is missing",
		`{"log": {"version": "1.2"}}`:    "it is no HTTP archive: log.entries is missing",
		`{"log": {"entries": [`:          "it is cut off: the archive does not end",
		`{"log": {"entries": [{"a": "b`:  "it is cut off: the archive does not end",
		`{"log": {"entries": [{} {}]}}`:  `not JSON: "," is missing at byte 24`,
		`{"log": {"entries": {}}}`:       `not JSON: '[' is missing at byte 20`,
		`{"log": {"entries": [}]}}`:      "not JSON: a value is missing at byte 21",
		`{"log": {secret-value: "s3cr"}`: "not JSON: a name is missing at byte 21",
	} {
		_, err := Read(strings.NewReader(text), func(*importer.Exchange) {})
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	broken := errors.New("disk")
	if _, err := Read(iotest.ErrReader(broken), func(*importer.Exchange) {}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// endless is an archive whose one entry never ends.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		return copy(p, `{"log":{"entries":[{"x":"`), nil
	}
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestReadIsBounded(t *testing.T) {
	large := `{"log":{"entries":[{"x":"` + strings.Repeat("a", MaxEntry) + `"},{"request":{"method":"GET","url":"http://a/"},"response":{"status":200}}]}}`
	n := 0
	stats, err := Read(strings.NewReader(large), func(*importer.Exchange) { n++ })
	if err != nil || stats.TooLarge != 1 || n != 1 {
		t.Errorf("%+v %d %v", stats, n, err)
	}
	if _, err = read(&endless{}, 2<<20, func(*importer.Exchange) {}); err == nil || err.Error() != "it has more than 2 MiB" {
		t.Error(err)
	}
	s := scanner{r: bufio.NewReader(io.MultiReader(strings.NewReader(`"`), io.LimitReader(&endless{begun: true}, 1<<20), strings.NewReader(`"`)))}
	if b, fits, err := s.value(nil, 1<<10); err != nil || fits || len(b) != 0 || cap(b) > 4<<10 {
		t.Errorf("%d bytes kept of a value that does not fit, %v", cap(b), err)
	}
}

// FuzzScan compares where values end with what encoding/json says.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,"]\"",{}]} x`, `"a" "b"`, ` 12,3`, `[`, `]`, `true}`, `{"a":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dec := json.NewDecoder(strings.NewReader(text))
		var want json.RawMessage
		wantErr := dec.Decode(&want)
		s := scanner{r: bufio.NewReader(strings.NewReader(text))}
		got, fits, err := s.value(nil, 1<<20)
		// What is no JSON may be taken in larger pieces: who decodes it refuses it.
		if wantErr == nil && (err != nil || !fits || string(got) != string(want) && json.Valid(got)) {
			t.Errorf("%q: got %q %v, want %q", text, got, err, want)
		}
		if err == nil && json.Valid(got) && wantErr != nil {
			// The decoder has seen what follows; the value itself must be the start.
			if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), string(got)) {
				t.Errorf("%q: got %q", text, got)
			}
		}
	})
}

// FuzzRead reads anything without a panic, and never tells what is in the file.
func FuzzRead(f *testing.F) {
	f.Add(archive)
	f.Add(`{"log":{"entries":[{"request":{"url":"http://a/"}}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		stats, err := Read(strings.NewReader(text), func(x *importer.Exchange) {
			n++
			if !strings.HasPrefix(x.Target, "/") || x.Answer == nil || x.Status == 0 {
				t.Errorf("%+v", x)
			}
		})
		if n+stats.Foreign+stats.Unreadable+stats.TooLarge+stats.Unanswered != stats.Entries {
			t.Errorf("%d exchanges of %+v", n, stats)
		}
		if errors.Is(err, io.EOF) {
			t.Error("the end of the file is no error of its own")
		}
	})
}
