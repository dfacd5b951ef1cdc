package importer

import (
	"strings"

	"github.com/lintel-gateway/lintel/compiler/importer/redact"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// param is a part of a path that the route does not fix: Name is a template's
// parameter, "" elsewhere; the value stands at path[from:to].
type param struct {
	name, value string
	from, to    int
}

// paramsOf are the parts of the exchange's path that do not stand in the route file.
func paramsOf(r *table.Route, x *Exchange) []param {
	path, _, _ := strings.Cut(x.Target, "?")
	rank, err := table.RankOf(&r.Def.Match)
	if err != nil || rank.Class == table.ClassExact {
		return nil
	}
	fixed := 0
	if rank.Class == table.ClassPrefix {
		fixed = len(rank.Prefix)
	}
	var out []param
	at, i := 0, 0
	for at < len(path) {
		end := at + 1
		for end < len(path) && path[end] != '/' {
			end++
		}
		p := param{from: at + 1, to: end}
		if rank.Class == table.ClassTemplate {
			seg := rank.Template[min(i, len(rank.Template)-1)]
			p.name = seg.Name
			p.from += len(seg.Prefix)
			p.to -= len(seg.Suffix)
			if seg.Kind == table.Static {
				p.to = p.from
			}
		}
		if p.from > fixed && p.from < p.to {
			p.value = path[p.from:p.to]
			out = append(out, p)
		}
		at = end
		i++
	}
	return out
}

// learnParams learns the values of parameters with private names.
func learnParams(scope *redact.Scope, r *table.Route, x *Exchange) {
	for _, p := range paramsOf(r, x) {
		if scope.Named(p.name) {
			scope.Learn(p.value)
		}
	}
}

// target is the path and query as they are written.
func (b *builder) target() string {
	path, query, has := strings.Cut(b.x.Target, "?")
	var out strings.Builder
	last := 0
	for _, p := range paramsOf(b.route, b.x) {
		what := p.name
		if !b.scope.Named(p.name) {
			if what = b.scope.Kind(p.value); what == "" {
				continue
			}
		}
		out.WriteString(path[last:p.from])
		out.WriteString(b.scope.Replace(what, p.value))
		last = p.to
	}
	out.WriteString(path[last:])
	if has {
		out.WriteByte('?')
		out.WriteString(b.scope.Pairs(query, func(name, value string) (string, bool) {
			l, concerned := b.cond.query[name]
			if !concerned {
				return "", false
			}
			return b.keep(l, name, value)
		}))
	}
	return out.String()
}

// fitted is the target with a path that the route's expression takes, "" when there is
// no expression or no such path.
func (b *builder) fitted(target string) string {
	expr := b.route.Def.Path.Regex
	path, query, has := strings.Cut(target, "?")
	if expr == "" || !b.replaced {
		return ""
	}
	if path = b.scope.Fit(path, expr); !matches(expr, path) {
		return ""
	}
	if has {
		path += "?" + query
	}
	return path
}

// keep is a value that a route compares: one that stands in the route file stays, and
// so does the prefix that does. Where an expression takes the value, what stands for it
// is one that the expression takes too. It reports false when the route files say
// nothing that would help.
func (b *builder) keep(l literals, name, value string) (string, bool) {
	if l.public(value) {
		return value, true
	}
	prefix, expr := l.longest(value), l.matching(value)
	if prefix == "" && expr == "" {
		return value, false
	}
	what := name
	if !b.scope.Named(name) {
		what = b.scope.Kind(value)
	}
	if what == "" || prefix == value {
		return value, true
	}
	if prefix == "" {
		if out := b.scope.Fit(value, expr); matches(expr, out) {
			b.scope.Leave(what)
			return out, true
		}
		return value, false
	}
	return prefix + b.scope.Replace(what, value[len(prefix):]), true
}

// host is the host as it is written. It reports false when it tells who somebody is
// and no placeholder can stand for it.
func (b *builder) host() (string, bool) {
	bare := table.CanonicalHost(b.x.Host)
	suffix := ""
	for _, pattern := range b.route.Def.Hosts {
		switch {
		case pattern == bare:
			return b.x.Host, true
		case strings.HasPrefix(pattern, "*.") && strings.HasSuffix(bare, pattern[1:]) && len(pattern) > len(suffix):
			suffix = pattern[1:]
		}
	}
	labels := strings.Split(strings.TrimSuffix(bare, suffix), ".")
	for i, label := range labels {
		if what := b.scope.Kind(label); what != "" {
			labels[i] = b.scope.Replace(what, label)
		}
	}
	out := strings.Join(labels, ".") + suffix
	if b.scope.Kind(strings.TrimSuffix(out, suffix)) != "" {
		return "", false
	}
	return out + b.x.Host[len(bare):], true
}
