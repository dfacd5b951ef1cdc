package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func forge(t *testing.T, b *Bundle, change func(m *Manifest, raws map[string][]byte)) map[string][]byte {
	t.Helper()
	z, _ := zstd.NewReader(nil)
	defer z.Close()
	w, err := NewPacker()
	if err != nil {
		t.Fatal(err)
	}
	m := *b.Manifest()
	raws := map[string][]byte{}
	for _, s := range m.Shards {
		raw, err := z.DecodeAll(b.Files()[s.Name()], nil)
		if err != nil {
			t.Fatal(err)
		}
		raws[s.Digest] = raw
	}
	m.Sources = nil
	change(&m, raws)
	m.Shards = nil
	files := map[string][]byte{}
	for _, k := range slices.Sorted(maps.Keys(raws)) {
		s := w.shard(raws[k])
		m.Shards = append(m.Shards, s.ref)
		files[s.ref.Name()] = s.data
	}
	slices.SortFunc(m.Shards, func(a, b ShardRef) int { return strings.Compare(a.Digest, b.Digest) })
	m.Content = contentOf(m.Shards)
	if files[ManifestName], err = marshal(m); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCorruption(t *testing.T) {
	b := encode(t, content(60, 20))
	shard := b.Manifest().Shards[0].Name()
	source := b.Manifest().Sources[0].Name()
	edit := func(f func(m map[string]any)) func(map[string][]byte) {
		return func(files map[string][]byte) {
			m := *b.Manifest()
			raw, _ := json.Marshal(m)
			var v map[string]any
			_ = json.Unmarshal(raw, &v)
			f(v)
			files[ManifestName], _ = marshal(v)
		}
	}
	remake := func(f func(m *Manifest)) func(map[string][]byte) {
		return func(files map[string][]byte) {
			m := *b.Manifest()
			m.Shards, m.Sources = slices.Clone(m.Shards), slices.Clone(m.Sources)
			f(&m)
			files[ManifestName], _ = marshal(m)
		}
	}
	for _, c := range []struct {
		name   string
		change func(map[string][]byte)
		want   Code
	}{
		{"nothing", func(f map[string][]byte) { clear(f) }, CodeEmpty},
		{"no manifest", func(f map[string][]byte) { delete(f, ManifestName) }, CodeIncomplete},
		{"shard missing", func(f map[string][]byte) { delete(f, shard) }, CodeIncomplete},
		{"source shard missing", func(f map[string][]byte) { delete(f, source) }, CodeIncomplete},
		{"shard empty", func(f map[string][]byte) { f[shard] = nil }, CodeDigestMismatch},
		{"shard cut", func(f map[string][]byte) { f[shard] = f[shard][:len(f[shard])/2] }, CodeDigestMismatch},
		{"source shard cut", func(f map[string][]byte) { f[source] = f[source][:9] }, CodeDigestMismatch},
		{"shards exchanged", func(f map[string][]byte) { f[shard], f[source] = f[source], f[shard] }, CodeDigestMismatch},
		{"manifest empty", func(f map[string][]byte) { f[ManifestName] = nil }, CodeMalformed},
		{"manifest cut", func(f map[string][]byte) { f[ManifestName] = f[ManifestName][:50] }, CodeMalformed},
		{"manifest indented", func(f map[string][]byte) {
			var buf bytes.Buffer
			_ = json.Indent(&buf, f[ManifestName], "", " ")
			f[ManifestName] = buf.Bytes()
		}, CodeNotCanonical},
		{"manifest with a line end", func(f map[string][]byte) { f[ManifestName] = append(slices.Clone(f[ManifestName]), '\n') }, CodeNotCanonical},
		{"newer format", edit(func(m map[string]any) { m["format"] = Format + 1; m["new"] = true }), CodeFormatNewer},
		{"older format", edit(func(m map[string]any) { m["format"] = 0 }), CodeFormatOlder},
		{"no format", edit(func(m map[string]any) { delete(m, "format") }), CodeMalformed},
		{"unknown field", edit(func(m map[string]any) { m["x"] = 1 }), CodeMalformed},
		{"other content", remake(func(m *Manifest) { m.Content = DigestOf(nil) }), CodeDigestMismatch},
		{"shards not sorted", remake(func(m *Manifest) { slices.Reverse(m.Shards) }), CodeNotCanonical},
		{"shard twice", remake(func(m *Manifest) { m.Shards = append(m.Shards[:1], m.Shards...) }), CodeNotCanonical},
		{"digest is a path", remake(func(m *Manifest) { m.Shards[0].Digest = strings.Repeat("../", 22)[:64] }), CodeMalformed},
		{"size negative", remake(func(m *Manifest) { m.Shards[0].Size = -1 }), CodeMalformed},
		{"size wrong", remake(func(m *Manifest) { m.Shards[0].Size++ }), CodeDigestMismatch},
		{"raw size too small", remake(func(m *Manifest) { m.Shards[0].RawSize-- }), CodeMalformed},
		{"raw size too large", remake(func(m *Manifest) { m.Shards[0].RawSize++ }), CodeMalformed},
		{"raw size huge", remake(func(m *Manifest) { m.Shards[0].RawSize = 1 << 60 }), CodeTooLarge},
		{"sizes overflow", remake(func(m *Manifest) {
			for i := range m.Shards {
				m.Shards[i].RawSize = 1 << 62
			}
		}), CodeTooLarge},
		{"counts wrong", remake(func(m *Manifest) { m.Counts.Routes++ }), CodeMalformed},
		{"no routes", remake(func(m *Manifest) { m.Counts.Routes = 0 }), CodeEmpty},
		{"source as content", remake(func(m *Manifest) {
			m.Shards, m.Sources = append(m.Shards, m.Sources[0]), m.Sources[1:]
			slices.SortFunc(m.Shards, func(a, b ShardRef) int { return strings.Compare(a.Digest, b.Digest) })
			m.Content = contentOf(m.Shards)
		}), CodeMalformed},
		{"content as source", remake(func(m *Manifest) { m.Sources = m.Shards[:1] }), CodeMalformed},
		{"extra file", func(f map[string][]byte) { f["notes.txt"] = []byte("x") }, CodeMalformed},
		{"extra shard", func(f map[string][]byte) { f[strings.Repeat("a", 64)+shardSuffix] = []byte("x") }, CodeMalformed},
		{"signature too long", func(f map[string][]byte) { f[SignatureName] = make([]byte, 1000) }, CodeTooLarge},
	} {
		files := maps.Clone(b.Files())
		c.change(files)
		if _, err := Decode(files, Limits{}); CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want code %s", c.name, err, c.want)
		}
		if _, err := DecodeAfter(b, files, Limits{}); CodeOf(err) != c.want {
			t.Errorf("%s, after the good one: got %v, want code %s", c.name, err, c.want)
		}
	}
	files := maps.Clone(b.Files())
	files["..data"], files["..2026_01_01"] = nil, nil
	if _, err := Decode(files, Limits{}); err != nil {
		t.Errorf("the kubelet's names: %v", err)
	}
}

