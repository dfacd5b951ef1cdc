// Package clientcertificate is the filter that takes only clients with a certificate.
package clientcertificate

import (
	_ "embed"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

//go:embed schema.cue
var schema string

// Config is the filter's configuration.
type Config struct {
	Names    []string `json:"names"`
	Subjects []string `json:"subjects"`
	SHA256   []string `json:"sha256"`
}

// Spec declares the filter.
func Spec() filter.Spec {
	return filter.Define(filter.Definition[Config]{
		Name: "clientCertificate", Phase: filter.Auth, Priority: 10, Schema: schema, New: build,
	})
}

// gate holds what a certificate must be; nil sets are for any.
type gate struct {
	names, subjects, sha256 map[string]bool
}

func build(_ filter.Env, c Config) (filter.Filter, error) {
	return gate{set(c.Names, strings.ToLower), set(c.Subjects, same), set(c.SHA256, strings.ToLower)}, nil
}

func same(s string) string { return s }

func set(list []string, form func(string) string) map[string]bool {
	if len(list) == 0 {
		return nil
	}
	out := map[string]bool{}
	for _, s := range list {
		out[form(s)] = true
	}
	return out
}

// Request implements filter.RequestFilter.
func (g gate) Request(x *filter.Exchange) filter.Verdict {
	if c := x.Certificate; c == nil || !g.takes(c) {
		x.Fail(reason.ClientCertificate)
		return filter.Stop
	}
	return filter.Continue
}

func (g gate) takes(c *filter.Certificate) bool {
	return (g.subjects == nil || g.subjects[c.Subject]) && (g.sha256 == nil || g.sha256[c.SHA256]) && (g.names == nil || g.named(c))
}

func (g gate) named(c *filter.Certificate) bool {
	for _, name := range c.DNSNames {
		name = strings.ToLower(name)
		if _, parent, ok := strings.Cut(name, "."); g.names[name] || ok && g.names["*."+parent] {
			return true
		}
	}
	for _, list := range [...][]string{c.Emails, c.URIs} {
		for _, name := range list {
			if g.names[strings.ToLower(name)] {
				return true
			}
		}
	}
	return false
}

var _ filter.RequestFilter = gate{}
