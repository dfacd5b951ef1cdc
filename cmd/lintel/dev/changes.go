package dev

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diff"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// maxListed bounds the changes that one line lists.
const maxListed = 6

// changes says in one line what the new bundle changes: + added, - removed, ~ changed.
func changes(old, next *bundle.Bundle) string {
	if old == nil {
		return "the first bundle, " + counts(next.Manifest().Counts)
	}
	r, err := diff.Compute(diff.Side{Bundle: old}, diff.Side{Bundle: next})
	if err != nil {
		return fmt.Sprintf("what changed cannot be told: %v", err)
	}
	return r.Line(maxListed)
}
