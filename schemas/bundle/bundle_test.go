package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func TestRoundTrip(t *testing.T) {
	c := content(500, 50)
	b := encode(t, c)
	got, err := Decode(b.Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var domains []route.Domain
	for _, d := range got.Domains() {
		domains = append(domains, *d.Def)
	}
	sortRoutes := cmpopts.SortSlices(func(x, y route.Route) bool { return x.ID < y.ID })
	if diff := cmp.Diff(c.Domains, domains, sortRoutes); diff != "" {
		t.Errorf("domains:\n%s", diff)
	}
	if diff := cmp.Diff(c.Shared, *got.Shared().Def); diff != "" {
		t.Errorf("shared:\n%s", diff)
	}
	sources, err := got.Sources()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Sources, sources); diff != "" {
		t.Errorf("sources:\n%s", diff)
	}
	if diff := cmp.Diff(Counts{Domains: 10, Routes: 500, Upstreams: 21}, got.Manifest().Counts); diff != "" {
		t.Errorf("counts:\n%s", diff)
	}
	again, err := Encode(Content{Shared: *got.Shared().Def, Domains: domains, Sources: sources, Owners: got.Manifest().Owners}, Meta{Revision: "r1", Compiler: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if !again.Equal(b) || again.Digest() != b.Digest() {
		t.Error("encoding what was decoded gives other bytes")
	}
}

func TestDigestIsThatOfTheManifest(t *testing.T) {
	b := encode(t, content(10, 5))
	sum := sha256.Sum256(b.Files()[ManifestName])
	if want := "sha256:" + hex.EncodeToString(sum[:]); b.Digest() != want {
		t.Errorf("got %s, want %s", b.Digest(), want)
	}
	h := sha256.New()
	for _, s := range b.Manifest().Shards {
		fmt.Fprintf(h, "%s\n", s.Digest)
		if sum := sha256.Sum256(b.Files()[s.Name()]); hex.EncodeToString(sum[:]) != s.Digest {
			t.Errorf("shard %s has other bytes", s.Digest)
		}
	}
	if want := "sha256:" + hex.EncodeToString(h.Sum(nil)); b.Manifest().Content != want {
		t.Errorf("content %s, want %s", b.Manifest().Content, want)
	}
}

func TestSameBytes(t *testing.T) {
	want := encode(t, content(400, 20))
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	c := content(400, 20)
	rand.Shuffle(len(c.Domains), func(i, j int) { c.Domains[i], c.Domains[j] = c.Domains[j], c.Domains[i] })
	for _, d := range c.Domains {
		rand.Shuffle(len(d.Routes), func(i, j int) { d.Routes[i], d.Routes[j] = d.Routes[j], d.Routes[i] })
		d.Routes[0].Retry.On = append([]string(nil), d.Routes[0].Retry.On...)
	}
	if got := encode(t, c); !got.Equal(want) {
		t.Error("the order of the input or GOMAXPROCS changes the bytes")
	}
}

func TestSourcesAreNotContent(t *testing.T) {
	c := content(40, 20)
	a := encode(t, c)
	for id, s := range c.Sources {
		s.Line++
		c.Sources[id] = s
	}
	b := encode(t, c)
	if a.Manifest().Content != b.Manifest().Content {
		t.Error("moving routes in their files changes the content")
	}
	if a.Digest() == b.Digest() {
		t.Error("moving routes in their files does not change the digest")
	}
}

func TestOneDomainChangesFewShards(t *testing.T) {
	c := content(4000, 20)
	a := encode(t, c)
	c.Domains[77].Routes[3].Timeouts.Read = sec(7)
	b, err := Decode(encode(t, c).Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := DecodeAfter(a, b.Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i, d := range next.Domains() {
		if (d.Digest == a.Domains()[i].Digest) != (i != 77) {
			t.Errorf("domain %d: digest changed or not, against its content", i)
		}
		if d == a.Domains()[i] {
			same++
		}
		if d.Digest != b.Domains()[i].Digest {
			t.Errorf("domain %d: reuse gives another digest", i)
		}
	}
	if same < 150 {
		t.Errorf("only %d of 200 domains are taken over", same)
	}
	// One more domain at the front moves no boundary further on.
	c.Domains = append(c.Domains, route.Domain{Name: "a.example", Hosts: []string{"a.example"}, MethodMismatch: 405, Routes: []route.Route{routeOf("a.example", 1)}})
	d := encode(t, c)
	shared := 0
	for _, s := range d.Manifest().Shards {
		if b.Files()[s.Name()] != nil {
			shared++
		}
	}
	if n := len(d.Manifest().Shards); shared < n-3 {
		t.Errorf("a new domain changed %d of %d shards", n-shared, n)
	}
}

func TestLargeDomainIsDivided(t *testing.T) {
	c := content(20000, 20000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range c.Domains[0].Routes {
		// Noise, so that compressing does not save the shard from its limit.
		c.Domains[0].Routes[i].Path.Template += fmt.Sprintf("-%x%x%x%x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
	}
	b := encode(t, c)
	if n := len(b.Manifest().Shards); n < 4 {
		t.Fatalf("%d shards", n)
	}
	for _, s := range b.Manifest().Shards {
		if s.Size > splitStored {
			t.Errorf("a shard has %d bytes", s.Size)
		}
	}
	got, err := Decode(b.Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Domains()); n != 1 || len(got.Domains()[0].Def.Routes) != 20000 {
		t.Fatalf("%d domains", n)
	}
	next, err := DecodeAfter(b, b.Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if next.Domains()[0] != b.Domains()[0] {
		t.Error("an unchanged divided domain is joined anew")
	}
	c.Domains[0].Routes[7].OnRouteChange = "drain"
	changed := encode(t, c)
	if changed.Domains()[0].Digest == b.Domains()[0].Digest {
		t.Error("a change inside a divided domain does not change its digest")
	}
	n := 0
	for _, s := range changed.Manifest().Shards {
		if b.Files()[s.Name()] == nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("a change of one route changed %d shards", n)
	}
	c.Domains[0].Routes = c.Domains[0].Routes[:1]
	c.Sources = nil
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte('a' + r.IntN(26))
	}
	c.Domains[0].Routes[0].Path.Template = string(noise)
	if _, err := Encode(c, Meta{}); CodeOf(err) != CodeTooLarge {
		t.Errorf("a route over the limit: %v", err)
	}
}

// forge replaces the raw JSON of the first shard that holds old, and makes the
// digests right again.
func forge(t *testing.T, b *Bundle, change func(m *Manifest, raws map[string][]byte)) map[string][]byte {
	t.Helper()
	z, _ := zstd.NewReader(nil)
	defer z.Close()
	w, err := newPacker()
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
	for _, k := range slices.Sorted(maps.Keys(raws)) {
		w.add(raws[k], w.zip.EncodeAll(raws[k], nil))
	}
	m.Shards = w.take()
	m.Content = contentOf(m.Shards)
	if w.files[ManifestName], err = marshal(m); err != nil {
		t.Fatal(err)
	}
	return w.files
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
	w, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	bomb := w.zip.EncodeAll(make([]byte, 512<<20), nil)
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

func TestEncodeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Content){
		"empty":             func(c *Content) { c.Domains = nil },
		"route twice":       func(c *Content) { d := &c.Domains[0]; d.Routes = append(d.Routes, d.Routes[0]) },
		"domain twice":      func(c *Content) { c.Domains = append(c.Domains, c.Domains[0]) },
		"filter's keys":     func(c *Content) { c.Domains[0].Routes[0].Filters = route.Filters{"x": []byte(`{"b":1,"a":1}`)} },
		"filter no JSON":    func(c *Content) { c.Domains[0].Routes[0].Filters = route.Filters{"x": []byte(`{`)} },
		"id of another":     func(c *Content) { c.Domains[0].Routes[0].ID = "other/x" },
		"invalid UTF-8":     func(c *Content) { c.Domains[0].Routes[0].Upstream = "\xff" },
		"negative duration": func(c *Content) { c.Domains[0].Routes[0].Timeouts.Read = -1 },
	} {
		c := content(6, 3)
		change(&c)
		if b, err := Encode(c, Meta{}); err == nil || b != nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func TestSignature(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	private, public, err := MarshalKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	priv, err := ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	b := encode(t, content(6, 3))
	if err := b.Verify(pub); CodeOf(err) != CodeSignatureMissing {
		t.Errorf("unsigned: %v", err)
	}
	digest := b.Digest()
	b.Sign(priv)
	if b.Digest() != digest {
		t.Error("signing changes the digest")
	}
	got, err := Decode(b.Files(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Verify(pub); err != nil {
		t.Error(err)
	}
	other, _, _ := ed25519.GenerateKey(nil)
	if err := got.Verify(other); CodeOf(err) != CodeSignatureInvalid {
		t.Errorf("another key: %v", err)
	}
	manifest := b.Files()[ManifestName]
	for name, sig := range map[string][]byte{"empty": {}, "no base64": []byte("!!"), "short": []byte("AAAA"), "cut": b.Files()[SignatureName][:40]} {
		if err := VerifyManifest(manifest, sig, pub); CodeOf(err) != CodeSignatureInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, f := range map[string]func() error{
		"swapped private": func() error { _, err := ParsePrivateKey(public); return err },
		"swapped public":  func() error { _, err := ParsePublicKey(private); return err },
		"no PEM":          func() error { _, err := ParsePublicKey([]byte("x")); return err },
	} {
		if f() == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}
