package redact

import "strings"

type class uint8

const (
	other class = iota
	lower
	upper
	digit
)

func classOf(c byte) class {
	switch {
	case c >= 'a' && c <= 'z':
		return lower
	case c >= 'A' && c <= 'Z':
		return upper
	case c >= '0' && c <= '9':
		return digit
	}
	return other
}

const (
	// longRun is the length from which a text must read like words.
	longRun = 20
	// shortRun is the length from which letters and digits must not alternate.
	shortRun = 12
)

// random tells whether some part of s looks drawn by lot, as identifiers, keys and
// digests in hexadecimal or base64 do. It errs on the side of saying so.
func random(s string) bool {
	return anyRun(s, "+/_=-", drawn) || anyRun(s, "+_-", drawn) || anyRun(s, "", drawn)
}

// anyRun asks f about every run of letters, digits and the bytes in extra.
func anyRun(s, extra string, f func(string) bool) bool {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (classOf(s[i]) != other || strings.IndexByte(extra, s[i]) >= 0) {
			continue
		}
		if i-start >= shortRun && f(s[start:i]) {
			return true
		}
		start = i + 1
	}
	return false
}

// drawn tells whether a run is no sequence of words and numbers: letters and digits
// alternate, or too few of its letters stand in groups that can be spoken.
func drawn(s string) bool {
	var changes, count, spoken, numbers, letters, words int
	lowers := strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz")
	for i := 0; i < len(s); {
		k := classOf(s[i])
		end := part(s, i)
		switch {
		case k == other:
		case k == digit:
			numbers = max(numbers, end-i)
			count += end - i
		default:
			count += end - i
			letters += end - i
			words++
			if speakable(s[i:end], lowers) {
				spoken += end - i
			}
		}
		if end < len(s) && (k == digit) != (classOf(s[end]) == digit) && k != other && classOf(s[end]) != other {
			changes++
		}
		i = end
	}
	if len(s) < longRun {
		return changes >= 3
	}
	switch {
	case changes > max(2, len(s)/10), numbers >= longRun:
		return true
	case letters == 0:
		return false
	}
	// Words have four letters and more; what is drawn by lot changes its case sooner.
	return letters*2 < words*7 || spoken*10 < (count-min(numbers, 10))*6
}

// part is the end of the word or number that begins at i: a word may begin with one
// capital letter.
func part(s string, i int) int {
	k := classOf(s[i])
	j := i + 1
	if k == upper && j < len(s) && classOf(s[j]) == lower {
		k = lower
	}
	for j < len(s) && classOf(s[j]) == k {
		j++
	}
	// The last of several capitals begins the next word.
	if k == upper && j-i > 1 && j < len(s) && classOf(s[j]) == lower {
		j--
	}
	return j
}

// speakable tells whether letters may be a word. Capitals alone are one only where
// there is nothing else.
func speakable(s string, lowers bool) bool {
	if len(s) < 3 || len(s) > longRun || lowers && classOf(s[1]) == upper {
		return false
	}
	vowels, row, longest := 0, 0, 0
	for i := 0; i < len(s); i++ {
		if strings.IndexByte("aeiouy", s[i]|0x20) >= 0 {
			vowels++
			row = 0
			continue
		}
		row++
		longest = max(longest, row)
	}
	return (vowels > 0 || len(s) <= 4) && longest < 6
}
