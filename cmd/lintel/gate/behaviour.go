package gate

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Change is a case that is answered otherwise than before.
type Change struct {
	Route string `json:"route"`
	Name  string `json:"name"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	// What says what is different, such as "status: 200, was 404".
	What []string `json:"what"`
}

// Behaviour compares what the same cases came to on two bundles. What differs from one
// replay to the next anyway is left out: dates, identifiers, the parts of a split, and
// answers to requests that are sent more than once.
func Behaviour(before, after *Verdict, b *bundle.Bundle) []Change {
	splits := map[string]bool{}
	for _, d := range b.Domains() {
		for i := range d.Def.Routes {
			if r := &d.Def.Routes[i]; len(r.Split) > 0 {
				splits[r.ID] = true
			}
		}
	}
	out := []Change{}
	for i := range after.Cases {
		c := &after.Cases[i]
		var what []string
		if c.Spec.Request.Times() == 1 {
			was, is := seenOf(before.Results[i].Got), seenOf(after.Results[i].Got)
			if splits[is["route"]] {
				delete(was, "upstream")
				delete(is, "upstream")
			}
			what = differences(was, is)
		} else if before.Results[i].Passed != after.Results[i].Passed {
			what = []string{"counts differ"}
		}
		if what != nil {
			out = append(out, Change{c.Route, c.Name, c.File, c.Line, what})
		}
	}
	return out
}

// seenOf is an answer as far as it says how the gateway behaves, by the name of what
// is compared.
func seenOf(a *cases.Answer) map[string]string {
	if a == nil {
		return map[string]string{"answer": "none"}
	}
	out := map[string]string{"status": fmt.Sprint(a.Status), "route": a.Route, "upstream": a.Upstream}
	for name, values := range a.Headers {
		if !varies(name) && !strings.HasPrefix(name, "x-lintel-") {
			out["header "+name] = steady(strings.Join(values, ", "))
		}
	}
	var e echo.Answer
	if json.Unmarshal([]byte(a.Body), &e) != nil || e.Headers == nil {
		out["body"] = steady(a.Body)
		return out
	}
	path := e.Path
	if e.Query != "" {
		path += "?" + e.Query
	}
	out["upstream method"], out["upstream host"], out["upstream path"] = e.Method, e.Host, path
	out["upstream body"] = e.BodySHA256
	for name, values := range e.Headers {
		if !varies(name) {
			out["upstream header "+name] = steady(strings.Join(values, ", "))
		}
	}
	return out
}

// varies tells of a header that differs each time, or with the body.
func varies(name string) bool {
	return slices.Contains([]string{"date", "content-length", "sec-websocket-accept", "sec-websocket-key"}, name)
}

// identifier is what is made anew for each request.
var identifier = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}`)

func steady(text string) string { return identifier.ReplaceAllString(text, "(id)") }

func differences(was, is map[string]string) (out []string) {
	names := slices.Collect(maps.Keys(was))
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if was[name] != is[name] {
			out = append(out, fmt.Sprintf("%s: %s, was %s", name, brief(is[name]), brief(was[name])))
		}
	}
	return out
}

// maxBrief bounds a value that is told, in bytes.
const maxBrief = 120

func brief(text string) string {
	switch {
	case text == "":
		return "none"
	case len(text) > maxBrief:
		return fmt.Sprintf("%.*q...", maxBrief, text)
	case strings.ContainsAny(text, "\n\r\t\"\x1b"):
		return fmt.Sprintf("%q", text)
	}
	return text
}

// maxChanges bounds the changes that are told on a terminal; the JSON report has all.
const maxChanges = 20

// WriteChanges tells what is answered otherwise than on the base.
func WriteChanges(w io.Writer, list []Change, of int, base string) {
	if len(list) == 0 {
		fmt.Fprintf(w, "behaviour: all %d cases are answered as on %s\n", of, base)
		return
	}
	are := "are"
	if len(list) == 1 {
		are = "is"
	}
	fmt.Fprintf(w, "behaviour: %d of %d cases %s answered otherwise than on %s\n", len(list), of, are, base)
	for i, c := range list {
		if i == maxChanges {
			fmt.Fprintf(w, "  ... and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(w, "  %s:%d  %s %q\n", c.File, c.Line, c.Route, c.Name)
		for _, what := range c.What {
			fmt.Fprintf(w, "    %s\n", what)
		}
	}
}
