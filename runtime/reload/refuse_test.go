package reload

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

func corruptions(t *testing.T, good *bundle.Bundle) map[string]struct {
	files map[string][]byte
	code  bundle.Code
} {
	t.Helper()
	m := good.Manifest()
	shard, source := m.Shards[0].Name(), m.Sources[0].Name()
	type row = struct {
		files map[string][]byte
		code  bundle.Code
	}
	out := map[string]row{}
	add := func(name string, code bundle.Code, change func(map[string][]byte)) {
		files := maps.Clone(good.Files())
		change(files)
		out[name] = row{files, code}
	}
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 4; return b }
	add("nothing", bundle.CodeEmpty, func(f map[string][]byte) { clear(f) })
	add("manifest truncated", bundle.CodeMalformed, func(f map[string][]byte) { f[bundle.ManifestName] = f[bundle.ManifestName][:40] })
	add("manifest empty", bundle.CodeMalformed, func(f map[string][]byte) { f[bundle.ManifestName] = nil })
	add("shard truncated", bundle.CodeDigestMismatch, func(f map[string][]byte) { f[shard] = f[shard][:10] })
	add("shard bit flipped", bundle.CodeDigestMismatch, func(f map[string][]byte) { f[shard] = flip(f[shard]) })
	add("source bit flipped", bundle.CodeDigestMismatch, func(f map[string][]byte) { f[source] = flip(f[source]) })
	add("manifest bit flipped in a digest", bundle.CodeDigestMismatch, func(f map[string][]byte) {
		f[bundle.ManifestName] = bytes.Replace(f[bundle.ManifestName], []byte("sha256:"), []byte("sha257:"), 1)
	})
	add("shard missing", bundle.CodeIncomplete, func(f map[string][]byte) { delete(f, shard) })
	add("manifest missing", bundle.CodeIncomplete, func(f map[string][]byte) { delete(f, bundle.ManifestName) })
	add("extra file", bundle.CodeMalformed, func(f map[string][]byte) { f["readme.txt"] = []byte("hello") })
	add("newer format", bundle.CodeFormatNewer, func(f map[string][]byte) {
		f[bundle.ManifestName] = bytes.Replace(f[bundle.ManifestName], []byte(`"format":1`), []byte(`"format":99`), 1)
	})
	add("oversized manifest", bundle.CodeTooLarge, func(f map[string][]byte) { f[bundle.ManifestName] = make([]byte, 5<<20) })
	add("oversized shard", bundle.CodeTooLarge, func(f map[string][]byte) { f[shard] = make([]byte, 2<<20) })
	add("claims a bomb", bundle.CodeTooLarge, func(f map[string][]byte) {
		f[bundle.ManifestName] = bytes.Replace(f[bundle.ManifestName], []byte(`"rawSize":`), []byte(`"rawSize":99999999`), 1)
	})
	refused := runtimetest.Bundle(t, "refused", runtimetest.Domain("h.example", route.Route{ID: "x", Match: route.Match{Path: route.Path{Prefix: "/"}}, Upstream: "nobody"}))
	out["a route without its upstream"] = row{refused.Files(), CodeRefused}
	unknown := runtimetest.Bundle(t, "unknown", runtimetest.Domain("h.example", route.Route{ID: "x", Match: route.Match{Path: route.Path{Prefix: "/"}}, Filters: route.Filters{"nope": []byte("{}")}}))
	out["an unknown filter"] = row{unknown.Files(), CodeRefused}
	return out
}

func TestEveryCorruptionIsRefused(t *testing.T) {
	good, next := runtimetest.Answering(t, "h.example", "good"), runtimetest.Answering(t, "h.example", "next")
	for name, c := range corruptions(t, next) {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.write(good.Files())
			r.Start()
			before := r.holder.Current()
			r.write(c.files)
			lines := strings.Count(r.log.String(), "\n")
			for range 3 {
				r.Look()
			}
			r.expect("good", c.code)
			if r.holder.Current() != before {
				t.Error("the snapshot was touched")
			}
			if n := strings.Count(r.log.String(), "\n") - lines; n != 1 {
				t.Errorf("%d lines were logged:\n%s", n, r.log)
			}
			tries := r.seen.results["rejected"] + r.seen.results["waiting"]
			if tries != 1 {
				t.Errorf("tried %d times", tries)
			}
			r.write(next.Files())
			r.Look()
			r.expect("next", "")
			if r.Status().RejectedDigest != "" {
				t.Error("the rejected digest stays")
			}

			cold := newRig(t, nil)
			cold.write(c.files)
			cold.Start()
			cold.expect("", c.code)
		})
	}
}

