package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// marshal writes v as canonical JSON: fields in the order of the Go types, map
// keys sorted, no insignificant space, no HTML escapes.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Canonical rewrites a JSON value in the one form that a bundle holds: keys
// sorted, no insignificant space, no HTML escapes, numbers as they were written.
// A key that repeats is an error.
func Canonical(raw []byte) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("json value: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("json value: more than one value")
	}
	out, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("json value: %w", err)
	}
	if n, m := countKeys(raw), countKeys(out); n != m {
		return nil, fmt.Errorf("json value: a key is there twice")
	}
	return out, nil
}

// countKeys counts the colons outside strings: one for each key of valid JSON.
func countKeys(raw []byte) int {
	n, inside := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case c == ':' && !inside:
			n++
		}
	}
	return n
}
