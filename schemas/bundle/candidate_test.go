package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A candidate's files stand in one directory as a projected volume puts them there, and
// are the bundle still: the cases are passed over.
func TestCandidate(t *testing.T) {
	b := encode(t, content(60, 20))
	list := Candidate(&b.Encoded, "routes", "edge", []CasesFile{{"cases.json.zst", []byte("x")}, {"cases-1.json.zst", []byte("y")}})
	dir := t.TempDir()
	for i, cm := range list {
		if want := "routes-candidate-" + string(rune('0'+i)); cm.Name != want {
			t.Errorf("%s, want %s", cm.Name, want)
		}
		if cm.Labels[LabelRole] != RoleCandidate || cm.Labels[LabelBundle] != "routes" || cm.Annotations[AnnotationDigest] != b.Digest() || cm.Annotations[AnnotationParts] != "3" {
			t.Errorf("%s: labels %v, annotations %v", cm.Name, cm.Labels, cm.Annotations)
		}
		for name, data := range cm.BinaryData {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := Open(dir, Limits{})
	if err != nil || got.Digest() != b.Digest() {
		t.Errorf("the bundle does not come back: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cases.json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Limits{}); CodeOf(err) != CodeMalformed {
		t.Errorf("another file: %v", err)
	}
}

func TestLabelName(t *testing.T) {
	long := strings.Repeat("a", 49) + "." + strings.Repeat("b", 100)
	for name, want := range map[string]string{
		"edge":                        "edge",
		strings.Repeat("x", 63):       strings.Repeat("x", 63),
		long:                          strings.Repeat("a", 49) + "-",
		"other" + long:                "other",
		strings.Repeat("y", 64):       strings.Repeat("y", 50) + "-",
		strings.Repeat("y", 63) + "z": strings.Repeat("y", 50) + "-",
	} {
		got := LabelName(name)
		if len(got) > maxLabel || !strings.HasPrefix(got, want) {
			t.Errorf("LabelName(%q) = %q", name, got)
		}
	}
	if LabelName(strings.Repeat("y", 64)) == LabelName(strings.Repeat("y", 63)+"z") {
		t.Error("two names have one label")
	}
}
