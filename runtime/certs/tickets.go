package certs

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// leastTicketKey is the least size of a file with a key of session tickets, in bytes.
const leastTicketKey = 32

// tickets are keys of session tickets that several gateways share, so that a client
// resumes its session with any of them.
type tickets struct {
	files   []string
	problem string
	keys    [][32]byte
}

// refresh reads the files: the first key encrypts, the others are of before or will be
// next. It tells whether the keys changed; with an error those before stay.
func (t *tickets) refresh() (bool, error) {
	keys := make([][32]byte, len(t.files))
	changed := len(keys) != len(t.keys)
	for i, f := range t.files {
		data, err := read(f)
		if err != nil {
			return false, err
		}
		if len(bytes.TrimSpace(data)) < leastTicketKey {
			return false, fmt.Errorf("%s holds %d bytes; a key of session tickets has at least %d, such as those of openssl rand -out FILE 80", f, len(data), leastTicketKey)
		}
		keys[i] = sha256.Sum256(data)
		changed = changed || keys[i] != t.keys[i]
	}
	if changed {
		t.keys = keys
	}
	return changed, nil
}
