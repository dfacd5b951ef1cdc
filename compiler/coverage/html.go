package coverage

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

//go:embed page
var pageFiles embed.FS

// Page is what the HTML page says beyond the report.
type Page struct {
	// Title is the page's heading; absent: "Coverage".
	Title string
	// Digest and Revision name the bundle under test; an absent Digest is the
	// report's.
	Digest, Revision string
	// Duration is the time of the run; 0 is not shown.
	Duration time.Duration
	Failures []Failure
}

// Failure is a case that failed, with what helps to see why.
type Failure struct {
	Case   *cases.Case
	Result *cases.Result
	// Curl is the request as a command line; may be empty.
	Curl string
	// Reason says why another route answered, or whatever else is known; may be
	// empty.
	Reason string
}

// WriteHTML writes the report as one file that needs nothing else, neither a network
// nor a script that runs: a script adds the filter.
func (r *Report) WriteHTML(w io.Writer, p Page) error {
	style, script, page, err := pageParts()
	if err != nil {
		return fmt.Errorf("write coverage as HTML: %w", err)
	}
	v := newView(r, &p)
	// Our own files: nothing that somebody wrote in a route or a case is in them.
	v.Style, v.StyleHash = template.CSS(style), hashOf(style)
	v.Script, v.ScriptHash = template.JS(script), hashOf(script)
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("write coverage as HTML: %w", err)
	}
	return nil
}

// pageParts reads the page's own files.
func pageParts() (style, script string, page *template.Template, err error) {
	var texts [3]string
	for i, name := range []string{"page/page.css", "page/page.js", "page/page.html"} {
		b, err := pageFiles.ReadFile(name)
		if err != nil {
			return "", "", nil, err
		}
		texts[i] = string(b)
	}
	page, err = template.New("page").Funcs(template.FuncMap{
		"percent": percent, "fraction": fraction, "tone": tone,
		"missing": func(c Count) int { return c.Total - c.Covered },
		"routes":  func(n int) string { return plural(n, "route") },
	}).Parse(texts[2])
	return texts[0], texts[1], page, err
}

// hashOf is a source of a content security policy.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// tone is the class of a share: y for all, n for nothing, m for some.
func tone(c Count) string {
	switch {
	case c.Covered == c.Total:
		return "y"
	case c.Covered == 0:
		return "n"
	}
	return "m"
}
