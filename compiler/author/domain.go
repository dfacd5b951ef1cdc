package author

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/lintel-gateway/lintel/compiler/diag"
)

// Domain is what is asked for of a new domain.
type Domain struct {
	Name string
	// Hosts are the host patterns that it owns; absent: its name and all below.
	Hosts []string
	// Owner is the team to ask.
	Owner string
}

var (
	domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	ownerName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9/._-]*$`)
)

// domainModule is the module in which a new domain says what it owns.
const domainModule = "domain.cue"

// AddDomain plans a domain that has no routes yet.
func (r *Repo) AddDomain(ctx context.Context, want Domain) (*Plan, error) {
	switch {
	case !domainName.MatchString(want.Name):
		return nil, mistake("domain", "%q is no name of a domain such as shop.example: it is a folder's name of lower-case letters, digits, \".\", \"_\" and \"-\"", want.Name)
	case slices.Contains(r.Domains(), want.Name):
		return nil, mistake("domain", "there is a domain %q already", want.Name)
	case want.Owner == "":
		return nil, mistake("owner", "the domain needs an owner: the team to ask")
	case !ownerName.MatchString(want.Owner):
		return nil, mistake("owner", "%q is no name of a team such as team-shop", want.Owner)
	}
	if len(want.Hosts) == 0 {
		want.Hosts = []string{want.Name, "*." + want.Name}
	}
	name := path.Join(want.Name, domainModule)
	p, err := r.plan(name, fmt.Sprintf("domain: {\nhosts: %s\nowner: %s\n}\n", texts(want.Hosts), text(want.Owner)))
	if err != nil {
		return nil, err
	}
	if p.Before != nil {
		return nil, mistake("domain", "%s is there already", name)
	}
	empty := func(f diag.Diagnostic) bool { return f.Code == "no-routes" }
	if _, err := r.prove(ctx, name, p.After, empty); err != nil {
		return nil, err
	}
	return p, nil
}
