package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The names of the files that are no shards.
const (
	// ManifestName is the file that names all others.
	ManifestName = "manifest.json"
	// SignatureName is the signature over the bytes of the manifest; it may be
	// absent.
	SignatureName = "manifest.sig"
)

// DigestOf returns the digest of the bundle whose manifest.json holds these
// bytes, as "sha256:<hex>".
func DigestOf(manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// contentOf is the digest over the digests of the shards that run, which are
// sorted.
func contentOf(shards []ShardRef) string {
	h := sha256.New()
	for _, s := range shards {
		h.Write([]byte(s.Digest + "\n"))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// DecodeManifest reads manifest.json. It checks everything that the manifest
// alone can tell, so that the sizes and counts in it may be relied upon as upper
// bounds.
func DecodeManifest(data []byte, l Limits) (*Manifest, error) {
	l = l.withDefaults()
	if int64(len(data)) > l.ManifestBytes {
		return nil, fail(CodeTooLarge, ManifestName, fmt.Sprintf("the manifest has %d bytes, the limit is %d", len(data), l.ManifestBytes))
	}
	var version struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, failWith(CodeMalformed, ManifestName, "the manifest is no JSON", err)
	}
	switch {
	case version.Format == nil:
		return nil, fail(CodeMalformed, ManifestName, "the manifest gives no format")
	case *version.Format > Format:
		return nil, fail(CodeFormatNewer, ManifestName, fmt.Sprintf("the bundle has format %d, this build reads up to %d: update the gateway first", *version.Format, Format))
	case *version.Format < max(Format-1, 1):
		return nil, fail(CodeFormatOlder, ManifestName, fmt.Sprintf("the bundle has format %d, this build reads from %d: compile it again", *version.Format, max(Format-1, 1)))
	}
	m := &Manifest{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, failWith(CodeMalformed, ManifestName, "the manifest does not have the fields of its format", err)
	}
	again, err := marshal(m)
	if err != nil || !bytes.Equal(again, data) {
		return nil, fail(CodeNotCanonical, ManifestName, "the manifest is not written in the canonical form")
	}
	if err := m.check(l); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) check(l Limits) error {
	if len(m.Shards)+len(m.Sources) > l.Shards {
		return fail(CodeTooLarge, ManifestName, fmt.Sprintf("the manifest names %d shards, the limit is %d", len(m.Shards)+len(m.Sources), l.Shards))
	}
	if m.Counts.Routes <= 0 || len(m.Shards) == 0 {
		return fail(CodeEmpty, ManifestName, "the bundle holds no route")
	}
	var stored, raw int64
	for _, list := range [][]ShardRef{m.Shards, m.Sources} {
		for i, s := range list {
			if !isHex64(s.Digest) || s.Size <= 0 || s.RawSize <= 0 {
				return fail(CodeMalformed, ManifestName, fmt.Sprintf("shard %d has no digest of 64 hex digits, or no sizes", i))
			}
			if i > 0 && list[i-1].Digest >= s.Digest {
				return fail(CodeNotCanonical, ManifestName, "the shards are not sorted by digest")
			}
			if s.Size > l.ShardBytes || s.RawSize > l.ShardRawBytes {
				return fail(CodeTooLarge, s.Name(), fmt.Sprintf("the shard is over the limit of %d bytes stored, %d bytes inside", l.ShardBytes, l.ShardRawBytes))
			}
			stored, raw = stored+s.Size, raw+s.RawSize
		}
	}
	if stored > l.TotalBytes || raw > l.TotalRawBytes {
		return fail(CodeTooLarge, ManifestName, fmt.Sprintf("the shards are over the limit of %d bytes stored, %d bytes inside", l.TotalBytes, l.TotalRawBytes))
	}
	for _, s := range m.Sources {
		if _, twice := slices.BinarySearchFunc(m.Shards, s.Digest, func(r ShardRef, d string) int { return strings.Compare(r.Digest, d) }); twice {
			return fail(CodeMalformed, ManifestName, "a shard is named twice")
		}
	}
	if m.Content != contentOf(m.Shards) {
		return fail(CodeDigestMismatch, ManifestName, "the content digest is not that of the shards")
	}
	return nil
}

func isHex64(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// isShardName tells whether a file's name has the form of a shard's.
func isShardName(name string) bool {
	digest, ok := strings.CutSuffix(name, shardSuffix)
	return ok && isHex64(digest)
}
