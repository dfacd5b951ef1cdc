package diag

import (
	"strings"
)

// Before is what an earlier state of a repository came to.
type Before struct {
	Found List
	// Files maps each source file to its text.
	Files map[string][]byte
}

// Split tells the findings that a change touched from the others. It touched a finding
// that was not there before, in the same words at the same path of the same file,
// wherever the change was made; and one that stands in, or has a note that points to,
// a line that the file did not have before. So a finding that is new is never among
// the others. Files are the texts as they are now.
func (b Before) Split(list List, files map[string][]byte) (touched, others List) {
	s := splitting{before: b, files: files, known: map[string]int{}, lines: map[string]map[string]bool{}}
	for _, d := range b.Found {
		s.known[s.key(d)]++
	}
	for _, d := range list {
		k := s.key(d)
		s.known[k]--
		if s.known[k] < 0 || s.touched(d) {
			touched = append(touched, d)
		} else {
			others = append(others, d)
		}
	}
	return touched, others
}

type splitting struct {
	before Before
	files  map[string][]byte
	known  map[string]int             // how often each finding was there
	lines  map[string]map[string]bool // the lines of a file before
}

// key is what makes two findings the same: not the line, which moves with what is
// written above it.
func (s *splitting) key(d Diagnostic) string {
	return strings.Join([]string{d.Code, string(d.Severity), d.Pos.File, d.Path, d.Message}, "\x00")
}

func (s *splitting) touched(d Diagnostic) bool {
	if s.changed(d.Pos) {
		return true
	}
	for _, n := range d.Notes {
		if s.changed(n.Pos) {
			return true
		}
	}
	return false
}

// changed tells whether the line of a place was not in its file before.
func (s *splitting) changed(p Pos) bool {
	now, ok := s.files[p.File]
	if !ok {
		return false // a folder, or a file that cannot be read: its finding is new or not
	}
	line, ok := nthLine(string(now), p.Line)
	if !ok {
		return false
	}
	before, ok := s.lines[p.File]
	if !ok {
		before = map[string]bool{}
		for l := range strings.Lines(string(s.before.Files[p.File])) {
			before[strings.TrimRight(l, "\r\n")] = true
		}
		s.lines[p.File] = before
	}
	return !before[line]
}
