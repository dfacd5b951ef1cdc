package main

import "strings"

// table is a group of cases, as it is printed.
type table struct {
	title, note string
	columns     []string
	rows        [][]string
}

// markdown sets the columns under each other, so that it can be read as it is too. A
// first cell that is that of the row above is left empty.
func (t table) markdown() string {
	var s strings.Builder
	s.WriteString("## " + t.title + "\n\n")
	rows := [][]string{t.columns, nil}
	last := ""
	for _, r := range t.rows {
		row := append([]string(nil), r...)
		if row[0] == last {
			row[0] = ""
		}
		last = r[0]
		rows = append(rows, row)
	}
	widths := make([]int, len(t.columns))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, r := range rows {
		for i, w := range widths {
			cell := strings.Repeat("-", w)
			if n != 1 {
				cell = r[i] + strings.Repeat(" ", w-len([]rune(r[i])))
			}
			s.WriteString("| " + cell + " ")
		}
		s.WriteString("|\n")
	}
	if t.note != "" {
		s.WriteString("\n" + t.note + "\n")
	}
	return s.String()
}
