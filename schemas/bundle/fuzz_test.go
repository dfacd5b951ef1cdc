package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/lintel-gateway/lintel/schemas/route"
)

func FuzzDecodeManifest(f *testing.F) {
	b := encode(f, content(20, 5))
	f.Add(b.Files()[ManifestName])
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`{"format":2,"shards":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeManifest(data, Limits{})
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if again, err := marshal(m); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("encodes to other bytes: %s %v", again, err)
		}
	})
}

// FuzzShard feeds the JSON inside a shard.
func FuzzShard(f *testing.F) {
	b := encode(f, content(4, 2))
	z, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range append(b.Manifest().Shards, b.Manifest().Sources...) {
		raw, err := z.DecodeAll(b.Files()[s.Name()], nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"kind":"shared","shared":{"secrets":{"a":{"file":"b"}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseShard(raw, Limits{Depth: 16})
		if err != nil {
			return
		}
		if again, err := s.render(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("encodes to other bytes:\n%s\n%s %v", raw, again, err)
		}
	})
}

// FuzzDecodeShard feeds the stored bytes of a shard.
func FuzzDecodeShard(f *testing.F) {
	b := encode(f, content(4, 2))
	for _, s := range append(b.Manifest().Shards, b.Manifest().Sources...) {
		f.Add(b.Files()[s.Name()], s.RawSize)
	}
	l := Limits{ShardRawBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte, rawSize int64) {
		sum := sha256.Sum256(data)
		s, err := DecodeShard(ShardRef{Digest: hex.EncodeToString(sum[:]), Size: int64(len(data)), RawSize: rawSize}, data, l)
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if again, err := s.render(); err != nil || int64(len(again)) != rawSize {
			t.Fatalf("encodes to %d bytes, not %d: %v", len(again), rawSize, err)
		}
	})
}

// FuzzDecode feeds a whole bundle of a manifest, a signature and one more file.
func FuzzDecode(f *testing.F) {
	b := encode(f, content(4, 4))
	files := b.Files()
	for _, s := range append(b.Manifest().Shards, b.Manifest().Sources...) {
		f.Add(files[ManifestName], []byte("AAAA"), s.Name(), files[s.Name()])
	}
	f.Add([]byte(nil), []byte(nil), "..data", []byte(nil))
	f.Fuzz(func(t *testing.T, manifest, signature []byte, name string, data []byte) {
		in := map[string][]byte{}
		for n, d := range files {
			in[n] = d
		}
		in[ManifestName], in[SignatureName] = manifest, signature
		in[name] = data
		got, err := DecodeAfter(b, in, Limits{ShardRawBytes: 1 << 20, TotalRawBytes: 4 << 20})
		if err != nil {
			if CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for n, d := range got.Files() {
			if !bytes.Equal(d, in[n]) {
				t.Fatalf("%s came back as other bytes", n)
			}
		}
		fresh, err := Decode(got.Files(), Limits{ShardRawBytes: 1 << 20, TotalRawBytes: 4 << 20})
		if err != nil || fresh.Digest() != got.Digest() {
			t.Fatalf("decodes after another bundle, but not alone: %v", err)
		}
	})
}

// FuzzCanonical holds Canonical to the form that the reader takes.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b": [1, 2.50, "\u003c"], "a": null}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(`"a:\\":1`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Canonical(raw)
		if err != nil {
			return
		}
		r := newReader(got, 10_001)
		r.raw()
		if err := r.end(); err != nil {
			t.Fatalf("%q became %q, which is refused: %v", raw, got, err)
		}
		if again, err := Canonical(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q becomes %q: %v", got, again, err)
		}
	})
}

// FuzzParsePack holds that what a cache may give never panics, and that what
// parses is written the same again.
func FuzzParsePack(f *testing.F) {
	w, err := NewPacker()
	if err != nil {
		f.Fatal(err)
	}
	c := content(60, 20)
	p, err := w.Pack([]*route.Domain{&c.Domains[0], &c.Domains[1]}, c.Sources)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePack(data)
		if err != nil {
			return
		}
		again, err := ParsePack(p.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p, again) {
			t.Error("another pack comes back")
		}
	})
}
