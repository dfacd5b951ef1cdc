package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
)

const conventions = "DIR is the routes directory (default: routes); BUNDLE is a directory with a manifest.json."

// exits are the exit statuses, the same for every command.
func exits() [][2]string {
	return [][2]string{
		{"0", "clean; warnings too, unless --strict"},
		{"1", "failure: the command could not do its work"},
		{"2", "usage: a mistake in the arguments"},
		{"100", "findings: mistakes in route files, cases that fail, or a difference that was asked for"},
	}
}

// usage is what lintel help prints.
func usage(w io.Writer) {
	fmt.Fprint(w, "Lintel compiles route files into bundles that gateways swap in whole.\n\nUsage: lintel COMMAND [flags] [arguments]\n")
	for _, g := range groups(verbs()) {
		fmt.Fprintf(w, "\n%s\n", g.title)
		for _, v := range g.verbs {
			fmt.Fprintf(w, "  %-9s %s\n", v.name, v.purpose)
		}
	}
	fmt.Fprintln(w, "\nExit status: 0 clean, 1 failure, 2 usage, 100 findings.\nlintel help COMMAND tells more, with examples; lintel help --markdown prints all of it.")
}

// flagText is a flag as people read it.
type flagText struct{ name, text, byDefault string }

// flagsOf lists the flags of a verb by name, from the set that parses them.
func flagsOf(fs *flag.FlagSet) (out []flagText) {
	fs.VisitAll(func(f *flag.Flag) {
		kind, text := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if len(f.Name) == 1 {
			name = "-" + f.Name
		}
		one := flagText{name: strings.TrimSpace(name + " " + kind), text: text}
		if f.DefValue != "false" {
			one.byDefault = f.DefValue
		}
		out = append(out, one)
	})
	return out
}

// usageLine is how a verb is called.
func usageLine(v verb, flags []flagText) string {
	line := "lintel " + v.name
	if len(flags) > 0 {
		line += " [flags]"
	}
	return strings.TrimSpace(line + " " + v.args)
}

// verbUsage is what lintel help VERB prints.
func verbUsage(w io.Writer, v verb, fs *flag.FlagSet) {
	flags, more := flagsOf(fs), aboutVerb(v.name)
	fmt.Fprintf(w, "%s: %s\n\nUsage: %s\n", v.name, v.purpose, usageLine(v, flags))
	if more.text != "" {
		fmt.Fprintf(w, "\n%s\n", wrap(more.text, 79))
	}
	if len(flags) > 0 {
		fmt.Fprintln(w, "\nFlags:")
	}
	for _, f := range flags {
		text := f.text
		if f.byDefault != "" {
			text += " (default " + f.byDefault + ")"
		}
		indent := "\n" + strings.Repeat(" ", 27)
		fmt.Fprintf(w, "  %-24s %s\n", f.name, strings.ReplaceAll(wrap(text, 73), "\n", indent))
	}
	if len(more.examples) > 0 {
		fmt.Fprintln(w, "\nExamples:")
	}
	for line := range strings.Lines(lines(more.examples)) {
		fmt.Fprint(w, "  "+line)
	}
}

// lines are examples with their comments in one column.
func lines(examples []example) string {
	width := 0
	for _, e := range examples {
		width = max(width, len(e.command))
	}
	var b strings.Builder
	for _, e := range examples {
		fmt.Fprintf(&b, "%-*s  # %s\n", width, e.command, e.comment)
	}
	return b.String()
}

// wrap breaks a paragraph into lines of at most width bytes; words are kept whole.
func wrap(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		switch {
		case at == 0:
		case at+1+len(word) > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

// reference writes all commands as Markdown: cmd/lintel/REFERENCE.md.
func reference(w io.Writer) {
	var b strings.Builder
	b.WriteString(markdown.Generated("the commands and their flags"))
	b.WriteString("# The command line\n\n`lintel COMMAND [flags] [arguments]`; flags may follow arguments. " + conventions + "\n\n")
	for _, g := range groups(verbs()) {
		var rows [][]string
		for _, v := range g.verbs {
			rows = append(rows, []string{"[" + markdown.Code("lintel "+v.name) + "](#" + v.name + ")", markdown.Text(v.purpose)})
		}
		markdown.Table(&b, []string{strings.TrimSuffix(g.title, ":"), "Purpose"}, rows)
	}
	b.WriteString("## Exit statuses\n\n")
	var rows [][]string
	for _, e := range exits() {
		rows = append(rows, []string{e[0], e[1]})
	}
	markdown.Table(&b, []string{"Status", "Meaning"}, rows)
	b.WriteString("Findings of `check` go to standard output; those of commands whose output is something else go to standard error.\n\n")
	for _, g := range groups(verbs()) {
		for _, v := range g.verbs {
			verbReference(&b, v)
		}
	}
	fmt.Fprint(w, strings.TrimRight(b.String(), "\n")+"\n")
}

func verbReference(b *strings.Builder, v verb) {
	fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
	v.flags(fs)
	flags, more := flagsOf(fs), aboutVerb(v.name)
	purpose := strings.ToUpper(v.purpose[:1]) + v.purpose[1:] + "."
	fmt.Fprintf(b, "## %s\n\n%s\n\n", v.name, strings.TrimSpace(markdown.Text(purpose)+" "+markdown.Text(more.text)))
	markdown.Block(b, "", usageLine(v, flags))
	if len(flags) > 0 {
		var rows [][]string
		for _, f := range flags {
			rows = append(rows, []string{markdown.Code(f.name), markdown.Code(f.byDefault), markdown.Text(f.text)})
		}
		markdown.Table(b, []string{"Flag", "Default", "Meaning"}, rows)
	}
	if len(more.examples) > 0 {
		markdown.Block(b, "sh", lines(more.examples))
	}
}
