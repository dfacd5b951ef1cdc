package replay

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// filled is a case's content with the values of its secrets.
type filled struct {
	spec *cases.Spec
	mask mask
	// missing are the secrets that have no value.
	missing []string
}

// fill puts the values of secrets in the place of their references, in a copy.
func (p *Player) fill(c *cases.Case) filled {
	u := c.Spec.Expect.Upstream
	if !refers(c.Spec.Request.Headers) && (u == nil || !refers(u.Headers)) {
		return filled{spec: &c.Spec, mask: p.mask()}
	}
	var missing []string
	resolve := func(headers map[string]cases.Values) map[string]cases.Values {
		out := maps.Clone(headers)
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			s := headers[name].Secret
			if s == nil {
				continue
			}
			value, ok := p.Secrets[c.Domain()+"/"+s.Secret]
			if !ok {
				value, ok = p.Secrets[s.Secret]
			}
			if !ok {
				missing = append(missing, s.Secret)
				continue
			}
			out[name] = cases.Values{Texts: []string{s.Prefix + value}}
		}
		return out
	}
	spec := c.Spec
	spec.Request.Headers = resolve(spec.Request.Headers)
	if u != nil {
		copied := *u
		copied.Headers = resolve(u.Headers)
		spec.Expect.Upstream = &copied
	}
	slices.Sort(missing)
	return filled{spec: &spec, mask: p.mask(), missing: slices.Compact(missing)}
}

func refers(headers map[string]cases.Values) bool {
	for _, v := range headers {
		if v.Secret != nil {
			return true
		}
	}
	return false
}

// secretText stands where a Result would show a secret.
const secretText = "(secret)"

// mask takes secrets out of texts that a person may see. The zero value takes
// nothing out.
type mask struct {
	r *strings.Replacer
	// longest is the length of the longest secret, quoted or not, in bytes.
	longest int
}

// keep is how much of a body a Result needs, in bytes: what it shows, and enough to
// see whether a secret begins there.
func (m mask) keep() int { return cases.MaxAnswerBody + m.longest }

// mask hides every secret that the player knows: an upstream that says what it
// received tells also those that a filter put into the request.
func (p *Player) mask() mask {
	p.masked.Do(func() { p.hides = maskOf(slices.Collect(maps.Values(p.Secrets))) })
	return p.hides
}

// hidesIn tells whether the value, as JSON, holds a secret.
func (m mask) hidesIn(v any) bool {
	if m.r == nil {
		return false
	}
	raw, err := json.Marshal(v)
	return err != nil || m.r.Replace(string(raw)) != string(raw)
}

// maskOf hides the values as they are, and as Go and JSON quote them.
func maskOf(values []string) mask {
	var pairs []string
	for _, v := range values {
		if v == "" {
			continue
		}
		inGo := strconv.Quote(v)
		pairs = append(pairs, v, secretText, inGo[1:len(inGo)-1], secretText)
		if raw, err := json.Marshal(v); err == nil {
			pairs = append(pairs, string(raw[1:len(raw)-1]), secretText)
		}
	}
	if pairs == nil {
		return mask{}
	}
	m := mask{r: strings.NewReplacer(pairs...)}
	for i := 0; i < len(pairs); i += 2 {
		m.longest = max(m.longest, len(pairs[i]))
	}
	return m
}

func (m mask) text(s string) string {
	if m.r == nil {
		return s
	}
	return m.r.Replace(s)
}

func (m mask) texts(list []string) []string {
	if m.r == nil {
		return list
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = m.r.Replace(s)
	}
	return out
}
