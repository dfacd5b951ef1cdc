// Package redirect is the filter that answers with a redirect.
package redirect

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	To        string `json:"to,omitempty"`
	Scheme    string `json:"scheme,omitempty"`
	Host      string `json:"host,omitempty"`
	Port      int    `json:"port,omitempty"`
	Path      string `json:"path,omitempty"`
	Prefix    string `json:"prefix,omitempty"`
	Status    int    `json:"status"`
	KeepQuery bool   `json:"keepQuery"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "redirect", Phase: filter.Route, Priority: 20, Schema: schema, Answers: true, New: build,
	})
}

type redirect struct {
	c             Config
	to, path      filter.Text
	hasTo, hasURL bool
	prefix        string
}

func build(env filter.Env, c Config) (filter.Filter, error) {
	f := &redirect{c: c, hasTo: c.To != ""}
	parts := c.Scheme != "" || c.Host != "" || c.Port != 0 || c.Path != "" || c.Prefix != ""
	if f.hasTo == parts {
		return nil, errors.New("takes either to, or some of scheme, host, port, path and prefix")
	}
	if c.Path != "" && c.Prefix != "" {
		return nil, errors.New("takes path or prefix, not both")
	}
	f.hasURL = c.Scheme != "" || c.Host != "" || c.Port != 0
	if c.Status < 300 || c.Status > 399 {
		return nil, fmt.Errorf("status %d is no redirect", c.Status)
	}
	var err error
	if f.to, err = filter.ParseText(c.To, env.Params); err != nil {
		return nil, err
	}
	if authority, ok := authorityOf(c.To); ok && strings.ContainsAny(authority, "{}") {
		return nil, errors.New("the host of to must not hold a parameter: clients could choose where they are sent")
	}
	if f.path, err = filter.ParseText(c.Path, env.Params); err != nil {
		return nil, err
	}
	if c.Prefix != "" {
		f.prefix = c.Prefix
	}
	return f, nil
}

func authorityOf(url string) (string, bool) {
	_, rest, ok := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest, ok
}

// Request implements filter.RequestFilter.
func (f *redirect) Request(x *filter.Exchange) filter.Verdict {
	target := f.target(x)
	if !strings.Contains(target, "://") {
		// "//host" and "/\host" are addresses of another host to a browser.
		target = "/" + strings.TrimLeft(target, `/\`)
	}
	if x.Query != "" && f.c.KeepQuery {
		sep := "?"
		if strings.Contains(target, "?") {
			sep = "&"
		}
		target = insertQuery(target, sep+x.Query)
	}
	if !filter.ValidFieldValue(target) {
		x.Fail(reason.BadRequest)
		return filter.Stop
	}
	x.Response.Set("location", target)
	x.Answer(f.c.Status, "text/plain; charset=utf-8", nil)
	return filter.Stop
}

// insertQuery puts a query before the fragment.
func insertQuery(target, query string) string {
	if i := strings.IndexByte(target, '#'); i >= 0 {
		return target[:i] + query + target[i:]
	}
	return target + query
}

func (f *redirect) target(x *filter.Exchange) string {
	if f.hasTo {
		return f.to.Expand(&x.Params)
	}
	path := x.Path
	switch {
	case f.c.Path != "":
		path = f.path.Expand(&x.Params)
	case f.prefix != "":
		path = x.ReplacePrefix(f.prefix)
	}
	if !f.hasURL {
		return path
	}
	scheme, host, port := f.c.Scheme, f.c.Host, f.c.Port
	if scheme == "" {
		scheme = x.Scheme
	}
	if host == "" {
		host = x.Original.Host
		if strings.Contains(host, ":") {
			host = "[" + strings.Trim(host, "[]") + "]"
		}
	}
	if port != 0 && !(scheme == "http" && port == 80) && !(scheme == "https" && port == 443) {
		host += ":" + strconv.Itoa(port)
	}
	return scheme + "://" + host + path
}

var _ filter.RequestFilter = (*redirect)(nil)
