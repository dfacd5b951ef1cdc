package bundle

// PartBytes is how much of a bundle one ConfigMap holds.
const PartBytes = configMapBytes

// Size is the sum of the bundle's files in bytes, as they are stored.
func (b *Bundle) Size() int64 {
	var sum int64
	for _, data := range b.files {
		sum += int64(len(data))
	}
	return sum
}
