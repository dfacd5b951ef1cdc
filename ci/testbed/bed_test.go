package testbed_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/ci/testbed"
)

// TestPattern: what is whole passes; what is swapped, lost, doubled or changed does not.
func TestPattern(t *testing.T) {
	whole, err := io.ReadAll(testbed.Patterned(100_000))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := testbed.CheckPattern(bytes.NewReader(whole)); n != 100_000 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	bad := map[string][]byte{
		"lost":    append(bytes.Clone(whole[:4096]), whole[8192:]...),
		"doubled": append(bytes.Clone(whole[:8192]), whole[4096:]...),
		"one bit": append(append(bytes.Clone(whole[:500]), whole[500]^1), whole[501:]...),
		"late":    whole[1:],
	}
	for name, b := range bad {
		if _, err := testbed.CheckPattern(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), "is wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
