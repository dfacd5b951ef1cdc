package diag

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	at := func(file string, line int) Pos { return Pos{File: file, Line: line, Column: 1} }
	before := Before{
		Found: List{
			{Code: "a", Pos: at("x.cue", 1), Path: "p", Message: "old"},
			{Code: "a", Pos: at("x.cue", 2), Path: "q", Message: "old"},
			{Code: "a", Pos: at("x.cue", 2), Path: "q", Message: "worded"},
			{Code: "a", Pos: at("y.cue", 1), Path: "r", Message: "noted", Notes: []Note{{Pos: at("x.cue", 2)}}},
			{Code: "a", Pos: at("dir", 1), Message: "a folder"},
			{Code: "a", Message: "nowhere"},
		},
		Files: map[string][]byte{"x.cue": []byte("one\r\ntwo\r\n"), "y.cue": []byte("one\n")},
	}
	files := map[string][]byte{"x.cue": []byte("new\none\ntwo changed\n"), "y.cue": []byte("one\n"), "z.cue": []byte("one\n")}
	touched, others := before.Split(List{
		{Code: "a", Pos: at("x.cue", 2), Path: "p", Message: "old"},                                         // moved down
		{Code: "a", Pos: at("x.cue", 2), Path: "p", Message: "old"},                                         // a second one
		{Code: "a", Pos: at("x.cue", 3), Path: "q", Message: "old"},                                         // its line changed
		{Code: "a", Pos: at("x.cue", 2), Path: "q", Message: "worded otherwise"},                            // says something else
		{Code: "b", Pos: at("y.cue", 1), Path: "p", Message: "old"},                                         // elsewhere
		{Code: "a", Pos: at("y.cue", 1), Path: "r", Message: "noted", Notes: []Note{{Pos: at("x.cue", 3)}}}, // the line of its note changed
		{Code: "a", Pos: at("dir", 1), Message: "a folder"},                                                 //
		{Code: "a", Pos: at("z.cue", 1), Message: "a new file"},                                             //
		{Code: "a", Message: "nowhere"},                                                                     //
		{Code: "a", Message: "nowhere, new"},                                                                //
		{Code: "a", Severity: Error, Pos: at("dir", 1), Message: "a folder"},                                // more severe
		{Code: "a", Pos: at("x.cue", 99), Path: "q", Message: "worded"},                                     // beyond the end
	}, files)
	var got []string
	for i, l := range []List{touched, others} {
		for _, d := range l {
			got = append(got, fmt.Sprintf("%d %s:%d %s", i, d.Pos.File, d.Pos.Line, d.Message))
		}
	}
	want := []string{
		"0 x.cue:2 old", "0 x.cue:3 old", "0 x.cue:2 worded otherwise", "0 y.cue:1 old", "0 y.cue:1 noted",
		"0 z.cue:1 a new file", "0 :0 nowhere, new", "0 dir:1 a folder",
		"1 x.cue:2 old", "1 dir:1 a folder", "1 :0 nowhere", "1 x.cue:99 worded",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