func TestBackToTheServedBundle(t *testing.T) {
	r := newRig(t, nil)
	good := runtimetest.Answering(t, "h.example", "good")
	bad := maps.Clone(good.Files())
	bad[bundle.ManifestName] = []byte("{")
	r.write(good.Files())
	r.Start()
	r.write(bad)
	r.Look()
	r.expect("good", bundle.CodeMalformed)
	if got := r.Status().RejectedDigest; got != bundle.DigestOf([]byte("{")) {
		t.Errorf("rejected digest %q", got)
	}
	r.write(good.Files())
	r.Look()
	r.expect("good", "")
	if r.seen.swaps != 1 {
		t.Errorf("%d swaps", r.seen.swaps)
	}
}

func TestMissingShardsAreWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	a, b := runtimetest.Answering(t, "h.example", "a"), runtimetest.Answering(t, "h.example", "b")
	r.write(a.Files())
	r.Start()
	// The parts of a projected volume arrive one after another.
	half := map[string][]byte{bundle.ManifestName: b.Files()[bundle.ManifestName]}
	maps.Copy(half, a.Files())
	half[bundle.ManifestName] = b.Files()[bundle.ManifestName]
	for range 2 {
		r.write(half)
		r.Look()
		r.expect("a", bundle.CodeIncomplete)
	}
	// What else changes meanwhile is no news: the wait is told once.
	half[bundle.SignatureName] = []byte("of nobody")
	r.write(half)
	r.Look()
	r.expect("a", bundle.CodeIncomplete)
	if n := strings.Count(r.log.String(), "waiting for the rest"); n != 1 || r.seen.results["waiting"] != 2 {
		t.Errorf("told %d times, counted %d:\n%s", n, r.seen.results["waiting"], r.log)
	}
	delete(half, bundle.SignatureName)
	maps.Copy(half, b.Files())
	r.write(half)
	r.Look()
	r.expect("b", "")
}

func TestSignature(t *testing.T) {
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, other, _ := ed25519.GenerateKey(nil)
	r := newRig(t, func(c *Config) { c.VerifyKey = pub })
	a, b := runtimetest.Answering(t, "h.example", "a"), runtimetest.Answering(t, "h.example", "b")
	r.write(a.Files())
	r.Start()
	r.expect("", bundle.CodeSignatureMissing)
	a.Sign(other)
	r.write(a.Files())
	r.Look()
	r.expect("", bundle.CodeSignatureInvalid)
	a.Sign(key)
	r.write(a.Files())
	r.Look()
	r.expect("a", "")
	r.write(b.Files())
	r.Look()
	r.expect("a", bundle.CodeSignatureMissing)
	// The signature of another bundle.
	files := maps.Clone(b.Files())
	files[bundle.SignatureName] = a.Files()[bundle.SignatureName]
	r.write(files)
	r.Look()
	r.expect("a", bundle.CodeSignatureInvalid)
	// What is wrong inside is not even read.
	files[bundle.ManifestName] = []byte("{")
	r.write(files)
	r.Look()
	if r.Status().LastError == nil {
		t.Error("a broken manifest was taken")
	}
	r.expect("a", r.Status().LastError.Code)
}

func TestLastGoodMustBeSigned(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	r := newRig(t, func(c *Config) { c.StateDir = state })
	r.write(runtimetest.Answering(t, "h.example", "a").Files())
	r.Start()
	pub, _, _ := ed25519.GenerateKey(nil)
	keyed := newRig(t, func(c *Config) { c.StateDir, c.VerifyKey = state, pub })
	keyed.Start()
	keyed.expect("", bundle.CodeEmpty)
}

func TestPanicInBuildIsARefusal(t *testing.T) {
	filters, err := filter.NewRegistry([]filter.Spec{
		{Name: "boom", New: func(filter.Env, json.RawMessage) (filter.Filter, error) { panic("boom") }},
		{Name: "respond", Priority: 1, New: func(filter.Env, json.RawMessage) (filter.Filter, error) { return struct{}{}, nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.Filters = filters })
	r.write(runtimetest.Answering(t, "h.example", "a").Files())
	r.Start()
	bad := runtimetest.Bundle(t, "bad", runtimetest.Domain("h.example", route.Route{ID: "x", Match: route.Match{Path: route.Path{Prefix: "/"}}, Filters: route.Filters{"boom": []byte(`{}`)}}))
	r.write(bad.Files())
	r.Look()
	r.expect("a", CodeInternal)
}
