package bundle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// TestParseEncoded holds that a bundle out of a cache is the bundle that would be made
// anew with another revision, and that damage is an error.
func TestParseEncoded(t *testing.T) {
	c := content(500, 50)
	kept := encode(t, c).Append(nil)
	want, err := Encode(c, Meta{Revision: "r2", Compiler: "other"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseEncoded(kept, Meta{Revision: "r2", Compiler: "other"})
	if err != nil || got.Digest() != want.Digest() {
		t.Fatalf("%v: %+v", err, got)
	}
	if d := cmp.Diff(want.Files(), got.Files()); d != "" {
		t.Errorf("files:\n%s", d)
	}
	for _, n := range []int{0, 1, 100, len(kept) / 2, len(kept) - 1} {
		if _, err := ParseEncoded(kept[:n:n], Meta{}); err == nil {
			t.Errorf("the first %d of %d bytes are a bundle", n, len(kept))
		}
	}
}
