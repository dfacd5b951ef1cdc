package importer_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/importer"
	"github.com/lintel-gateway/lintel/compiler/importer/casefile"
	"github.com/lintel-gateway/lintel/compiler/importer/har"
	"github.com/lintel-gateway/lintel/runtime/table"
)

// leak imports an archive full of secrets and returns those that come out, with the
// number of cases that were made.
func leak(t testing.TB, res *compiler.Result, tab *table.Table, seed uint64) (found []string, made int) {
	s := &secrets{Rand: rand.New(rand.NewPCG(seed, 7))}
	var entries []any
	for range 1 + s.IntN(6) {
		entries = append(entries, s.entry())
	}
	archive, err := json.Marshal(map[string]any{"log": map[string]any{"comment": s.evident(), "entries": entries}})
	if err != nil {
		t.Fatal(err)
	}
	col := importer.New(res.Program, tab, importer.Options{})
	if _, err := har.Read(bytes.NewReader(archive), col.Add); err != nil {
		t.Fatal(err)
	}
	list := col.Finish()
	plan, err := casefile.New(list, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range plan.Files {
		out.Write(f.After)
	}
	fmt.Fprintf(&out, "%+v", col.Summary())
	all := out.String()
	// Twice, for what was escaped twice.
	for range 3 {
		for _, secret := range s.all {
			if strings.Contains(all, secret) || strings.Contains(strings.ToLower(all), strings.ToLower(secret)) {
				found = append(found, secret)
			}
		}
		all = unescape(all)
	}
	if len(found) > 0 {
		t.Logf("%s", out.String())
	}
	return found, len(list)
}

// unescape takes off the percent escapes that are valid.
func unescape(s string) string {
	parts := strings.Split(s, "%")
	for i, p := range parts[1:] {
		if b, err := hex.DecodeString(p[:min(2, len(p))]); err == nil && len(b) == 1 {
			parts[i+1] = string(b) + p[2:]
		} else {
			parts[i+1] = "%" + p
		}
	}
	return strings.ReplaceAll(strings.Join(parts, ""), "+", " ")
}

// TestSecrets is the property that counts: a secret that goes in does not come out.
func TestSecrets(t *testing.T) {
	res, tab := compiled(t)
	total, rounds := 0, 600
	if testing.Short() {
		rounds = 150
	}
	for seed := range rounds {
		found, made := leak(t, res, tab, uint64(seed))
		if len(found) > 0 {
			t.Fatalf("seed %d: %q came out", seed, found)
		}
		total += made
	}
	// What makes no cases leaks nothing.
	if total < rounds {
		t.Errorf("%d archives made %d cases: too few to say anything", rounds, total)
	}
}

func FuzzSecrets(f *testing.F) {
	res, tab := compiled(f)
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		if found, _ := leak(t, res, tab, seed); len(found) > 0 {
			t.Errorf("%q came out", found)
		}
	})
}
