package scenarios

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// TestBroken: what is rendered of a bundle is broken in the manifest alone, and its digest
// is that of the broken one.
func TestBroken(t *testing.T) {
	b := runtimetest.Answering(t, "shop.example", "hello")
	var text bytes.Buffer
	if err := bundle.WriteYAML(&text, bundle.ConfigMaps(&b.Encoded, "x", "y")); err != nil {
		t.Fatal(err)
	}
	changed, digest, err := broken(text.String())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(changed, b.Digest()) || strings.Count(changed, digest) == 0 {
		t.Errorf("the digest is %s:\n%s", digest, changed)
	}
	m := manifestLine.FindStringSubmatch(changed)
	manifest, err := base64.StdEncoding.DecodeString(m[2])
	if err != nil || !strings.HasPrefix(string(manifest), `{"format":99,`) {
		t.Errorf("%s: %v", manifest, err)
	}
}
