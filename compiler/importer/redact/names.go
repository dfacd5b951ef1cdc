package redact

import (
	"slices"
	"strings"
)

// Options change which names are redacted. The zero value is the strict default.
type Options struct {
	// Redact names further headers, query parameters and fields whose values are
	// replaced. Case and punctuation do not count.
	Redact []string
	// Keep takes names, or the words that names are known by, out of the list. A
	// value that looks like a credential is replaced all the same.
	Keep []string
}

// names tells which names stand for something private.
type names struct {
	// keep and exact hold folded names; anywhere are found in the middle of a name,
	// ends only as a word of it or at its end.
	keep, exact    map[string]bool
	anywhere, ends []string
}

func newNames(o Options) *names {
	n := &names{keep: map[string]bool{}, exact: map[string]bool{}}
	for _, k := range o.Keep {
		n.keep[fold(k)] = true
	}
	for _, r := range o.Redact {
		n.exact[fold(r)] = true
	}
	kept := func(word string) bool { return n.keep[word] }
	n.anywhere = slices.DeleteFunc([]string{
		"authorization", "cookie", "apikey", "password", "passwd", "passphrase", "pwd", "secret", "token", "signature",
		"csrf", "xsrf", "credential", "session", "email", "phone", "iban", "jwt",
	}, kept)
	n.ends = slices.DeleteFunc([]string{"key", "code", "card", "ssn", "sig", "auth", "pin", "cvc", "cvv", "otp", "mail", "sid"}, kept)
	return n
}

// private tells whether a header, query parameter or field called name holds
// something private.
func (n *names) private(name string) bool {
	f := fold(name)
	switch {
	case f == "" || n.keep[f]:
		return false
	case n.exact[f]:
		return true
	}
	for _, w := range n.anywhere {
		if strings.Contains(f, w) {
			return true
		}
	}
	words := words(name)
	for _, w := range n.ends {
		if strings.HasSuffix(strings.TrimSuffix(f, "s"), w) || slices.Contains(words, w) {
			return true
		}
	}
	return strings.HasPrefix(f, "card") && slices.Contains(n.ends, "card")
}

// fold is a name without case and punctuation: "X-Api_Key" and "xApiKey" are one.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f:
			return r
		}
		return -1
	}, name)
}

// words are the words of a name, whether it is written with dashes or humps.
func words(name string) []string {
	var out []string
	start := 0
	flush := func(end int) {
		if w := fold(name[start:end]); w != "" {
			out = append(out, w)
		}
		start = end
	}
	for i := 1; i < len(name); i++ {
		if a, b := classOf(name[i-1]), classOf(name[i]); b == other || a == other || a == lower && b == upper {
			flush(i)
		}
	}
	flush(len(name))
	return out
}
