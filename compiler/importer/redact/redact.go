// Package redact takes out of recorded requests what must not stand in a repository:
// credentials and what tells who somebody is. A value is private by the name under
// which it was sent, by what it looks like, or because the same exchange sent it
// under such a name. It is strict: what might be private is replaced.
package redact

import (
	"encoding/base64"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Redactor replaces private values by "redacted-1", "redacted-2" and so on; equal
// values get equal placeholders. It is not safe for concurrent use.
type Redactor struct {
	names  *names
	number map[string]int
	counts map[string]int
	// seen are hashes of the values that any exchange sent under a private name.
	seen map[uint64]struct{}
	seed maphash.Seed
}

// maxSeen bounds how many values of other exchanges are remembered.
const maxSeen = 1 << 20

// New makes a redactor.
func New(o Options) *Redactor {
	return &Redactor{
		names: newNames(o), number: map[string]int{}, counts: map[string]int{}, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
	}
}

// Count is how many values of a kind were replaced or left out.
type Count struct {
	// What is the header's name, the name of the parameter or field, or what the
	// value looked like.
	What string
	N    int
}

// Counts lists what was committed, the most frequent first.
func (r *Redactor) Counts() []Count {
	var out []Count
	for _, what := range slices.Sorted(maps.Keys(r.counts)) {
		out = append(out, Count{what, r.counts[what]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return b.N - a.N })
	return out
}

const (
	// equalLength is the length from which a value that was sent under a private name
	// is replaced wherever it stands alone in the exchange, and partLength that from
	// which it is replaced as part of another value, and alone in other exchanges.
	equalLength = 4
	partLength  = 6
)

// Scope is one exchange.
type Scope struct {
	r      *Redactor
	known  map[string]bool
	counts map[string]int
}

// Scope begins an exchange.
func (r *Redactor) Scope() *Scope {
	return &Scope{r: r, known: map[string]bool{}, counts: map[string]int{}}
}

// Commit adds the exchange's replacements to the redactor's counts.
func (s *Scope) Commit() {
	for what, n := range s.counts {
		s.r.counts[what] += n
	}
}

// Named tells whether a header, query parameter or field called name is private.
func (s *Scope) Named(name string) bool {
	return slices.ContainsFunc(unescaped(name), s.r.names.private)
}

// Learn remembers a value that was sent under a private name, so that it is replaced
// wherever else it stands in the exchange, and where it stands alone in others.
func (s *Scope) Learn(value string) {
	for _, form := range unescaped(value) {
		if len(form) >= equalLength {
			s.known[form] = true
		}
		if len(form) >= partLength && len(s.r.seen) < maxSeen {
			s.r.seen[maphash.String(s.r.seed, form)] = struct{}{}
		}
	}
}

// LearnCredential learns the value of a header such as authorization: as it is, behind
// its scheme, and what a scheme of two words says in base64 (RFC 7617).
func (s *Scope) LearnCredential(value string) {
	s.Learn(value)
	_, rest, ok := strings.Cut(value, " ")
	if !ok {
		return
	}
	s.Learn(rest)
	if raw, err := base64.StdEncoding.DecodeString(rest); err == nil {
		user, password, _ := strings.Cut(string(raw), ":")
		s.Learn(user)
		s.Learn(password)
	}
}

// Kind tells what private thing a value is by itself, "" when it may stay.
func (s *Scope) Kind(value string) string {
	if value == "" {
		return ""
	}
	if k := kind(value); k != "" {
		return k
	}
	for _, form := range unescaped(value) {
		if _, ok := s.r.seen[maphash.String(s.r.seed, form)]; ok {
			return "repeated value"
		}
		for known := range s.known {
			if form == known || len(known) >= partLength && strings.Contains(form, known) {
				return "repeated value"
			}
		}
	}
	return ""
}

// CleanText tells whether a text holds nothing private, neither whole nor in its words.
func (s *Scope) CleanText(text string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'<>()[]{}=:;,&|`, r) })
	return s.Kind(text) == "" && !slices.ContainsFunc(words, func(w string) bool { return s.Kind(w) != "" })
}

// Leave counts a value that is left out.
func (s *Scope) Leave(what string) { s.counts[s.label(what)]++ }

// Replace counts the value and returns its placeholder.
func (s *Scope) Replace(what, value string) string {
	return "redacted-" + strconv.Itoa(s.index(what, value))
}

func (s *Scope) index(what, value string) int {
	s.Leave(what)
	return s.number(value)
}

func (s *Scope) number(value string) int {
	n, ok := s.r.number[value]
	if !ok {
		n = len(s.r.number) + 1
		s.r.number[value] = n
	}
	return n
}

// label is a name that can be shown.
func (s *Scope) label(what string) string {
	if len(what) > 40 || s.Kind(what) != "" || strings.IndexFunc(what, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
		return "other"
	}
	return strings.ToLower(what)
}

// Value returns value, or its placeholder when the name or the value is private.
func (s *Scope) Value(name, value string) string {
	if value == "" {
		return value
	}
	if s.Named(name) {
		return s.Replace(name, value)
	}
	if k := s.Kind(value); k != "" {
		return s.Replace(k, value)
	}
	return value
}
