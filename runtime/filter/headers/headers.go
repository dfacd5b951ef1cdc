// Package headers is the filter that sets, adds and removes header fields on
// either side.
package headers

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	Request  *Edits `json:"request,omitempty"`
	Response *Edits `json:"response,omitempty"`
}

// Edits are the changes on one side.
type Edits struct {
	Set    map[string]Value `json:"set,omitempty"`
	Add    map[string]Value `json:"add,omitempty"`
	Remove []string         `json:"remove,omitempty"`
}

// Value is a literal text or a reference to a secret.
type Value struct {
	Text   string
	Secret string
}

// UnmarshalJSON reads "text" or {"secret": "name"}.
func (v *Value) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &v.Text)
	}
	var ref struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(b, &ref); err != nil || ref.Secret == "" {
		return errors.New(`a header value is a text or {secret: "name"}`)
	}
	v.Secret = ref.Secret
	return nil
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "headers", Phase: filter.Route, Priority: 10, Schema: schema, New: build,
	})
}

type headers struct {
	request, response edits
}

type edits struct {
	remove   []string
	set, add []edit
}

type edit struct {
	name, text string
	secret     *filter.Secret
}

// requestSide and responseSide let the chain see only the sides that do anything.
type (
	requestSide  struct{ e edits }
	responseSide struct{ e edits }
)

func build(env filter.Env, c Config) (filter.Filter, error) {
	var h headers
	for _, side := range []struct {
		in  *Edits
		out *edits
	}{{c.Request, &h.request}, {c.Response, &h.response}} {
		if side.in == nil {
			continue
		}
		for _, name := range side.in.Remove {
			if err := filter.CheckFieldName(name); err != nil {
				return nil, err
			}
			side.out.remove = append(side.out.remove, name)
		}
		var err error
		if side.out.set, err = compile(env, side.in.Set); err != nil {
			return nil, err
		}
		if side.out.add, err = compile(env, side.in.Add); err != nil {
			return nil, err
		}
	}
	switch {
	case h.response.empty():
		return requestSide{h.request}, nil
	case h.request.empty():
		return responseSide{h.response}, nil
	}
	return &h, nil
}

func compile(env filter.Env, in map[string]Value) ([]edit, error) {
	var out []edit
	for name, v := range in {
		if err := filter.CheckFieldName(name); err != nil {
			return nil, err
		}
		e := edit{name: name, text: v.Text}
		if v.Secret != "" {
			s, err := env.Secret(v.Secret)
			if err != nil {
				return nil, err
			}
			e.secret = s
		} else if !filter.ValidFieldValue(v.Text) {
			return nil, fmt.Errorf("the value of %s holds a control byte", name)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b edit) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return out, nil
}

func (e *edits) empty() bool { return len(e.remove)+len(e.set)+len(e.add) == 0 }

// apply edits h; it fails when a secret has no usable value, for a request that
// needs a credential must not go out without it.
func (e *edits) apply(h *filter.Header) bool {
	for _, name := range e.remove {
		h.Del(name)
	}
	for i := range e.set {
		v, ok := e.set[i].value()
		if !ok {
			return false
		}
		h.Set(e.set[i].name, v)
	}
	for i := range e.add {
		v, ok := e.add[i].value()
		if !ok {
			return false
		}
		h.Add(e.add[i].name, v)
	}
	return true
}

func (e *edit) value() (string, bool) {
	if e.secret == nil {
		return e.text, true
	}
	v, ok := e.secret.Value()
	return v, ok && filter.ValidFieldValue(v)
}

func request(e *edits, x *filter.Exchange) filter.Verdict {
	if !e.apply(&x.Header) {
		x.Fail(reason.SecretUnavailable)
		return filter.Stop
	}
	return filter.Continue
}

func (f *headers) Request(x *filter.Exchange) filter.Verdict    { return request(&f.request, x) }
func (f requestSide) Request(x *filter.Exchange) filter.Verdict { return request(&f.e, x) }
func (f *headers) Response(x *filter.Exchange)                  { f.response.apply(&x.Response) }
func (f responseSide) Response(x *filter.Exchange)              { f.e.apply(&x.Response) }

var (
	_ filter.RequestFilter  = (*headers)(nil)
	_ filter.ResponseFilter = (*headers)(nil)
)
