package scenarios

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func keys(list []Scenario) (out []string) {
	for _, s := range list {
		out = append(out, s.Key)
	}
	return out
}

// TestScenarios: keys are unique, and what one needs comes before it.
func TestScenarios(t *testing.T) {
	for _, list := range [][]Scenario{All(), API()} {
		seen := map[string]bool{}
		for _, s := range list {
			if seen[s.Key] || s.Name == "" || s.Run == nil {
				t.Errorf("%q is there twice, or has no name or nothing to do", s.Key)
			}
			for _, key := range s.Needs {
				if !seen[key] {
					t.Errorf("%s needs %s, which is not before it", s.Key, key)
				}
			}
			seen[s.Key] = true
		}
	}
}

func TestChoose(t *testing.T) {
	all := []Scenario{{Key: "a"}, {Key: "b", Needs: []string{"a"}}, {Key: "c", Needs: []string{"b"}}, {Key: "d"}}
	if got := keys(Choose(all, regexp.MustCompile("^c$"))); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("c needs %v", got)
	}
	if got := keys(Choose(all, regexp.MustCompile(""))); len(got) != 4 {
		t.Errorf("all are %v", got)
	}
}

// TestPlay: one that fails takes with it those that need it, and no other.
func TestPlay(t *testing.T) {
	ok := func(context.Context, *Bench) (Figure, error) { return Figure{Text: "three"}, nil }
	bad := func(context.Context, *Bench) (Figure, error) { return Figure{}, errors.New("no") }
	var out bytes.Buffer
	results := Play(context.Background(), []Scenario{
		{Key: "a", Run: bad}, {Key: "b", Needs: []string{"a"}, Run: ok}, {Key: "c", Run: ok},
	}, nil, &out)
	if results[0].Err == nil || results[1].Err == nil || results[2].Err != nil {
		t.Errorf("%+v", results)
	}
	if strings.Count(out.String(), "FAIL") != 2 || !strings.Contains(out.String(), "three") {
		t.Errorf("told:\n%s", &out)
	}
}
