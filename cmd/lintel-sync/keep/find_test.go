package keep

import (
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/state"
)

func TestFind(t *testing.T) {
	history := []state.Bundle{
		{Digest: "sha256:aaaaaa11", Revision: "4f1c9e2d7"},
		{Digest: "sha256:aaaaaa22", Revision: "4f1c9e2d8"},
		{Digest: "sha256:bbbbbb33", Revision: "v1"},
		{Digest: "sha256:cccccc44", Revision: "v1"},
		{Digest: "sha256:dddddd55"},
	}
	for which, want := range map[string]string{
		"sha256:aaaaaa11": "sha256:aaaaaa11", "bbbbbb": "sha256:bbbbbb33", "v1": "sha256:bbbbbb33", "4f1c9e2d8": "sha256:aaaaaa22",
		"aaaaaa": "beginning of 2 digests", "4f1c9e2d": "beginning of several revisions", "bbb": "not in the history", "": "not in the history", "v": "not in the history",
	} {
		got, err := Find(history, which)
		if strings.HasPrefix(want, "sha256:") {
			if err != nil || got.Digest != want {
				t.Errorf("%q finds %s, %v", which, got.Digest, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", which, err)
		}
	}
	if _, err := Find(nil, "v1"); err == nil || !strings.Contains(err.Error(), "history is empty") {
		t.Errorf("an empty history: %v", err)
	}
}
