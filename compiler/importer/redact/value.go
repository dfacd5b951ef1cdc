package redact

import (
	"regexp"
	"strconv"
	"strings"
)

// maxValue is the length of a value beyond which it is replaced unseen.
const maxValue = 2 << 10

// forms are texts that are private whatever they are called. What stands first names
// a value in the summary.
var forms = []struct {
	what string
	re   *regexp.Regexp
}{
	{"web token", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}\.`)},
	{"credential", regexp.MustCompile(`(?i)\b(bearer|basic|digest|negotiate|apikey|token)[ +]+[A-Za-z0-9._~+/=-]{4,}`)},
	{"credential", regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s@]+@`)},
	{"credential", regexp.MustCompile(`-----BEGIN `)},
	{"credential", regexp.MustCompile(`(AKIA|ASIA)[0-9A-Z]{12,}|gh[opsur]_[A-Za-z0-9]{16,}|glpat-[A-Za-z0-9_-]{12,}|xox[abeprs]-[A-Za-z0-9-]{10,}|[prs]k_(live|test)_[A-Za-z0-9]{8,}|AIza[A-Za-z0-9_-]{20,}`)},
	{"credential", regexp.MustCompile(`(?i)(password|passwd|passphrase|pwd|secret|token|apikey|api[-_]key|signature|credential|session(id)?|authorization|cookie)\\*["']?\s*\)?[=:>]`)},
	{"e-mail address", regexp.MustCompile(`[^\s@<>"'(),:;/?&=\\]+@[^\s@<>"'(),:;/?&=\\]+\.[^\s@<>"'(),:;/?&=\\]`)},
}

// cards and ibans find what may be a number with check digits; separators stand
// between its groups.
var (
	cards      = regexp.MustCompile(`[0-9](?:[ .-]?[0-9]){12,}`)
	ibans      = regexp.MustCompile(`(?i)[A-Z]{2}[0-9]{2}(?:[ .-]?[A-Z0-9]){11,30}`)
	separators = strings.NewReplacer(" ", "", "-", "", ".", "")
)

// kind says what private thing a text looks like, "" when like none. Escapes are
// taken off first, and what is escaped twice is seen too.
func kind(s string) string {
	if len(s) > maxValue {
		return "long value"
	}
	for _, form := range unescaped(s) {
		for _, f := range forms {
			if f.re.MatchString(form) {
				return f.what
			}
		}
		switch {
		case isIBAN(form):
			return "IBAN"
		case isCard(form):
			return "card number"
		case random(form):
			return "random text"
		}
	}
	return ""
}

// unescaped are s and what it says once percent escapes are taken off, several
// times over, with "+" as itself and as the space that it is in a query.
func unescaped(s string) []string {
	out := []string{s}
	for range 4 {
		next := unescape(s)
		if spaced := strings.ReplaceAll(next, "+", " "); spaced != next {
			out = append(out, spaced)
		}
		if next == s {
			break
		}
		out = append(out, next)
		s = next
	}
	return out
}

// unescape takes the percent escapes off that are valid and leaves all others.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isCard tells whether s holds the number of a payment card: 13 to 19 digits, the
// first one 2 to 6, the last one the check digit (ISO/IEC 7812-1), wherever in a
// longer number they stand.
func isCard(s string) bool {
	for _, m := range cards.FindAllString(s, -1) {
		digits := separators.Replace(m)
		for from := range digits {
			for n := 13; n <= 19 && from+n <= len(digits); n++ {
				if digits[from] >= '2' && digits[from] <= '6' && luhn(digits[from:from+n]) {
					return true
				}
			}
		}
	}
	return false
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isIBAN tells whether s holds an account number with the check digits of ISO 13616.
// The expression takes all that may follow, so every length is tried.
func isIBAN(s string) bool {
	for at := 0; ; {
		m := ibans.FindStringIndex(s[at:])
		if m == nil {
			return false
		}
		text := strings.ToUpper(separators.Replace(s[at+m[0] : at+m[1]]))
		for n := 15; n <= min(len(text), 34); n++ {
			if checked(text[:n]) {
				return true
			}
		}
		at += m[0] + 1
	}
}

// checked computes the remainder of ISO 7064 MOD 97-10 with letters as 10 to 35.
func checked(iban string) bool {
	rest := 0
	for _, c := range []byte(iban[4:] + iban[:4]) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}
