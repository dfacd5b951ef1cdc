package dev

import (
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// greet says what runs and what to try first.
func (s *session) greet(text string) {
	base := "http://" + s.Listen
	if s.current == nil {
		fmt.Fprintf(s.Out, "\nlintel dev waits for %s to be mended\n  gateway  %s (not ready)\n  admin    http://%s/-/ready\n", s.Dir, base, s.Admin)
		return
	}
	fmt.Fprint(s.Out, text)
	c := s.current.Manifest().Counts
	fmt.Fprintf(s.Out, "lintel dev serves %s: %s, %s\n", s.Dir, counts(c), short(s.current.Digest()))
	fmt.Fprintf(s.Out, "  gateway  %s\n  admin    http://%s/-/routes\n", base, s.Admin)
	if n := len(s.echoes.Names); n > 0 {
		list := s.echoes.Names
		more := ""
		if n > maxListed {
			list, more = list[:maxListed], fmt.Sprintf(" and %d more", n-maxListed)
		}
		fmt.Fprintf(s.Out, "  echo     stands in for %d of %d upstreams: %s%s\n", n, s.echoes.Total, strings.Join(list, ", "), more)
	}
	if try := s.try(); try != "" {
		fmt.Fprintf(s.Out, "  try      %s\n", try)
	}
	fmt.Fprintf(s.Out, "  edit a file in %s and save: the gateway swaps\n", s.Dir)
}

// try is a curl line that reaches some route with a plain GET, a short path first.
func (s *session) try() string {
	best, line := "", ""
	for _, d := range s.current.Domains() {
		for i := range d.Def.Routes {
			r := &d.Def.Routes[i]
			if r.Upstream == "" || len(r.Headers)+len(r.Query)+len(r.Cookies) > 0 || strings.HasPrefix(r.Hosts[0], "*") {
				continue
			}
			if len(r.Methods) > 0 && r.Methods[0] != "GET" {
				continue
			}
			path := r.Path.Exact + r.Path.Prefix
			if r.Path.Template != "" && !strings.Contains(r.Path.Template, "...}") {
				path = fill(r.Path.Template)
			}
			if path != "" && (best == "" || len(path) < len(best)) {
				best = path
				line = fmt.Sprintf("curl -H 'Host: %s' http://%s%s", r.Hosts[0], s.Listen, path)
			}
		}
	}
	return line
}

// fill puts 7 in the place of every parameter.
func fill(template string) string {
	for {
		open := strings.IndexByte(template, '{')
		if open < 0 {
			return template
		}
		end := strings.IndexByte(template[open:], '}')
		template = template[:open] + "7" + template[open+end+1:]
	}
}

// counts says how much a bundle holds.
func counts(c bundle.Counts) string {
	plural := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	return plural(c.Domains, "domain") + ", " + plural(c.Routes, "route") + ", " + plural(c.Upstreams, "upstream")
}
