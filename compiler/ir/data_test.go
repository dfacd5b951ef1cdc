package ir

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/route"
)

const wholeRoute = `{"id":"a/b","hosts":["a.example"],"path":{"template":"/a/{id}"},"methods":["GET"],
	"headers":{"x":{"exact":"1"},"y":{"prefix":"p"}},"query":{"q":{"regex":"r"}},"cookies":{"c":{"present":false}},"priority":-3,
	"upstream":"u","split":[{"upstream":"a","weight":5}],"filters":{"respond":{"json":{"k":[1,null,"<é>"]}},"cors":{}},
	"timeouts":{"connect":"1s","read":"2m","write":"3ms","request":"0s","idle":"1h30m"},"retry":{"attempts":2,"on":["connect"]},"onRouteChange":"drain"}`

// FuzzRoute holds that data becomes the route that its JSON decodes to, and that what
// does not decode is left to the decoder.
func FuzzRoute(f *testing.F) {
	f.Add([]byte(wholeRoute))
	for _, s := range []string{
		`{}`, `{"hosts":[]}`, `{"hosts":null}`, `{"path":{"exact":"/a","odd":1}}`, `{"priority":1.5}`, `{"timeouts":{"read":"-1s"}}`, `{"timeouts":{"read":"5"}}`,
		`{"retry":{"on":null}}`, `{"split":[{}]}`, `{"headers":{"x":{"exact":null}}}`, `{"filters":{"a":"b"}}`, `{"odd":1}`, `{"priority":99999999999999999999}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var v map[string]any
		if dec.Decode(&v) != nil || v == nil {
			return
		}
		got, ok := routeOf(v)
		if !ok {
			return
		}
		canonical, err := marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(canonical))
		strict.DisallowUnknownFields()
		var want route.Route
		if err := strict.Decode(&want); err != nil {
			t.Fatalf("%s does not decode: %v", canonical, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-decoded +made):\n%s", canonical, d)
		}
	})
}

// TestRouteOfWhole holds that no field of a route is left to the decoder.
func TestRouteOfWhole(t *testing.T) {
	dec := json.NewDecoder(bytes.NewReader([]byte(wholeRoute)))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	r, ok := routeOf(v)
	if !ok {
		t.Fatal("a whole route is left to the decoder")
	}
	x := reflect.ValueOf(r)
	for i := range x.NumField() {
		if x.Field(i).IsZero() {
			t.Errorf("the test sets no %s", x.Type().Field(i).Name)
		}
	}
}
