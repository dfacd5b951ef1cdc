// Package suggest finds the name that somebody probably meant.
package suggest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Nearest returns the candidate closest to name, or "" when none is close: the
// edit distance (a swap of neighbours counts one) may be a third of the name's
// length, at least one and at most three. Case counts for nothing.
func Nearest(name string, candidates []string) string {
	limit := min(3, max(1, utf8.RuneCountInString(name)/3))
	best, found := limit+1, ""
	low := []rune(strings.ToLower(name))
	for _, c := range candidates {
		if c == name || c == "" {
			continue
		}
		d := distance(low, []rune(strings.ToLower(c)), best)
		if d < best || found != "" && d == best && c < found {
			best, found = d, c
		}
	}
	return found
}

// Phrase is the question for a hint, such as `did you mean "hosts"?`, or "".
func Phrase(name string, candidates []string) string {
	if n := Nearest(name, candidates); n != "" {
		return `did you mean "` + n + `"?`
	}
	return ""
}

// distance is the optimal string alignment distance of a and b; lengths that
// differ by limit or more end it early with limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		cur[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], before[j-1]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}

// Odd names the first character of a name that is not ASCII, such as a letter that only
// looks like a Latin one; "" when there is none.
func Odd(name string) string {
	for _, r := range name {
		switch {
		case r < 0x80:
		case unicode.IsPrint(r):
			return fmt.Sprintf("%q is %U, no character of ASCII", r, r)
		default:
			return fmt.Sprintf("it holds %U, which cannot be seen", r)
		}
	}
	return ""
}
