package diff

import (
	"encoding/json"
	"io"
)

// reportFormat is the version of the report's JSON.
const reportFormat = 1

// The kinds of things that an Item is about.
const (
	KindDomain   = "domain"
	KindRoute    = "route"
	KindUpstream = "upstream"
	KindSecret   = "secret"
)

// What happened to an Item or a Field.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	// Renamed is an Item that is the same in everything but its name.
	Renamed = "renamed"
	// Moved is a route that is written in another file; nothing that runs changes.
	Moved = "moved"
	// Reordered is a list of the same elements in another order.
	Reordered = "reordered"
)

// Effects of a change.
const (
	// EffectNone: gateways do the same with either side.
	EffectNone = "none"
	// EffectHot: gateways swap the new side in; no connection is cut and no pod is
	// restarted. Everything that a bundle holds is of this kind.
	EffectHot = "hot"
)

// Report says what the new side changes. Its JSON is described at the package.
type Report struct {
	Format int    `json:"format"`
	Old    Ref    `json:"old"`
	New    Ref    `json:"new"`
	Effect string `json:"effect"`
	Counts Counts `json:"counts"`
	// Groups hold the changes: the shared part first, then domains by name.
	Groups []Group `json:"groups"`
	// Unserved is what differs and is in no bundle; nil unless both sides were
	// compiled from route files.
	Unserved *Unserved `json:"unserved,omitempty"`
}

// Ref names one side.
type Ref struct {
	Name     string `json:"name"`
	Digest   string `json:"digest"`
	Content  string `json:"content"`
	Revision string `json:"revision,omitempty"`
}

// Counts counts the items by their kind.
type Counts struct {
	Domains   Count `json:"domains"`
	Routes    Count `json:"routes"`
	Upstreams Count `json:"upstreams"`
	Secrets   Count `json:"secrets"`
}

// Count counts items of one kind.
type Count struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
	Renamed int `json:"renamed"`
	Moved   int `json:"moved"`
}

// of returns the counter of a kind of change.
func (c *Count) of(change string) *int {
	switch change {
	case Added:
		return &c.Added
	case Removed:
		return &c.Removed
	case Renamed:
		return &c.Renamed
	case Moved:
		return &c.Moved
	}
	return &c.Changed
}

// of returns the counters of a kind of item.
func (c *Counts) of(kind string) *Count {
	switch kind {
	case KindDomain:
		return &c.Domains
	case KindUpstream:
		return &c.Upstreams
	case KindSecret:
		return &c.Secrets
	}
	return &c.Routes
}

// Group holds the changes of one domain.
type Group struct {
	// Domain is its name on the new side, or on the old one where it was removed;
	// "" is the part that all domains share.
	Domain string `json:"domain"`
	// Owner is who answers for the domain, "" when nobody is named.
	Owner string `json:"owner,omitempty"`
	Items []Item `json:"items"`
}

// Item is one thing that was added, removed, changed, renamed or moved.
type Item struct {
	Kind   string `json:"kind"`
	Change string `json:"change"`
	// Name is the name inside the group: a route's id without its domain.
	Name string `json:"name"`
	// Was is the old name of what was renamed.
	Was string `json:"was,omitempty"`
	// Old and New are where it is written on either side, if that is known.
	Old *Place `json:"old,omitempty"`
	New *Place `json:"new,omitempty"`
	// Definition is all of what was added or removed, as a bundle holds it.
	Definition json.RawMessage `json:"definition,omitempty"`
	// Fields are what changed in it.
	Fields []Field `json:"fields,omitempty"`
}

// Field is one value that changed.
type Field struct {
	// Path leads to the value from the item: ["filters", "cors", "maxAge"]. An
	// element of the lists endpoints and split goes by its address or upstream, one
	// of another list by its number.
	Path   []string `json:"path"`
	Change string   `json:"change"`
	// Old and New are the values, absent where there is none.
	Old json.RawMessage `json:"old,omitempty"`
	New json.RawMessage `json:"new,omitempty"`
	// Added and Removed are the elements by which two lists of texts differ.
	Added   []json.RawMessage `json:"added,omitempty"`
	Removed []json.RawMessage `json:"removed,omitempty"`
	// OldPlace and NewPlace are where the value is written, if that is known: a
	// side must have been compiled from route files.
	OldPlace *Place `json:"oldPlace,omitempty"`
	NewPlace *Place `json:"newPlace,omitempty"`
	// Routes are the names of the routes that change along: those that name no hosts
	// have the domain's.
	Routes []string `json:"routes,omitempty"`

	// oldAt and newAt lead to the value in the files, where elements go by number.
	oldAt, newAt []string
}

// Place is a position in a route file, from 1.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Unserved counts what differs without ever being served.
type Unserved struct {
	// Cases are the test cases beside the routes that both sides have.
	Cases Count `json:"cases"`
	// Settings tells that the settings of the repository differ.
	Settings bool `json:"settings"`
}

// Empty tells that there is nothing to tell: no item but routes that moved.
func (r *Report) Empty() bool {
	for _, g := range r.Groups {
		for i := range g.Items {
			if g.Items[i].Change != Moved {
				return false
			}
		}
	}
	return true
}

// WriteJSON writes the report as indented JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}
