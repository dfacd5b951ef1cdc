package diff

import (
	"fmt"
	"io"
	"strings"
)

// maxComment is the size that a report in Markdown has at most, in bytes: a comment
// on a pull request may have 65,536 characters, and others write in it, too.
const maxComment = 60 << 10

// maxFields bounds the fields of one item in Markdown, and the routes that are told
// together.
const maxFields = 40

// MarkdownOptions say how a report is written as Markdown.
type MarkdownOptions struct {
	// Verbose tells of routes that moved to another file, too.
	Verbose bool
	// Limit is the size at most, in bytes; 0 means 60 KiB. At least the summary is
	// written.
	Limit int
}

// WriteMarkdown writes the report for a comment on a pull request. What does not fit
// is counted at the end. Names and values stand in code spans, so that nothing in
// them is taken for markup, or for a person to notify.
func (r *Report) WriteMarkdown(w io.Writer, o MarkdownOptions) error {
	if o.Limit <= 0 {
		o.Limit = maxComment
	}
	m := markdownPrinter{MarkdownOptions: o}
	fmt.Fprintf(&m, "### %s\n\n%s → %s\n", r.Summary(), span(clean(r.Old.Name)), span(clean(r.New.Name)))
	var end strings.Builder
	for _, n := range r.notes() {
		fmt.Fprintf(&end, "\n%s\n", n)
	}
	// What is left out has to be said, as well.
	m.Limit -= end.Len() + 64
	for i := range r.Groups {
		m.group(&r.Groups[i])
	}
	if m.left > 0 {
		fmt.Fprintf(&m, "\n... and %d more\n", m.left)
	}
	m.WriteString(end.String())
	_, err := io.WriteString(w, m.String())
	return err
}

type markdownPrinter struct {
	strings.Builder
	MarkdownOptions
	// left counts the items that found no room.
	left int
}

func (m *markdownPrinter) group(g *Group) {
	name, owner := g.head()
	if g.Domain != "" {
		name = span(name)
	}
	head := "\n#### " + name
	if owner != "" {
		head += ", owner " + span(owner)
	}
	head += "\n\n"
	for _, items := range g.fold(m.Verbose) {
		text := head
		if len(items) == 1 {
			text += markdownItem(items[0])
		} else {
			text += markdownAlike(items)
		}
		if m.left > 0 || m.Len()+len(text) > m.Limit {
			m.left += len(items)
			continue
		}
		m.WriteString(text)
		head = ""
	}
}

func markdownItem(it *Item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- **%s** %s %s", it.Change, it.Kind, span(clean(it.Name)))
	if it.Was != "" {
		fmt.Fprintf(&b, ", was %s", span(clean(it.Was)))
	}
	b.WriteString(markdownPlaces(it.Old, it.New) + "\n")
	if it.Definition != nil {
		fmt.Fprintf(&b, "  - %s\n", span(it.gist()))
	}
	b.WriteString(markdownFields(it, true))
	return b.String()
}

// markdownAlike tells once what changed in several routes.
func markdownAlike(items []*Item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- **%s** %d routes alike\n%s", Changed, len(items), markdownFields(items[0], false))
	for i, it := range items {
		if i == maxFields && len(items) > maxFields+1 {
			fmt.Fprintf(&b, "  - ... and %d more routes\n", len(items)-i)
			break
		}
		fmt.Fprintf(&b, "  - %s%s\n", span(clean(it.Name)), markdownPlaces(it.Old, it.New))
	}
	return b.String()
}

func markdownFields(it *Item, places bool) string {
	var b strings.Builder
	for i := range it.Fields {
		if i == maxFields && len(it.Fields) > maxFields+1 {
			fmt.Fprintf(&b, "  - ... and %d more fields\n", len(it.Fields)-i)
			break
		}
		f := &it.Fields[i]
		fmt.Fprintf(&b, "  - %s %s: %s%s", f.Change, span(pathText(f.Path)), span(fieldText(f)), alongText(f))
		if places {
			b.WriteString(markdownPlaces(f.OldPlace, f.NewPlace))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func markdownPlaces(old, new *Place) string {
	text := placesText(old, new, "")
	if text == "" {
		return ""
	}
	return " (" + span(text) + ")"
}

// span is a code span (CommonMark, 6.1) whose content may hold backticks.
func span(text string) string {
	longest, run := 0, 0
	for _, c := range text {
		if run++; c != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if text == "" || longest > 0 || strings.HasPrefix(text, " ") {
		text = " " + text + " "
	}
	return fence + text + fence
}
