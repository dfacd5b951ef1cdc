package ir_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/compiler/ir"
)

// filled makes a domain in which every field, at any depth, has a value of its
// own: a field that the codec forgets cannot go unnoticed.
func filled() *ir.Domain {
	d := &ir.Domain{}
	n := 0
	fill(reflect.ValueOf(d).Elem(), &n)
	d.Index, d.Key, d.Proven, d.Outline = nil, "", false, nil // none of them is stored
	for i, r := range d.Routes {
		r.Def = &d.Def.Routes[i]
	}
	return d
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("t%d", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		if v.Type().Elem().String() == "route.Route" {
			return // Def points into Domain.Def.Routes
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes(fmt.Appendf(nil, `{"n":%d}`, *n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			x := reflect.New(v.Type().Elem()).Elem()
			fill(x, n)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("k%d", *n)), x)
		}
	case reflect.Interface:
	default:
		panic("fill: " + v.Type().String())
	}
}

func TestCodec(t *testing.T) {
	for name, d := range map[string]*ir.Domain{"filled": filled(), "empty": {Routes: []*ir.Route{}}} {
		got, err := ir.DecodeDomain(ir.EncodeDomain(d), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(d, got); diff != "" {
			t.Errorf("%s: domain differs (-want +got):\n%s", name, diff)
		}
		for i, r := range got.Routes {
			if r.Def != &got.Def.Routes[i] {
				t.Errorf("%s: route %d does not point to its definition", name, i)
			}
		}
	}
}

func TestDecodeDamaged(t *testing.T) {
	data := ir.EncodeDomain(filled())
	for n := range data {
		if _, err := ir.DecodeDomain(data[:n], nil); err == nil {
			t.Fatalf("the first %d of %d bytes decode", n, len(data))
		}
	}
	if _, err := ir.DecodeDomain(append(data, 0), nil); err == nil {
		t.Error("a byte too many decodes")
	}
}

func FuzzDecodeDomain(f *testing.F) {
	f.Add(ir.EncodeDomain(filled()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ir.DecodeDomain(data, nil)
		if err != nil {
			return
		}
		again, err := ir.DecodeDomain(ir.EncodeDomain(d), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Errorf("decodes to another domain (-want +got):\n%s", diff)
		}
	})
}
