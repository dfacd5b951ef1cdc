package docs

import (
	"context"
	"fmt"
	"strings"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/codes"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/docs/markdown"
)

const codesIntro = `# What lintel check says

Every code that a diagnostic may have. A code is stable: it stands in brackets behind the message, and in the formats for machines. ` + "`lintel check --explain CODE`" + ` prints what is here. An error stops a bundle from being made; a warning does so with ` + "`--strict`" + `.

The example of each code is the smallest repository that shows it; beside it stands

`

// Codes is the reference of the codes of diagnostics, compiler/codes/REFERENCE.md.
// What check says of the examples is what it says today.
func Codes(ctx context.Context) (string, error) {
	all, err := codes.All()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(markdown.Generated("the rules and compiler/codes/examples"))
	b.WriteString(codesIntro)
	base := codes.Code{}
	for name, f := range base.FS() {
		file(&b, name, string(f.Data))
	}
	var table [][]string
	for _, c := range all {
		table = append(table, []string{"[" + markdown.Code(c.Code) + "](#" + c.Code + ")", string(c.Severity), markdown.Text(c.Purpose)})
	}
	markdown.Table(&b, []string{"Code", "Severity", "What it is about"}, table)
	for i := range all {
		if err := code(ctx, &b, &all[i]); err != nil {
			return "", err
		}
	}
	return strings.TrimRight(b.String(), "\n") + "\n", nil
}

func code(ctx context.Context, b *strings.Builder, c *codes.Code) error {
	fmt.Fprintf(b, "## %s\n\n%s (%s)\n\n", c.Code, markdown.Text(c.Purpose), c.Severity)
	if c.Advice != "" {
		fmt.Fprintf(b, "%s\n\n", markdown.Text(c.Advice))
	}
	if len(c.Files) == 0 {
		return nil
	}
	for _, f := range c.Files {
		file(b, f.Name, string(f.Data))
	}
	res, err := compiler.Compile(ctx, compiler.Options{FS: c.FS(), Cache: "off"})
	if err != nil {
		return fmt.Errorf("compile the example of %s: %w", c.Code, err)
	}
	var said strings.Builder
	if err := (diag.Printer{}).Print(&said, "text", res.Diagnostics); err != nil {
		return err
	}
	b.WriteString("`lintel check` says\n\n")
	markdown.Block(b, "", said.String())
	return nil
}

// file writes a file below its name; lines count from its first one.
func file(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, "%s\n\n", markdown.Code("routes/"+name))
	language := ""
	if strings.HasSuffix(name, ".cue") {
		language = "cue"
	}
	markdown.Block(b, language, text)
}
