package load

import (
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// placedIn finds places in an environment: what its file sets stands there, all else
// where it stood.
type placedIn struct {
	env   *index.Index
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
	at, dropped := p.inEnvironment(path)
	if at == nil {
		return pos, depth
	}
	envPos, envDepth := p.env.Lookup(at...)
	envDepth -= len(p.above) - dropped
	if envDepth <= dropped || envDepth < depth || envDepth < 3 && path[0] != "domain" {
		return pos, depth
	}
	return envPos, envDepth
}

// Origins lists every place where something is written at the path: in the
// environment's file first.
func (p placedIn) Origins(path ...string) (out []index.Origin) {
	if at, _ := p.inEnvironment(path); at != nil {
		if _, depth := p.env.Lookup(at...); depth == len(at) {
			out = p.env.Origins(at...)
		}
	}
	if rest, ok := p.rest.(interface {
		Origins(path ...string) []index.Origin
	}); ok {
		out = append(out, rest.Origins(path...)...)
	}
	return out
}

// inEnvironment is the path of something in the environment's file, nil when it never
// stands there, and how many elements it lost on the way: domain: hosts is
// domains: <name>: hosts there.
func (p placedIn) inEnvironment(path []string) (at []string, dropped int) {
	if len(path) < 2 || len(path) == 2 && path[0] != "domain" {
		return nil, 0
	}
	if len(p.above) > 0 && path[0] == "domain" {
		dropped = 1
	}
	return append(append([]string(nil), p.above...), path[dropped:]...), dropped
}
