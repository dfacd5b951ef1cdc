package coverage

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextOptions say how a report looks on a terminal. The zero value works.
type TextOptions struct {
	// Width is the terminal's width in columns; 0 means 80. Lines are cut to it.
	Width int
	// Color marks figures and routes with terminal colours.
	Color bool
	// Lines bounds the list of what is missing, and that of domains to twice as
	// many; 0 means 20.
	Lines int
}

// Colours of a terminal.
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	plain  = "\x1b[0m"
)

// WriteText writes a table of the domains, and then what is missing, routes that took
// no case first.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	o.Width, o.Lines = cmp.Or(o.Width, 80), cmp.Or(o.Lines, 20)
	var b strings.Builder
	r.table(&b, o)
	r.missing(&b, o)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write coverage as text: %w", err)
	}
	return nil
}

// row is one line of the table; tint is the colour of its last cell.
type row struct {
	cells []string
	tint  string
}

func (r *Report) table(b *strings.Builder, o TextOptions) {
	rows := []row{{cells: []string{"domain", "owner", "routes", "hosts", "predicates", "filters", "covered"}}}
	add := func(name, owner string, t *Totals) {
		rows = append(rows, row{
			[]string{clean(name), clean(owner), fraction(t.Routes), fraction(t.Hosts), fraction(t.Predicates), fraction(t.Filters), percent(t.All)},
			tint(t.All),
		})
	}
	left := 0
	for i := range r.Domains {
		if d := &r.Domains[i]; len(rows) <= 2*o.Lines {
			add(d.Name, d.Owner, &d.Totals)
		} else {
			left++
		}
	}
	add("all", "", &r.Totals)
	widths := make([]int, len(rows[0].cells))
	for _, row := range rows {
		for i, cell := range row.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	squeeze(widths, o.Width)
	for i, row := range rows {
		if i == len(rows)-1 && left > 0 {
			fmt.Fprintf(b, "... and %s\n", plural(left, "more domain"))
		}
		row.write(b, widths, o.Color)
	}
}

// squeeze takes from the two columns of names what the line is too wide.
func squeeze(widths []int, width int) {
	const least = 10
	over := 2*(len(widths)-1) - width
	for _, w := range widths {
		over += w
	}
	for _, i := range []int{1, 0} {
		if cut := min(over, widths[i]-least); cut > 0 {
			widths[i] -= cut
			over -= cut
		}
	}
}

func (r row) write(b *strings.Builder, widths []int, color bool) {
	for i, cell := range r.cells {
		cell = cut(cell, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		switch {
		case i < 2:
			b.WriteString(cell + pad)
		case i == len(r.cells)-1 && color && r.tint != "":
			b.WriteString(pad + r.tint + cell + plain)
		default:
			b.WriteString(pad + cell)
		}
		if i < len(r.cells)-1 {
			b.WriteString("  ")
		}
	}
	b.WriteByte('\n')
}

func (r *Report) missing(b *strings.Builder, o TextOptions) {
	var routes []*Route
	for rt := range r.routes() {
		if len(rt.Missing) > 0 {
			routes = append(routes, rt)
		}
	}
	if len(routes) == 0 {
		return
	}
	rank := func(r *Route) int {
		switch {
		case r.Covered:
			return 2
		case r.New:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(routes, func(a, b *Route) int { return rank(a) - rank(b) })
	b.WriteString("\nnot covered:\n")
	shown := routes[:min(len(routes), o.Lines)]
	// The first two columns are aligned as far as that leaves room for the third.
	place := func(r *Route) string { return fmt.Sprintf("%s:%d", clean(r.File), r.Line) }
	var widths [2]int
	for _, rt := range shown {
		widths[0] = max(widths[0], utf8.RuneCountInString(place(rt)))
		widths[1] = max(widths[1], utf8.RuneCountInString(clean(rt.Name)))
	}
	const least = 20
	widths[0], widths[1] = min(widths[0], o.Width/2), min(widths[1], o.Width/4)
	for _, rt := range shown {
		line := fmt.Sprintf("  %-*s  %-*s  ", widths[0], place(rt), widths[1], clean(rt.Name))
		text := cut(clean(rt.lack(len(rt.Missing))), max(o.Width-utf8.RuneCountInString(line), least))
		if o.Color {
			color := yellow
			if !rt.Covered {
				color = red
			}
			text = color + text + plain
		}
		b.WriteString(line + text + "\n")
	}
	if more := len(routes) - len(shown); more > 0 {
		fmt.Fprintf(b, "  ... and %s\n", plural(more, "more route"))
	}
}

// lack says what is missing in one line, as far as the first most points; of a route
// that took nothing, only that.
func (r *Route) lack(most int) string {
	switch {
	case len(r.Missing) == 0:
		return ""
	case !r.Covered:
		return r.Missing[0]
	case len(r.Missing) > most:
		return fmt.Sprintf("%s; %d more", strings.Join(r.Missing[:most], "; "), len(r.Missing)-most)
	}
	return strings.Join(r.Missing, "; ")
}

// fraction is "3/4", or a dash where there is nothing to reach.
func fraction(c Count) string {
	if c.Total == 0 {
		return "–"
	}
	return c.String()
}

// plural is a number with its noun, whose plural ends in "s".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// percent is a share for people, such as "87.5 %".
func percent(c Count) string {
	switch c.Covered {
	case c.Total:
		return "100 %"
	case 0:
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", c.Percent)
}

func tint(c Count) string {
	switch {
	case c.Covered == c.Total:
		return green
	case c.Covered == 0:
		return red
	}
	return yellow
}

// cut shortens a text to a number of characters.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}

// clean replaces what would act on a terminal instead of being shown by it.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
