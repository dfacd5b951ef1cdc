// Package grpcweb is the filter that makes calls of gRPC out of requests of gRPC-Web.
package grpcweb

import (
	_ "embed"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	Text bool `json:"text"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "grpcWeb", Phase: filter.Route, Priority: 90, Schema: schema,
		New: func(_ filter.Env, c Config) (filter.Filter, error) { return bridge{c.Text}, nil },
	})
}

const (
	web  = "application/grpc-web"
	text = "-text"
	grpc = "application/grpc"
)

// bridge says which forms are taken.
type bridge struct{ text bool }

// Request implements filter.RequestFilter.
func (f bridge) Request(x *filter.Exchange) filter.Verdict {
	v, _ := x.Header.Get("content-type")
	rest, ok := cut(v, web)
	if !ok {
		return filter.Continue
	}
	coding := filter.WebBinary
	if r, isText := cut(rest, text); isText {
		if !f.text {
			return filter.Continue
		}
		rest, coding = r, filter.WebText
	}
	if rest != "" && rest[0] != '+' && rest[0] != ';' {
		return filter.Continue
	}
	x.Web = coding
	x.Header.Set("content-type", grpc+rest)
	return filter.Continue
}

// Response implements filter.ResponseFilter. An answer that is not gRPC, such as an error
// of a proxy behind, stays what it is.
func (f bridge) Response(x *filter.Exchange) {
	if x.Web == filter.NoWeb {
		return
	}
	v, _ := x.Response.Get("content-type")
	rest, ok := cut(v, grpc)
	if !ok || rest != "" && rest[0] != '+' && rest[0] != ';' {
		x.Web = filter.NoWeb
		return
	}
	name := web
	if x.Web == filter.WebText {
		name += text
	}
	x.Response.Set("content-type", name+rest)
	x.Response.Del("trailer") // they are content now
}

// cut takes a prefix off, whatever its case.
func cut(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !filter.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

var (
	_ filter.RequestFilter  = bridge{}
	_ filter.ResponseFilter = bridge{}
)
