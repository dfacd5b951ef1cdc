package compiler

import (
	"fmt"

	"github.com/lintel-gateway/lintel/runtime/filter/standard"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Table builds the gateway's own table from a bundle, to ask instead of to serve:
// secrets have no value. Close it after use.
func Table(b *bundle.Bundle) (*table.Table, error) {
	filters, err := standard.Registry()
	if err != nil {
		return nil, fmt.Errorf("list filters: %w", err)
	}
	t, err := table.Build(table.Input{Shared: b.Shared(), Domains: b.Domains()}, nil, table.Env{Filters: filters, Secret: noSecret})
	if err != nil {
		return nil, fmt.Errorf("build the table of the bundle: %w", err)
	}
	return t, nil
}
