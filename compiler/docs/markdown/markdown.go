// Package markdown writes the parts of which the reference documents are made: one
// form of tables, code and anchors for all of them.
package markdown

import (
	"fmt"
	"strings"
)

// Table writes rows under a head. Cells are Markdown; line breaks and bars in them
// are made harmless.
func Table(b *strings.Builder, head []string, rows [][]string) {
	line := func(cells []string) {
		b.WriteString("|")
		for _, c := range cells {
			c = strings.ReplaceAll(strings.ReplaceAll(c, "|", `\|`), "\n", " ")
			b.WriteString(" " + c + " |")
		}
		b.WriteString("\n")
	}
	line(head)
	b.WriteString("|" + strings.Repeat("---|", len(head)) + "\n")
	for _, r := range rows {
		line(r)
	}
	b.WriteString("\n")
}

// Code is a text as code inside a line, whatever backquotes it holds; "" for none.
func Code(text string) string {
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// Block writes a text as a block of code in a language, such as "cue".
func Block(b *strings.Builder, language, text string) {
	fmt.Fprintf(b, "```%s\n%s\n```\n\n", language, strings.TrimRight(text, "\n"))
}

// Anchor is a place that links may name with #id.
func Anchor(id string) string { return `<a id="` + id + `"></a>` }

// Text is plain text as Markdown: what would be read as an element or as emphasis is
// made harmless, but in what stands in backquotes.
func Text(text string) string {
	var b strings.Builder
	code := false
	for _, c := range text {
		if c == '`' {
			code = !code
		}
		if !code && strings.ContainsRune(`*_<[\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Generated is the line that stands above a generated document.
func Generated(from string) string {
	return "<!-- Written by `make generate` from " + from + "; your changes would be lost. -->\n\n"
}
