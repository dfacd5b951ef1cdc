package filtercases

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/importer/casefile"
	"github.com/lintel-gateway/lintel/runtime/table"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// TestImported records what the example's cases send and get, makes cases of the
// record, and plays those: what is imported passes the gate.
func TestImported(t *testing.T) {
	if testing.Short() {
		t.Skip("plays the example twice")
	}
	s := serve(t, os.DirFS("../../routes"))
	c := importer.New(s.Program, s.tableOf(t), importer.Options{})
	set, err := s.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Cases {
		if x := s.record(t, &set.Cases[i]); x != nil {
			c.Add(x)
		}
	}
	dir := filepath.Join(t.TempDir(), "routes")
	if err := os.CopyFS(dir, os.DirFS("../../routes")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	plan, err := casefile.New(c.Finish(), set, root)
	if err != nil {
		t.Fatal(err)
	}
	added := 0
	for i := range plan.Files {
		if err := plan.Files[i].Write(root); err != nil {
			t.Fatal(err)
		}
		added += plan.Files[i].Added
	}
	if played := serve(t, os.DirFS(dir)).run(t); added < 100 || played != len(set.Cases)+added {
		t.Errorf("%d cases were imported, %d of %d were played", added, played, len(set.Cases)+added)
	}
}

// record sends a case's request and writes down what a proxy in between would have.
func (s *served) record(t *testing.T, c *cases.Case) *importer.Exchange {
	t.Helper()
	q := &c.Spec.Request
	if q.Times() > 1 || q.WebSocket != nil {
		return nil
	}
	res := s.player.Play(t.Context(), 0, c)
	if res.Got == nil {
		return nil
	}
	x := &importer.Exchange{Method: q.Method, Scheme: "http", Host: q.Host, Target: q.Path, Status: res.Got.Status, Answer: &importer.Answer{}}
	for name, v := range q.Headers {
		for _, text := range v.Texts {
			x.Header = append(x.Header, importer.Field{Name: name, Value: text})
		}
	}
	if body, typed := q.Content(); typed {
		x.Body = &importer.Body{Type: "application/json", Text: body}
	} else if body != "" {
		x.Body = &importer.Body{Type: "text/plain", Text: body}
	}
	for name, values := range res.Got.Headers {
		for _, v := range values {
			x.Answer.Header = append(x.Answer.Header, importer.Field{Name: name, Value: v})
		}
	}
	if int64(len(res.Got.Body)) == res.Got.BodySize {
		x.Answer.Body = &importer.Body{Text: res.Got.Body}
		if types := res.Got.Headers["content-type"]; len(types) == 1 {
			x.Answer.Body.Type = types[0]
		}
	}
	return x
}

// tableOf builds the table of the bundle that is served.
func (s *served) tableOf(t *testing.T) *table.Table {
	t.Helper()
	b, err := bundle.Decode(s.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := compiler.Table(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab
}
