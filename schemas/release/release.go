// Package release names this release of Lintel, the same in every binary.
package release

// Version is the release's semantic version.
const Version = "0.1.0"
