package coverage

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
)

// Report is what the cases of a bundle reached. Everything in it stands in a stable
// order: domains, owners, modules and filters by name, routes by their place.
type Report struct {
	// Bundle is the digest of the bundle that the cases were written for.
	Bundle string  `json:"bundle,omitempty"`
	Cases  Outcome `json:"cases"`
	// Totals are over all routes.
	Totals  Totals   `json:"totals"`
	Domains []Domain `json:"domains"`
	Owners  []Owner  `json:"owners"`
	Filters []Filter `json:"filters"`
	// Uncovered are the new routes that took no case which passed.
	Uncovered []Uncovered `json:"uncovered"`
	// Played are the cases of the set by index, which is how points name them.
	Played []Case `json:"played"`
}

// Outcome counts cases by what became of them.
type Outcome struct {
	Total     int `json:"total"`
	Passed    int `json:"passed"`
	Failed    int `json:"failed"`
	NotPlayed int `json:"notPlayed"`
}

// Totals counts points by kind and in all.
type Totals struct {
	Routes     Count `json:"routes"`
	Hosts      Count `json:"hosts"`
	Predicates Count `json:"predicates"`
	Filters    Count `json:"filters"`
	All        Count `json:"all"`
}

// Count is how many of a number of points were reached.
type Count struct {
	Covered int `json:"covered"`
	Total   int `json:"total"`
	// Percent has one decimal and is rounded down, so that 100 means all. It is 100
	// when there is nothing to reach.
	Percent float64 `json:"percent"`
}

// String is "3/4".
func (c Count) String() string { return fmt.Sprintf("%d/%d", c.Covered, c.Total) }

func (c *Count) add(covered bool) {
	c.Total++
	if covered {
		c.Covered++
	}
	c.settle()
}

func (c *Count) merge(o Count) {
	c.Total += o.Total
	c.Covered += o.Covered
	c.settle()
}

func (c *Count) settle() {
	c.Percent = 100
	if c.Covered < c.Total {
		c.Percent = math.Floor(1000*float64(c.Covered)/float64(c.Total)) / 10
	}
}

func (t *Totals) add(p *Point) {
	switch p.Kind {
	case KindRoute:
		t.Routes.add(p.Covered)
	case KindHost:
		t.Hosts.add(p.Covered)
	case KindPredicate:
		t.Predicates.add(p.Covered)
	case KindFilter:
		t.Filters.add(p.Covered)
	}
	t.All.add(p.Covered)
}

func (t *Totals) merge(o *Totals) {
	t.Routes.merge(o.Routes)
	t.Hosts.merge(o.Hosts)
	t.Predicates.merge(o.Predicates)
	t.Filters.merge(o.Filters)
	t.All.merge(o.All)
}

// Domain is the routes of one domain.
type Domain struct {
	Name string `json:"name"`
	// Owner is "" when the domain names none.
	Owner   string   `json:"owner,omitempty"`
	Totals  Totals   `json:"totals"`
	Modules []Module `json:"modules"`
}

// Module is the routes of one file of a domain.
type Module struct {
	Name   string  `json:"name"`
	Totals Totals  `json:"totals"`
	Routes []Route `json:"routes"`
}

// Owner is what one owner's domains come to; Name is "" for those without an owner.
type Owner struct {
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
	Totals  Totals   `json:"totals"`
}

// Filter is in how many of the routes that have a filter it was reached.
type Filter struct {
	Name  string `json:"name"`
	Count Count  `json:"count"`
}

// Route is one route and its points.
type Route struct {
	ID string `json:"id"`
	// Name is the id without the domain.
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	File        string `json:"file"`
	Line        int    `json:"line"`
	Column      int    `json:"column"`
	// New tells that the route was not there before.
	New bool `json:"new"`
	// Methods are those that the route is limited to; none means any.
	Methods []string `json:"methods,omitempty"`
	// Path is the kind and text of the path, such as "template /orders/{id}".
	Path string `json:"path"`
	// Covered tells that the route took a case that passed.
	Covered bool    `json:"covered"`
	Count   Count   `json:"count"`
	Points  []Point `json:"points"`
	// Missing says in words what was not reached, such as "header x-stage: never
	// false".
	Missing []string `json:"missing,omitempty"`
	// Cases are those that passed and that the route took, and those that stand
	// beside it, by index.
	Cases []int `json:"cases,omitempty"`
}

// Uncovered is a new route that took no case which passed.
type Uncovered struct {
	Route  string `json:"route"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Case is one case and what became of it.
type Case struct {
	// Route is the id of the route that the case stands beside.
	Route string `json:"route"`
	Name  string `json:"name"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	State State  `json:"state"`
	// Took are the ids of the routes that took the case, when it passed.
	Took []string `json:"took,omitempty"`
	// Millis is the time of the case in milliseconds.
	Millis float64 `json:"millis,omitempty"`
}

// State is what became of a case.
type State string

const (
	// Passed means that everything that was expected held.
	Passed State = "passed"
	// Failed means that something did not hold.
	Failed State = "failed"
	// NotPlayed means that there is no result.
	NotPlayed State = "not-played"
)

// routes goes over all routes in the report's order.
func (r *Report) routes() iter.Seq[*Route] {
	return func(yield func(*Route) bool) {
		for i := range r.Domains {
			for j := range r.Domains[i].Modules {
				m := &r.Domains[i].Modules[j]
				for k := range m.Routes {
					if !yield(&m.Routes[k]) {
						return
					}
				}
			}
		}
	}
}

// WriteJSON writes the report as indented JSON with a newline at the end.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write coverage as JSON: %w", err)
	}
	return nil
}
