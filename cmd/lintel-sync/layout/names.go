// Package layout knows how bundles lie in ConfigMaps: names, labels, annotations, and
// the bundle back out of them.
package layout

import (
	"fmt"
	"strconv"
	"strings"
)

// Labels and annotations of the ConfigMaps. Those of the report are written by the
// report alone, with a field manager of its own, and are never in Git.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelBundle    = "lintel.dev/bundle"
	LabelRole      = "lintel.dev/role"

	Digest   = "lintel.dev/digest"
	Content  = "lintel.dev/content"
	Revision = "lintel.dev/revision"
	Parts    = "lintel.dev/parts"

	Served   = "lintel.dev/served"
	Rejected = "lintel.dev/rejected"
	Reason   = "lintel.dev/reason"

	// Poke is set on pods, so that the kubelet looks at their volumes at once.
	Poke = "lintel.dev/poke"
)

// Lintel is the value of LabelManagedBy.
const Lintel = "lintel"

// Role says what the ConfigMaps of one name are for.
type Role string

// The roles, as the label has them.
const (
	// RoleBundle is what gateways mount.
	RoleBundle Role = "bundle"
	// RoleLastGood is what all replicas served last.
	RoleLastGood Role = "lastgood"
	// RoleHistory is a bundle that all replicas served once.
	RoleHistory Role = "history"
	// RoleState is what lintel-sync remembers.
	RoleState Role = "state"
)

// LastGood is the name below which the last good bundle of name lies.
func LastGood(name string) string { return name + "-lastgood" }

// History is the name below which the bundle with the digest is kept.
func History(name, digest string) string { return name + "-history-" + Short(digest) }

// State is the name of the ConfigMap with what lintel-sync remembers.
func State(name string) string { return name + "-state" }

// Lease is the name of the lease that one agent holds.
func Lease(name string) string { return name + "-sync" }

// Short is the first 12 hex digits of a digest: enough to tell bundles apart.
func Short(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

// Part is the name of one ConfigMap.
func Part(name string, i int) string { return fmt.Sprintf("%s-%d", name, i) }

// PartOf is the number of the part that the ConfigMap is of name, if it is one.
func PartOf(configMap, name string) (int, bool) {
	digits, ok := strings.CutPrefix(configMap, name+"-")
	if !ok || digits == "" || len(digits) > 4 || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	return int(n), err == nil
}
