package bundle

// PartBytes is how much of a bundle one ConfigMap holds.
const PartBytes = configMapBytes
