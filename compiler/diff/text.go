package diff

import (
	"bufio"
	"fmt"
	"io"
)

// TextOptions say how a report is written for a terminal. The zero value is plain
// and brief.
type TextOptions struct {
	// Color marks what was added, removed and changed.
	Color bool
	// Verbose tells of routes that moved to another file, too.
	Verbose bool
}

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	p := textPrinter{bufio.NewWriter(w), o}
	fmt.Fprintf(p, "%s -> %s: %s\n", clean(r.Old.Name), clean(r.New.Name), r.Summary())
	for i := range r.Groups {
		p.group(&r.Groups[i])
	}
	notes := r.notes()
	if len(notes) > 0 && !r.Empty() {
		fmt.Fprintln(p)
	}
	for _, n := range notes {
		fmt.Fprintln(p, n)
	}
	return p.Flush()
}

type textPrinter struct {
	*bufio.Writer
	TextOptions
}

func (p textPrinter) group(g *Group) {
	list := g.fold(p.Verbose)
	if len(list) == 0 {
		return
	}
	name, owner := g.head()
	fmt.Fprintf(p, "\n%s", p.paint("1", name))
	if owner != "" {
		fmt.Fprintf(p, " (%s)", owner)
	}
	fmt.Fprintln(p)
	for _, items := range list {
		if len(items) == 1 {
			p.item(items[0])
			continue
		}
		p.alike(items)
	}
}

func (p textPrinter) item(it *Item) {
	text := fmt.Sprintf("%s %s %s", sign(it.Change), it.Kind, clean(it.Name))
	switch it.Change {
	case Renamed:
		text += ", renamed from " + clean(it.Was)
	case Moved:
		text += ", moved"
	}
	fmt.Fprintf(p, "  %s%s\n", p.paint(color(it.Change), text), between("  ", placesText(it.Old, it.New, ""), ""))
	if it.Definition != nil {
		fmt.Fprintf(p, "      %s\n", it.gist())
	}
	named := ""
	switch {
	case it.New != nil && (it.Old == nil || below(it.Old.File) == below(it.New.File)):
		named = it.New.File
	case it.Old != nil:
		named = it.Old.File
	}
	for i := range it.Fields {
		f := &it.Fields[i]
		p.field(f, between("  (", placesText(f.OldPlace, f.NewPlace, named), ")"))
	}
}

// alike tells once what changed in several routes.
func (p textPrinter) alike(items []*Item) {
	fmt.Fprintf(p, "  %s\n", p.paint(color(Changed), fmt.Sprintf("%s %d routes alike", sign(Changed), len(items))))
	for i := range items[0].Fields {
		p.field(&items[0].Fields[i], "")
	}
	for _, it := range items {
		fmt.Fprintf(p, "      %s%s\n", clean(it.Name), between("  ", placesText(it.Old, it.New, ""), ""))
	}
}

func (p textPrinter) field(f *Field, places string) {
	fmt.Fprintf(p, "      %s: %s%s%s\n", p.paint(color(f.Change), sign(f.Change)+" "+pathText(f.Path)), fieldText(f), alongText(f), places)
}

// between puts a text between others, unless it is empty.
func between(open, text, end string) string {
	if text == "" {
		return ""
	}
	return open + text + end
}

func color(change string) string {
	switch change {
	case Added:
		return "32"
	case Removed:
		return "31"
	}
	return "33"
}

// paint colours a text by an SGR code (ECMA-48, 8.3.117).
func (p textPrinter) paint(code, text string) string {
	if !p.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
