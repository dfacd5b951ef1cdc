// Package mixed makes route repositories of any size for benchmarks: of ten routes
// six are written with a template, three with anchors and one in full, on the
// paths of public interfaces, with one case each. The same number of routes gives
// the same bytes.
package mixed

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/ci/bench/paths"
)

const (
	perDomain = 50
	perFile   = 10
	services  = 5 // upstreams of a domain
)

// Repo is a generated routes directory.
type Repo struct {
	// Files maps names below the routes directory to their text.
	Files map[string]string
	// Domains are the names of the domains in order.
	Domains []string
}

// New makes a repository of n mixed routes.
func New(n int) *Repo { return generate(n, false) }

// Data makes a repository of n routes that are all written out, without a template or
// an anchor, as tools write them.
func Data(n int) *Repo { return generate(n, true) }

func generate(n int, data bool) *Repo {
	r := &Repo{Files: map[string]string{"templates.cue": templates}}
	all := paths.All()
	for first := 0; first < n; first += perDomain {
		d := domain{
			name:  fmt.Sprintf("d%05d.example", first/perDomain),
			short: fmt.Sprintf("d%05d", first/perDomain),
			data:  data,
		}
		// Each domain takes a stretch of its own, so that its paths are related as
		// those of one team are, and no two of its routes tie.
		start := first * 7 % (len(all) - perDomain)
		d.entries = all[start : start+min(perDomain, n-first)]
		r.Domains = append(r.Domains, d.name)
		d.write(r.Files)
	}
	return r
}

// FS returns the repository as a file system.
func (r *Repo) FS() fs.FS {
	out := fstest.MapFS{}
	for name, text := range r.Files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// Write puts the repository into the routes directory dir, which must not hold
// other files.
func (r *Repo) Write(dir string) error {
	for name, text := range r.Files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("write routes: %w", err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write routes: %w", err)
		}
	}
	return nil
}

// Edit changes one route of the first domain, as a person would.
func (r *Repo) Edit(revision int) {
	name := r.Domains[0] + "/m0.cue"
	text := r.Files[name]
	if i := strings.Index(text, "\n// edited"); i >= 0 {
		text = text[:i]
	}
	r.Files[name] = text + fmt.Sprintf("\n// edited\nroutes: \"edited\": {path: exact: \"/edited/%d\", upstream: \"svc0\"}\n", revision)
}
