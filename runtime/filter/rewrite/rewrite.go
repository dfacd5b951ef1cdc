// Package rewrite is the filter that changes the path, host and method that the
// upstream receives.
package rewrite

import (
	_ "embed"
	"errors"
	"regexp"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration; at most one of Path, Prefix and Regex.
type Config struct {
	Path   string `json:"path,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	Regex  *Regex `json:"regex,omitempty"`
	Host   string `json:"host,omitempty"`
	Method string `json:"method,omitempty"`
}

// Regex replaces what Pattern finds by To.
type Regex struct {
	Pattern string `json:"pattern"`
	To      string `json:"to"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "rewrite", Phase: filter.Route, Priority: 40, Schema: schema, New: build,
	})
}

type rewrite struct {
	path    filter.Text
	hasPath bool
	prefix  string
	pattern *regexp.Regexp
	to      string
	host    string
	method  string
}

func build(env filter.Env, c Config) (filter.Filter, error) {
	f := &rewrite{host: c.Host, method: c.Method}
	ways := 0
	if c.Path != "" {
		ways++
		t, err := filter.ParseText(c.Path, env.Params)
		if err != nil {
			return nil, err
		}
		f.path, f.hasPath = t, true
	}
	if c.Prefix != "" {
		ways++
		f.prefix = c.Prefix
	}
	if c.Regex != nil {
		ways++
		re, err := regexp.Compile(c.Regex.Pattern)
		if err != nil {
			return nil, err
		}
		f.pattern, f.to = re, c.Regex.To
	}
	if ways > 1 {
		return nil, errors.New("takes one of path, prefix and regex, not several")
	}
	if ways == 0 && c.Host == "" && c.Method == "" {
		return nil, errors.New("changes nothing: set path, prefix, regex, host or method")
	}
	return f, nil
}

// Request implements filter.RequestFilter.
func (f *rewrite) Request(x *filter.Exchange) filter.Verdict {
	path := x.Path
	switch {
	case f.hasPath:
		path = f.path.Expand(&x.Params)
	case f.prefix != "":
		path = x.ReplacePrefix(f.prefix)
	case f.pattern != nil:
		path = f.pattern.ReplaceAllString(path, f.to)
	}
	// Pieces that are harmless alone can make a dot segment together.
	if !filter.SafePath(path) {
		x.Fail(reason.BadRequest)
		return filter.Stop
	}
	x.Path = path
	if f.host != "" {
		x.Host = f.host
	}
	if f.method != "" {
		x.Method = f.method
	}
	return filter.Continue
}

var _ filter.RequestFilter = (*rewrite)(nil)
