package diag

import (
	"strconv"
	"strings"
)

// Path writes a place in the data, such as `routes."orders-get".split[0].upstream`:
// names that are no identifiers are quoted, numbers stand in brackets.
func Path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case isNumber(p):
			b.WriteString("[" + p + "]")
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		if isIdentifier(p) {
			b.WriteString(p)
		} else {
			b.WriteString(strconv.Quote(p))
		}
	}
	return b.String()
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

func isIdentifier(s string) bool {
	s = strings.TrimLeft(s, "#_")
	for i, c := range s {
		if c != '_' && c != '$' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
