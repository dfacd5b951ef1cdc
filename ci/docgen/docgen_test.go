package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReferences holds every reference document to what its sources say today.
func TestReferences(t *testing.T) {
	docs, err := references(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range docs {
		got, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what its sources say (%v): run make generate", name, err)
		}
	}
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s]*)\)`)
	anchor = regexp.MustCompile(`<a id="([^"]+)"></a>|(?m:^#+ (.+)$)`)
)

// TestLinks follows every link of the reference documents, and finds each anchor once.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("../../*/*/REFERENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../../schemas/REFERENCE.md")
	if len(pages) < 7 {
		t.Fatalf("only %d documents: %q", len(pages), pages)
	}
	places := map[string]map[string]int{}
	texts := map[string]string{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		page = filepath.Clean(page)
		texts[page], places[page] = withoutBlocks(string(text)), map[string]int{}
		for _, m := range anchor.FindAllStringSubmatch(texts[page], -1) {
			id := m[1]
			if id == "" {
				id = strings.ToLower(strings.NewReplacer(" ", "-", "`", "", "#", "").Replace(m[2]))
			} else if places[page][id] > 0 {
				t.Errorf("%s: the anchor %s is there twice", page, id)
			}
			places[page][id]++
		}
	}
	links := 0
	for page, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file, id, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			} else if id != "" && places[target][id] == 0 {
				t.Errorf("%s: there is no anchor %s", page, m[1])
			}
			links++
		}
	}
	if links < 200 {
		t.Errorf("only %d links", links)
	}
}

// inline is code inside a line.
var inline = regexp.MustCompile("(`+)[^`\n]+`+")

// withoutBlocks takes out blocks of code, and code inside lines but for headings.
func withoutBlocks(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "\n```") {
		if i%2 == 0 {
			b.WriteString(part + "\n")
		}
	}
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			line = inline.ReplaceAllString(line, "")
		}
		out.WriteString(line)
	}
	return out.String()
}
