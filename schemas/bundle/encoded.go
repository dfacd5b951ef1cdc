package bundle

// Encoded is a bundle as files: the manifest and the shards that it names, whose
// content is not decoded. It is never changed once made, Sign apart.
type Encoded struct {
	manifest *Manifest
	digest   string
	files    map[string][]byte
}

// Manifest is what the bundle says of itself.
func (b *Encoded) Manifest() *Manifest { return b.manifest }

// Digest identifies the bundle: the SHA-256 of manifest.json as "sha256:<hex>".
func (b *Encoded) Digest() string { return b.digest }

// Files are the files of the bundle by name, the signature included when there
// is one. They must not be changed.
func (b *Encoded) Files() map[string][]byte { return b.files }

// Size is the sum of the bundle's files in bytes, as they are stored.
func (b *Encoded) Size() int64 {
	var sum int64
	for _, data := range b.files {
		sum += int64(len(data))
	}
	return sum
}
