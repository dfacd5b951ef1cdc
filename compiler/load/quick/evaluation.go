package quick

import (
	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
)

// Bounds of one evaluation. What needs more is left to CUE and its watchdog.
const (
	maxDepth = 64
	maxSteps = 2_000_000
	maxText  = 16 << 20 // bytes of texts that are put together
)

// evaluation is one domain under evaluation. It stops at the first thing that it does
// not know, or that CUE would refuse: failed is set and nothing matters any more.
type evaluation struct {
	shared *Shared
	own    *names
	refs   references // of the domain's own files
	root   *node
	// reached are the top names of the domain's own that something has referred to.
	reached map[string]bool
	failed  bool
	depth   int
	steps   int
	written int // bytes of texts that were put together
}

// newEvaluation prepares the domain's files, or returns nil when something at their
// top is beyond this package.
func newEvaluation(s *Shared, files []*ast.File) *evaluation {
	e := &evaluation{shared: s, own: newNames(files), refs: newReferences(), reached: map[string]bool{}, root: &node{}}
	if s.names.odd || e.own.odd {
		return nil
	}
	for name := range e.own.fields {
		if internal(name) && (s.names.fields[name] != nil || s.schema[name] != nil) {
			return nil
		}
	}
	for i, f := range files {
		// An import that is not used is an error, and one that is used is a function.
		if len(e.own.imports[i]) > 0 || e.refs.file(f, i, s.schema, e.own, s.names) > 0 {
			return nil
		}
	}
	return e
}

// fail stops the evaluation.
func (e *evaluation) fail() { e.failed = true }

// top evaluates one of the names that mean something at the top of a domain.
func (e *evaluation) top(name string, want *accept.Node) map[string]any {
	decls := e.own.fields[name]
	if len(decls) == 0 || e.failed {
		return nil
	}
	n := e.topNode(name, decls)
	v, whole := e.value(n, want)
	m, ok := v.(map[string]any)
	if e.failed || !whole || !ok || !want.Accepts(m) {
		e.fail()
		return nil
	}
	return m
}

// topNode is the node of a name at the top of the files.
func (e *evaluation) topNode(name string, decls []declaration) *node {
	n := e.root.child(name)
	if len(n.conjuncts) == 0 {
		for _, d := range decls {
			n.add(conjunct{expr: d.expr, scope: nil})
		}
	}
	return n
}

// named is the node of a definition or hidden field at the top of the files.
func (e *evaluation) named(name string) *node {
	if decls := e.own.fields[name]; decls != nil {
		e.reached[name] = true
		return e.topNode(name, decls)
	}
	return e.topNode(name, e.shared.names.fields[name])
}

// reachedAll tells whether every definition and hidden field of the domain's own was
// used. CUE also finds the mistakes in those that are not.
func (e *evaluation) reachedAll() bool {
	for name := range e.own.fields {
		if internal(name) && !e.reached[name] {
			return false
		}
	}
	return true
}

func (e *evaluation) resolve(id *ast.Ident) reference {
	if r, ok := e.refs.of[id]; ok {
		return r
	}
	return e.shared.refs.of[id]
}

// enter bounds depth and work; leave ends what it began.
func (e *evaluation) enter() bool {
	e.depth++
	e.steps++
	if e.depth > maxDepth || e.steps > maxSteps {
		e.fail()
	}
	return !e.failed
}

func (e *evaluation) leave() { e.depth-- }
