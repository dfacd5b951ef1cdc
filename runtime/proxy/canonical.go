package proxy

// CanonicalPath is the path of a request as routes are matched with it, from the
// path as it was sent. It reports false for a path that the engine refuses with 400.
func CanonicalPath(raw string) (string, bool) {
	_, path, ok := canonicalPath(nil, raw)
	return path, ok
}
