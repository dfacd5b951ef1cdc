// Package editor holds the tests of what an author's editor shows: the scaffold in
// CUE's own language server, at the version pinned in ci/tools.
package editor
