package filter

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// Registry knows filters by name.
type Registry struct {
	byName map[string]*Spec
	names  []string
}

// NewRegistry makes a registry of specs. Two specs with one name, or with one
// phase and priority, are an error.
func NewRegistry(specs []Spec) (*Registry, error) {
	r := &Registry{byName: map[string]*Spec{}}
	place := map[[2]int]string{}
	for i := range specs {
		s := &specs[i]
		if r.byName[s.Name] != nil {
			return nil, fmt.Errorf("two filters are called %q", s.Name)
		}
		at := [2]int{int(s.Phase), s.Priority}
		if other, taken := place[at]; taken {
			return nil, fmt.Errorf("filters %q and %q share phase %s and priority %d", other, s.Name, s.Phase, s.Priority)
		}
		place[at], r.byName[s.Name] = s.Name, s
		r.names = append(r.names, s.Name)
	}
	slices.Sort(r.names)
	return r, nil
}

// Names are the names of all filters, sorted.
func (r *Registry) Names() []string { return r.names }

// Spec returns the filter called name, or nil.
func (r *Registry) Spec(name string) *Spec { return r.byName[name] }

// Step is one built filter. Chains share it: a filter holds no state of a route.
type Step struct {
	Spec     *Spec
	Request  RequestFilter
	Response ResponseFilter

	strip     []string
	preflight bool
	closer    io.Closer // nil when the filter holds nothing
}

// Chain is the filters of one route in the order in which they run.
type Chain struct {
	Steps []Step
	// Strip names the request headers that filters own.
	Strip []string
	// Preflight tells that one of the filters answers CORS preflights.
	Preflight bool
}

// Step builds the filter called name from its canonical configuration.
func (r *Registry) Step(env Env, name string, config json.RawMessage) (*Step, error) {
	s := r.byName[name]
	if s == nil {
		return nil, fmt.Errorf("filter %q is unknown", name)
	}
	f, err := s.New(env, config)
	if err != nil {
		return nil, err
	}
	step := &Step{Spec: s}
	step.Request, _ = f.(RequestFilter)
	step.Response, _ = f.(ResponseFilter)
	step.closer, _ = f.(io.Closer)
	_, step.preflight = f.(PreflightFilter)
	if s.Owns != nil {
		if step.strip, err = s.Owns(config); err != nil {
			return nil, err
		}
	}
	return step, nil
}

// Close closes a filter that holds something. It is called once, when no chain
// runs the step any more.
func (s *Step) Close() error {
	if s.closer == nil {
		return nil
	}
	return s.closer.Close()
}

// Join makes a chain of steps, in whatever order they are given.
func Join(steps []*Step) *Chain {
	c := &Chain{Steps: make([]Step, len(steps))}
	for i, s := range steps {
		c.Steps[i] = *s
		c.Strip = append(c.Strip, s.strip...)
		c.Preflight = c.Preflight || s.preflight
	}
	slices.SortFunc(c.Steps, func(a, b Step) int {
		if a.Spec.Phase != b.Spec.Phase {
			return int(a.Spec.Phase) - int(b.Spec.Phase)
		}
		return a.Spec.Priority - b.Spec.Priority
	})
	slices.Sort(c.Strip)
	return c
}

// Build makes the chain of filters that nothing else shares.
func (r *Registry) Build(env Env, filters route.Filters) (*Chain, error) {
	var steps []*Step
	for name, config := range filters {
		s, err := r.Step(env, name, config)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return Join(steps), nil
}

// RunRequest runs the request side. It returns how many steps the request
// reached, and Stop when one of them answered.
func (c *Chain) RunRequest(x *Exchange) (reached int, v Verdict) {
	for i := range c.Strip {
		x.Header.Del(c.Strip[i])
	}
	for i := range c.Steps {
		if f := c.Steps[i].Request; f != nil && f.Request(x) == Stop {
			return i + 1, Stop
		}
	}
	return len(c.Steps), Continue
}

// RunResponse runs the response side of the first reached steps, last first.
func (c *Chain) RunResponse(x *Exchange, reached int) {
	for i := reached - 1; i >= 0; i-- {
		if f := c.Steps[i].Response; f != nil {
			f.Response(x)
		}
	}
}
