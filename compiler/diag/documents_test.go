package diag

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSARIF holds the log to what SARIF 2.1.0 demands of the parts that are written.
func TestSARIF(t *testing.T) {
	list, sources := sample()
	list[0].Pos.Column, list[0].Pos.EndLine, list[0].Pos.EndColumn = 24, 4, 26 // the "ü"
	var b strings.Builder
	if err := (Printer{Sources: sources}).Print(&b, "sarif", list); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(b.String()))
	dec.DisallowUnknownFields()
	var got sarifLog
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	if got.Version != "2.1.0" || len(got.Runs) != 1 || run.Tool.Driver.Name != "lintel" || run.ColumnKind != "unicodeCodePoints" {
		t.Errorf("the log is %+v", got)
	}
	if d := cmp.Diff([]sarifRule{{"unknown-upstream"}, {"unused-upstream"}}, run.Tool.Driver.Rules); d != "" {
		t.Error(d)
	}
	if len(run.Results) != 2 {
		t.Fatalf("results are %+v", run.Results)
	}
	first, second := run.Results[0], run.Results[1]
	if first.RuleID != run.Tool.Driver.Rules[first.RuleIndex].ID || first.Level != "error" || second.Level != "warning" || second.Locations != nil {
		t.Errorf("results are %+v", run.Results)
	}
	at := first.Locations[0].Physical
	if at.Artifact.URI != "routes/x/a,b.cue" || *at.Region != (sarifRegion{4, 24, 4, 25}) {
		t.Errorf("the place is %+v %+v", at, at.Region)
	}
	if first.Message.Text != `routes."a-b".split[0].upstream: upstream "ordres" is not declared; did you mean "orders"?` {
		t.Errorf("the message is %q", first.Message.Text)
	}
	if len(first.Related) != 1 || first.Related[0].Message.Text != "declared 100% here" || first.Related[0].Physical.Region.StartLine != 1 {
		t.Errorf("related places are %+v", first.Related)
	}
	b.Reset()
	if err := (Printer{}).Print(&b, "sarif", nil); err != nil || !strings.Contains(b.String(), `"results": []`) {
		t.Errorf("an empty log is %s, %v", b.String(), err)
	}
}

func TestJUnit(t *testing.T) {
	list, _ := sample()
	list[0].Message = "odd \x01 <&]]> \ufffe"
	for _, c := range []struct {
		list            List
		tests, failures int
	}{{list, 2, 1}, {nil, 1, 0}} {
		var b strings.Builder
		if err := (Printer{}).Print(&b, "junit", c.list); err != nil {
			t.Fatal(err)
		}
		var got junitSuites
		if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if got.Tests != c.tests || got.Failures != c.failures || len(got.Suite.Cases) != c.tests {
			t.Errorf("the report is %+v", got)
		}
	}
}
