package headers

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

func newFilter(t *testing.T, config string, secret *filter.Secret) (filter.Filter, error) {
	t.Helper()
	return Spec().New(filter.Env{Secret: func(name string) (*filter.Secret, error) {
		if name != "key" {
			return nil, errors.New("not declared")
		}
		return secret, nil
	}}, json.RawMessage(config))
}

func TestEdits(t *testing.T) {
	f, err := newFilter(t, `{"request":{"remove":["a"],"set":{"B":"2","c":"3"},"add":{"b":"4"}},"response":{"set":{"x":"1"}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{}
	x.Header.Add("A", "1")
	x.Header.Add("b", "1")
	x.Header.Add("b", "1")
	if f.(filter.RequestFilter).Request(x) != filter.Continue {
		t.Fatal("stopped")
	}
	if got := fmt.Sprint(x.Header.Fields()); got != "[{B 2} {c 3} {b 4}]" {
		t.Error(got)
	}
	f.(filter.ResponseFilter).Response(x)
	if got := fmt.Sprint(x.Response.Fields()); got != "[{x 1}]" {
		t.Error(got)
	}
}

func TestOneSidedFiltersHaveOneSide(t *testing.T) {
	f, err := newFilter(t, `{"response":{"set":{"x":"1"}}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.(filter.RequestFilter); ok {
		t.Error("a response-only filter runs on requests")
	}
	f, err = newFilter(t, `{"request":{"remove":["x"]}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.(filter.ResponseFilter); ok {
		t.Error("a request-only filter runs on responses")
	}
}

func TestSecret(t *testing.T) {
	var s filter.Secret
	f, err := newFilter(t, `{"request":{"set":{"authorization":{"secret":"key"}}}}`, &s)
	if err != nil {
		t.Fatal(err)
	}
	x := &filter.Exchange{}
	if f.(filter.RequestFilter).Request(x) != filter.Stop || x.Reason != reason.SecretUnavailable {
		t.Error("a request went on without its credential")
	}
	for value, want := range map[string]filter.Verdict{"abc": filter.Continue, "a\r\nb": filter.Stop} {
		s.Set(value)
		x.Reset()
		if got := f.(filter.RequestFilter).Request(x); got != want {
			t.Errorf("secret %q: %v", value, got)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, config := range []string{
		`{"request":{"set":{"host":"x"}}}`,
		`{"request":{"set":{"Transfer-Encoding":"chunked"}}}`,
		`{"response":{"remove":["content-length"]}}`,
		`{"request":{"set":{"a b":"x"}}}`,
		`{"request":{"set":{"a":"x\ny"}}}`,
		`{"request":{"set":{"a":{"secret":"other"}}}}`,
		`{"request":{"set":{"a":{}}}}`,
		`{"request":{"set":{"a":1}}}`,
		`{"requests":{}}`,
	} {
		if _, err := newFilter(t, config, nil); err == nil {
			t.Errorf("%s was built", config)
		}
	}
}
