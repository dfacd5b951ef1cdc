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
	// Unmatched were taken by no route; Listed names the first of them, redacted.
	Unmatched int
	Listed    []string
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

// list remembers a request that no route takes.
func (c *Collector) list(x *Exchange) {
	if len(c.sum.Listed) == maxListed {
		return
	}
	scope := c.redactor.Scope()
	path, query, has := strings.Cut(x.Target, "?")
	learn(scope, x, conditions{})
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = scope.Value("", p)
	}
	labels := strings.Split(x.Host, ".")
	for i, l := range labels {
		labels[i] = scope.Value("", l)
	}
	line := x.Method + " " + strings.Join(labels, ".") + strings.Join(parts, "/")
	if has {
		line += "?" + scope.Pairs(query, nil)
	}
	if len(line) > 300 {
		line = line[:300] + "..."
	}
	if !c.listed[line] {
		c.listed[line] = true
		c.sum.Listed = append(c.sum.Listed, line)
	}
}
