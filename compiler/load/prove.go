package load

import (
	"encoding/json"
	"errors"
	"path"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

// Prove remembers in the cache that the domains of the program were checked and
// built without an error (ir.Domain.Proven). Domains with a warning are left out,
// so that they are warned of again; a finding outside of all domains leaves out
// everything, and so is a domain of which built is false. Outline is what is kept beside
// each for those that leave it closed.
func (r *Result) Prove(findings diag.List, built func(*ir.Domain) bool, outline func(*ir.Domain) *ir.Outline) {
	for _, d := range findings {
		dir := path.Dir(d.Pos.File)
		if !strings.Contains(dir, "/") {
			return
		}
		delete(r.keys, dir)
	}
	fresh := map[string]bool{}
	for _, k := range r.keys {
		fresh[k] = true
	}
	kept := map[string]*ir.Outline{}
	for _, d := range r.Program.Domains {
		o := r.outlines[d.Key]
		if fresh[d.Key] && built(d) {
			r.cache.Rename(d.Key, proofOf(d.Key))
			o = outline(d)
		}
		if o != nil {
			kept[d.Key] = o
		}
	}
	if len(fresh) == 0 {
		return
	}
	if data, err := json.Marshal(kept); err == nil {
		r.cache.Put(r.outlinesKey, data)
	}
}

// loadOutlines reads the outlines of the domains that were proven last, by their keys.
// They are one entry: a repository has hundreds of domains, and most of them have not
// changed.
func (l *loader) loadOutlines() {
	env := ""
	if l.env != nil {
		env = l.env.name
	}
	l.outlinesKey = l.cache.Key("outlines", l.sharedKey, env)
	if data, ok := l.cache.Get(l.outlinesKey); ok {
		if json.Unmarshal(data, &l.outlines) != nil {
			l.outlines = nil
		}
	}
}

// Open brings a closed domain in from the cache. It is an error when the cache has
// lost it: then all is to be loaded again, and nothing left closed.
func (r *Result) Open(d *ir.Domain) error {
	data, ok := r.cache.Get(proofOf(d.Key))
	if !ok {
		return ErrLost
	}
	whole, err := ir.DecodeDomain(data, d.Index)
	if err != nil {
		return ErrLost
	}
	whole.Key, whole.Proven = d.Key, true
	*d = *whole
	return nil
}

// ErrLost says that the cache has lost a domain that was left in it.
var ErrLost = errors.New("the cache has lost a domain")
