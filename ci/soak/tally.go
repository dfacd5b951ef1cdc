package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// tally counts what became of what was asked.
type tally struct {
	mu    sync.Mutex
	count map[string]*counts
}

type counts struct {
	good, faults, wrong int
	first               string // of what was wrong
}

func (t *tally) add(name string, f func(*counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count == nil {
		t.count = map[string]*counts{}
	}
	if t.count[name] == nil {
		t.count[name] = &counts{}
	}
	f(t.count[name])
}

func (t *tally) good(name string)  { t.add(name, func(c *counts) { c.good++ }) }
func (t *tally) fault(name string) { t.add(name, func(c *counts) { c.faults++ }) }
func (t *tally) wrong(name string, err error) {
	t.add(name, func(c *counts) {
		if c.wrong++; c.first == "" {
			c.first = err.Error()
		}
	})
}

// sums are those of all.
func (t *tally) sums() (s counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.count {
		s.good, s.faults, s.wrong = s.good+c.good, s.faults+c.faults, s.wrong+c.wrong
	}
	return s
}

func (t *tally) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(w, "\n%-40s %10s %10s %10s\n", "what", "good", "by faults", "wrong")
	for _, name := range slices.Sorted(maps.Keys(t.count)) {
		c := t.count[name]
		fmt.Fprintf(w, "%-40s %10d %10d %10d  %s\n", name, c.good, c.faults, c.wrong, c.first)
	}
}

// verdict is an error when anything was lost or wrong.
func (t *tally) verdict() error {
	if s := t.sums(); s.wrong > 0 {
		return fmt.Errorf("%d exchanges were lost or wrong, beside %d that were good", s.wrong, s.good)
	}
	return nil
}
