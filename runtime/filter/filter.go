// Package filter is the contract between the gateway and its filters: what a
// filter is (Spec), what it sees (Exchange), and how the filters of a route are
// put in order (Chain). It knows no filter by name; runtime/filter/standard lists
// those that ship.
package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Phase is the part of a request's life in which a filter runs. Filters run in
// the order of their phases on the request side, and in the reverse order on the
// response side.
type Phase uint8

// The phases, in order.
const (
	Edge     Phase = iota // identity of the request and the client, limits, CORS
	Auth                  // who is it
	Limit                 // how much may they
	Route                 // what the upstream receives
	Response              // what the client receives
	Log                   // what is remembered
)

// String is the phase's name as documents and explanations print it.
func (p Phase) String() string {
	return [...]string{"edge", "auth", "limit", "route", "response", "log"}[p]
}

// Verdict is what a request-side filter decides.
type Verdict uint8

const (
	// Continue passes the request on.
	Continue Verdict = iota
	// Stop ends the request side: the filter has answered (Exchange.Answer, Fail).
	Stop
)

// Filter is a built filter. It has one or both sides.
type Filter any

// RequestFilter sees the request before it goes upstream. It may be called from
// many goroutines at once.
type RequestFilter interface {
	Request(x *Exchange) Verdict
}

// ResponseFilter sees the head of the response before the client does, whoever
// answered.
type ResponseFilter interface {
	Response(x *Exchange)
}

// Env is what a filter may use of the gateway. The compiler builds filters with
// an Env too, to prove that the bundle loads.
type Env struct {
	// Secret returns the secret declared under a name; it fails when the bundle
	// declares none. The secret's value may be absent until its file is there.
	Secret func(name string) (*Secret, error)
	// Params names the parameters of the route's path template. A configuration
	// without "{" in one of its texts gets none: it is built once for all paths.
	Params []string
}

// Spec declares a filter.
type Spec struct {
	// Name is the key under a route's filters, in camelCase.
	Name  string
	Phase Phase
	// Priority orders filters inside a phase, lower first. No two filters share
	// phase and priority.
	Priority int
	// Schema is the text of the filter's schema.cue, which defines #Config.
	Schema string
	// Answers tells that the filter answers every request: its routes need no
	// upstream.
	Answers bool
	// Owns names the request headers that only this filter may set: they are
	// stripped from the client's request before any filter runs.
	Owns func(config json.RawMessage) ([]string, error)
	// New builds the filter from its canonical configuration.
	New func(env Env, config json.RawMessage) (Filter, error)
}

// Definition is what a filter's own package states; Define turns it into a Spec.
type Definition[C any] struct {
	Name     string
	Phase    Phase
	Priority int
	Schema   string
	Answers  bool
	Owns     func(C) []string
	New      func(Env, C) (Filter, error)
}

// Define makes the Spec of a filter whose configuration is a C. It owns the
// strict decoding, so that no filter parses JSON itself.
func Define[C any](d Definition[C]) Spec {
	s := Spec{Name: d.Name, Phase: d.Phase, Priority: d.Priority, Schema: d.Schema, Answers: d.Answers}
	s.New = func(env Env, raw json.RawMessage) (Filter, error) {
		c, err := decode[C](raw)
		if err != nil {
			return nil, fmt.Errorf("filter %s: %w", d.Name, err)
		}
		f, err := d.New(env, c)
		if err != nil {
			return nil, fmt.Errorf("filter %s: %w", d.Name, err)
		}
		return f, nil
	}
	if d.Owns != nil {
		s.Owns = func(raw json.RawMessage) ([]string, error) {
			c, err := decode[C](raw)
			if err != nil {
				return nil, fmt.Errorf("filter %s: %w", d.Name, err)
			}
			return d.Owns(c), nil
		}
	}
	return s
}

func decode[C any](raw json.RawMessage) (C, error) {
	var c C
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(&c)
	return c, err
}

// PreflightFilter marks a filter that answers CORS preflights: the route then also
// takes an OPTIONS request that asks about a method of its own.
type PreflightFilter interface {
	RequestFilter
	HandlesPreflight()
}