func TestEveryBitCounts(t *testing.T) {
	b := encode(t, content(6, 3))
	for name, data := range b.Files() {
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << (i % 8)
			files := maps.Clone(b.Files())
			files[name] = bad
			if got, err := Decode(files, Limits{}); err == nil && got.Digest() == b.Digest() {
				t.Fatalf("%s: a flipped bit in byte %d goes unseen", name, i)
			} else if name != ManifestName && CodeOf(err) != CodeDigestMismatch {
				t.Fatalf("%s byte %d: %v", name, i, err)
			}
		}
	}
}

func TestForgedShards(t *testing.T) {
	b := encode(t, content(60, 20))
	replace := func(old, new string) func(*Manifest, map[string][]byte) {
		return func(_ *Manifest, raws map[string][]byte) {
			for k, raw := range raws {
				raws[k] = []byte(strings.Replace(string(raw), old, new, 1))
			}
		}
	}
	if _, err := Decode(forge(t, b, func(*Manifest, map[string][]byte) {}), Limits{}); err != nil {
		t.Fatalf("nothing changed: %v", err)
	}
	for _, c := range []struct {
		name   string
		change func(*Manifest, map[string][]byte)
		want   Code
	}{
		{"space inside", replace(`,"routes":`, `, "routes":`), CodeNotCanonical},
		{"field omitted", replace(`,"onRouteChange":"keep"`, ``), CodeNotCanonical},
		{"route of another domain", replace(`"id":"d001.example/`, `"id":"d000.example/`), CodeMalformed},
		{"route without a name", func(_ *Manifest, raws map[string][]byte) {
			for k, raw := range raws {
				// The first one, so that the order holds.
				if i := bytes.Index(raw, []byte(`"id":"d001.example/`)); i >= 0 {
					end := i + 19 + bytes.IndexByte(raw[i+19:], '"')
					raws[k] = slices.Concat(raw[:i+19], raw[end:])
				}
			}
		}, CodeMalformed},
		{"shared twice", func(m *Manifest, raws map[string][]byte) { raws["x"] = []byte(`{"kind":"shared","shared":{}}`) }, CodeMalformed},
		{"domain twice", func(m *Manifest, raws map[string][]byte) {
			raws["x"] = []byte(`{"kind":"domains","domains":[{"name":"d001.example","hosts":[],"methodMismatch":405,"routes":[]}]}`)
		}, CodeMalformed},
		{"no domains", func(m *Manifest, raws map[string][]byte) { raws["x"] = []byte(`{"kind":"domains","domains":[]}`) }, CodeNotCanonical},
		{"many tiny routes", func(m *Manifest, raws map[string][]byte) {
			raws["x"] = []byte(`{"kind":"domains","domains":[{"name":"x","hosts":[],"methodMismatch":405,"routes":[` + strings.Repeat(`{},`, 1<<20) + `{}]}]}`)
		}, CodeNotCanonical},
		{"deep filter", replace(`"requestId":{}`, `"requestId":`+strings.Repeat("[", 4000)+strings.Repeat("]", 4000)), CodeNotCanonical},
	} {
		if _, err := Decode(forge(t, b, c.change), Limits{}); CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want code %s", c.name, err, c.want)
		}
	}
}

func TestBombs(t *testing.T) {
	w, err := NewPacker()
	if err != nil {
		t.Fatal(err)
	}
	bomb := w.zip.EncodeAll(make([]byte, 128<<20), nil)
	sum := sha256.Sum256(bomb)
	for _, raw := range []int64{1, 16 << 20} {
		ref := ShardRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(bomb)), RawSize: raw}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := DecodeShard(ref, bomb, Limits{})
		runtime.ReadMemStats(&after)
		if CodeOf(err) != CodeMalformed {
			t.Errorf("raw size %d: %v", raw, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("raw size %d: %d bytes allocated", raw, used)
		}
	}
}

func TestLimits(t *testing.T) {
	b := encode(t, content(60, 20))
	for _, l := range []Limits{{ManifestBytes: 100}, {ShardBytes: 100}, {ShardRawBytes: 1000}, {TotalBytes: 1000}, {TotalRawBytes: 2000}, {Shards: 1}} {
		if _, err := Decode(b.Files(), l); CodeOf(err) != CodeTooLarge {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if _, err := Decode(b.Files(), Limits{Depth: 1}); CodeOf(err) != CodeNotCanonical {
		t.Errorf("depth: %v", err)
	}
}
