// Package ir holds the compiler's view of a whole repository: domains, modules
// and routes with every default applied and every position kept. Checks read it;
// emit writes it out.
package ir

import (
	"encoding/json"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// Program is everything that was loaded. Domains are sorted by name.
type Program struct {
	Shared  Shared
	Domains []*Domain
	// Files maps each source file to its text, for excerpts.
	Files map[string][]byte
}

// Shared is what routes/*.cue offers to every domain.
type Shared struct {
	Def      route.Shared
	Settings Settings
	// Groups are the gateway groups that are declared; DefaultGroup is there always.
	Groups map[string]Group
	Index  Index
}

// Settings are what the repository asks of itself; they never enter the bundle.
type Settings struct {
	// Coverage is "required" when every route needs a case, or "optional".
	Coverage string `json:"coverage"`
	// MinCoverage is the coverage in percent that is asked for.
	MinCoverage float64 `json:"minCoverage"`
	// Owner is the team that owns what domains share.
	Owner string `json:"owner"`
	// Owners is "required" when every domain has to name its owner, or "optional".
	Owners string `json:"owners"`
	// Findings raise or silence warnings, by their code.
	Findings map[string]FindingSetting `json:"findings"`
}

// FindingSetting says what becomes of one warning.
type FindingSetting struct {
	// Level is "error", "warning" or "off".
	Level string `json:"level"`
	// Reason says why; "" when the author gives none.
	Reason string `json:"reason"`
}

// Domain is one folder.
type Domain struct {
	Def   route.Domain
	Owner string
	// Groups are the gateway groups of routes that name none; nil is DefaultGroup.
	Groups []string
	// Routes stand in the order of Def.Routes (by id).
	Routes []*Route
	// Index finds the place of anything that was written in the domain.
	Index Index
	// Pos is the place of the domain's declaration, or of its first file.
	Pos diag.Pos
	// Key names everything that the domain was made of, the shared part and the
	// build of the compiler included; "" when there is no cache.
	Key string
	// Outline is set when the domain is closed: proven, and left in the cache but for
	// its name, hosts and owner.
	Outline *Outline
	// Proven tells that this very domain, with this very shared part, was checked
	// and built before by this build of the compiler without a finding. What
	// concerns the domain alone need not be looked at again; what concerns several
	// domains must.
	Proven bool
}

// Route is one route with what never enters the bundle.
type Route struct {
	// Def points into Domain.Def.Routes.
	Def *route.Route
	// Name is the id without the domain; Module the file's name without ".cue".
	Name, Module string
	Description  string
	// Groups are the gateway groups that the route names itself; nil: the domain's.
	Groups []string
	// Pos is the place of the route's label in the author's file.
	Pos diag.Pos
	// Tests are the cases written beside the route, sorted by name.
	Tests []Case
}

// Case is one test case of a route.
type Case struct {
	Name string
	Pos  diag.Pos
	// Body is the case as written: {"request": ..., "expect": ...}.
	Body json.RawMessage
}

// Index maps a path, such as ["routes", "orders-get", "filters", "cors"], to the
// places where it is written, the author's own file first.
type Index interface {
	// Lookup returns the place of the path, or of its longest prefix that was
	// written, and how many elements of the path that prefix has.
	Lookup(path ...string) (pos diag.Pos, depth int)
}
