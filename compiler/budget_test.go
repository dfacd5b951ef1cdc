package compiler_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/lintel-gateway/lintel/compiler"
)

// noisy is a repository of domains whose one route answers with noise, of so many
// bytes that no compression takes away.
func noisy(domains, size int) fstest.MapFS {
	noise := rand.NewChaCha8([32]byte{1})
	fsys := fstest.MapFS{}
	for i := range domains {
		b := make([]byte, size)
		_, _ = noise.Read(b) // never fails
		fsys[fmt.Sprintf("d%d.example/a.cue", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"package routes\n\ndomain: hosts: [\"d%d.example\"]\nroutes: \"a\": filters: respond: body: %q\n", i, base64.StdEncoding.EncodeToString(b))}
	}
	return fsys
}

// TestBudget holds that a bundle beyond the budget is a finding and no bundle, and
// one near it a warning, also when everything is cached.
func TestBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles megabytes of noise")
	}
	for _, c := range []struct {
		domains int
		want    string
		bundle  bool
	}{
		{2, "", true},
		{24, ":0:0: : the bundle has ", true},
		{27, ":0:0: : the bundle fills ", false},
	} {
		fsys, dir := noisy(c.domains, 280<<10), t.TempDir()
		for _, state := range []string{"cold", "warm"} {
			res, err := compiler.Compile(context.Background(), compiler.Options{FS: fsys, Cache: dir})
			if err != nil {
				t.Fatal(err)
			}
			got := plain(res.Diagnostics)
			if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") || (res.Bundle != nil) != c.bundle {
				t.Errorf("%d domains, %s: bundle %v, %s", c.domains, state, res.Bundle != nil, got)
			}
		}
	}
}
