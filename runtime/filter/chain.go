package filter

import (
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

// Step is one built filter in a chain.
type Step struct {
	Spec     *Spec
	Request  RequestFilter
	Response ResponseFilter
}

// Chain is the filters of one route in the order in which they run.
type Chain struct {
	Steps []Step
	// Strip names the request headers that filters own.
	Strip []string
	// Preflight tells that one of the filters answers CORS preflights.
	Preflight bool
}

// Build makes the chain of a route.
func (r *Registry) Build(env Env, filters route.Filters) (*Chain, error) {
	c := &Chain{}
	for name, raw := range filters {
		s := r.byName[name]
		if s == nil {
			return nil, fmt.Errorf("filter %q is unknown", name)
		}
		f, err := s.New(env, raw)
		if err != nil {
			return nil, err
		}
		step := Step{Spec: s}
		step.Request, _ = f.(RequestFilter)
		step.Response, _ = f.(ResponseFilter)
		if _, ok := f.(PreflightFilter); ok {
			c.Preflight = true
		}
		c.Steps = append(c.Steps, step)
		if s.Owns != nil {
			own, err := s.Owns(raw)
			if err != nil {
				return nil, err
			}
			c.Strip = append(c.Strip, own...)
		}
	}
	slices.SortFunc(c.Steps, func(a, b Step) int {
		if a.Spec.Phase != b.Spec.Phase {
			return int(a.Spec.Phase) - int(b.Spec.Phase)
		}
		return a.Spec.Priority - b.Spec.Priority
	})
	slices.Sort(c.Strip)
	return c, nil
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

// Close closes the filters that hold something.
func (c *Chain) Close() error {
	var first error
	for i := range c.Steps {
		var f any = c.Steps[i].Request
		if f == nil {
			f = c.Steps[i].Response
		}
		if cl, ok := f.(io.Closer); ok {
			if err := cl.Close(); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}
