package load

import (
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
)

// placedIn finds places in an environment: what its file sets stands there, all else
// where it stood.
type placedIn struct {
	env   ir.Index
	above []string // of the domain in the environment's file
	rest  ir.Index
}

// placed is the index of a domain in the environment that is loaded.
func (l *loader) placed(domain string, rest ir.Index) ir.Index {
	if l.env == nil {
		return rest
	}
	return placedIn{env: l.env.index, above: []string{"domains", domain}, rest: rest}
}

// placedShared is the index of the shared files in the environment that is loaded.
func (l *loader) placedShared(rest ir.Index) ir.Index {
	if l.env == nil {
		return rest
	}
	return placedIn{env: l.env.index, rest: rest}
}

// Lookup is that of ir.Index. A route, an upstream or a secret itself stands where it
// is defined; of what is in it, the place that says most is the place.
func (p placedIn) Lookup(path ...string) (diag.Pos, int) {
	pos, depth := p.rest.Lookup(path...)
	if len(path) < 2 || len(path) == 2 && path[0] != "domain" {
		return pos, depth
	}
	in := path
	if len(p.above) > 0 && path[0] == "domain" {
		in = path[1:] // domain: hosts is domains: <name>: hosts there
	}
	dropped := len(path) - len(in)
	at := append(append([]string(nil), p.above...), in...)
	envPos, envDepth := p.env.Lookup(at...)
	if envDepth -= len(p.above); envDepth < 1 || envDepth+dropped < depth || envDepth+dropped < 3 && path[0] != "domain" {
		return pos, depth
	}
	return envPos, envDepth + dropped
}
