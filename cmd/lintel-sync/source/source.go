// Package source brings route files, bundles or manifests to this machine: from a
// directory, or from a branch of a Git repository.
package source

import (
	"regexp"
	"strings"
)

// Checkout is what a source held at one moment.
type Checkout struct {
	// Path is the folder or file on this machine. It stays until the next fetch.
	Path string
	// Revision is the commit; "" for a directory.
	Revision string
	// Mark is the same while what Path holds is the same.
	Mark string
	// Rewritten is the commit before, when it is not in the history of Revision any
	// more: somebody force-pushed. "" otherwise.
	Rewritten string
}

// Limits of what is brought, so that a huge repository cannot fill the disk.
const (
	// MaxFiles and MaxBytes bound what is read of the path.
	MaxFiles = 20_000
	MaxBytes = 256 << 20
	// MaxClone bounds a clone on the disk, in bytes.
	MaxClone = 1 << 30
)

// scp is the short form of SSH addresses, user@host:path.
var scp = regexp.MustCompile(`^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:.+$`)

// IsGit tells whether the address is one of Git's, and no directory.
func IsGit(address string) bool {
	for _, scheme := range []string{"https://", "http://", "ssh://", "git://", "file://"} {
		if strings.HasPrefix(address, scheme) {
			return true
		}
	}
	return scp.MatchString(address)
}

// Redact removes the password of an address, for messages.
func Redact(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, slash := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = "[redacted]@" + host[at+1:]
	}
	if slash {
		host += "/"
	}
	return scheme + "://" + host + path
}
