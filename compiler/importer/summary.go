package importer

import (
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer/redact"
)

// Summary counts what became of the exchanges.
type Summary struct {
	// Read is how many exchanges were added.
	Read int
	// Repeats were of a kind that is there, or more than a route may have.
	Repeats int
	// Unmatched were taken by no route; Listed names the first of them, redacted, and
	// Unlisted tells that there are others.
	Unmatched int
	Listed    []string
	Unlisted  bool
	// Elsewhere were taken by another route when they were recorded than the table
	// says now: headers, which the record does not hold, or other routes decided.
	Elsewhere int
	// Undone were taken by another route once what is private was replaced.
	Undone int
	// Foreign were nothing that a gateway would take as a request.
	Foreign int
	// Redacted are the values that were replaced or left out in the cases.
	Redacted []redact.Count
}

// Summary is what became of the exchanges; it is complete after Finish.
func (c *Collector) Summary() Summary {
	s := c.sum
	s.Redacted = c.redactor.Counts()
	return s
}

// maxMissed bounds the requests that no route takes and that are kept to be listed.
const maxMissed = 4 * maxListed

// miss keeps a request that no route takes; what is private in it is known at the end.
func (c *Collector) miss(x *Exchange) {
	c.sum.Unmatched++
	path, _, _ := strings.Cut(x.Target, "?")
	key := x.Method + " " + x.Host + path
	switch {
	case c.listed[key]:
	case len(c.missed) == maxMissed:
		c.sum.Unlisted = true
	default:
		c.listed[key] = true
		c.missed = append(c.missed, x)
	}
}

// list lists what no route takes, each line once.
func (c *Collector) list() {
	lines := map[string]bool{}
	for _, x := range c.missed {
		line := c.line(x)
		switch {
		case lines[line]:
		case len(c.sum.Listed) == maxListed:
			c.sum.Unlisted = true
		default:
			lines[line] = true
			c.sum.Listed = append(c.sum.Listed, line)
		}
	}
}

// line is a request as it can be shown.
func (c *Collector) line(x *Exchange) string {
	scope := c.redactor.Scope()
	learn(scope, x, conditions{})
	path, query, has := strings.Cut(x.Target, "?")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = scope.Value("", segment)
	}
	labels := strings.Split(x.Host, ".")
	for i, label := range labels {
		labels[i] = scope.Value("", label)
	}
	out := x.Method + " " + strings.Join(labels, ".") + strings.Join(segments, "/")
	if has {
		out += "?" + scope.Pairs(query, nil)
	}
	if len(out) > 300 {
		out = out[:300] + "..."
	}
	return out
}
