// Package keep keeps bundles that all replicas have served: the last one, which new
// pods fall back to, and those before, which rollback takes from.
package keep

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/cluster"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/owned"
	"github.com/lintel-gateway/lintel/cmd/lintel-sync/state"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Most is how many bundles of the history are kept.
const Most = 10

// Bundle keeps what lies in the ConfigMaps of name as the last good bundle and as the
// latest of the history. It is an error when that is not the bundle with the digest.
func Bundle(ctx context.Context, c *cluster.Cluster, name, digest string) error {
	parts, err := c.Client.CoreV1().ConfigMaps(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: layout.Place{Name: name, Role: layout.RoleBundle}.Selector()})
	if err != nil {
		return fmt.Errorf("read the ConfigMaps of %s: %w", name, cluster.Explain(err))
	}
	// Parts of a larger bundle before it may lie about still: gateways pass over them.
	b, err := layout.Mounted(parts.Items, name)
	if err != nil {
		return err
	}
	if b.Digest() != digest {
		return fmt.Errorf("the ConfigMaps of %s hold %s, and replicas serve %s: nothing is kept", name, layout.Short(b.Digest()), layout.Short(digest))
	}
	good := layout.Place{Name: name, Namespace: c.Namespace, Role: layout.RoleLastGood, Prefix: layout.LastGood(name)}
	if err := put(ctx, c, good, &b.Encoded); err != nil {
		return err
	}
	old := layout.Place{Name: name, Namespace: c.Namespace, Role: layout.RoleHistory, Prefix: layout.History(name, digest)}
	if err := put(ctx, c, old, &b.Encoded); err != nil {
		return err
	}
	return remember(ctx, c, name, state.Bundle{Digest: digest, Content: b.Manifest().Content, Revision: b.Manifest().Revision})
}

// put writes a bundle to a place, as the agent does: the manifest last, and what is left
// over goes at the end.
func put(ctx context.Context, c *cluster.Cluster, p layout.Place, b *bundle.Encoded) error {
	want := layout.ConfigMaps(b, p)
	live, err := owned.Live(ctx, c, p, want, false)
	if err != nil {
		return err
	}
	changes := layout.Compare(want, live)
	if len(changes) == 0 {
		return nil
	}
	for i := len(want) - 1; i >= 0; i-- {
		if err := owned.Write(ctx, c, &want[i]); err != nil {
			return err
		}
	}
	if err := owned.Strip(ctx, c, want, live); err != nil {
		return err
	}
	for i := range live {
		if slices.ContainsFunc(want, func(cm corev1.ConfigMap) bool { return cm.Name == live[i].Name }) {
			continue
		}
		if err := owned.Delete(ctx, c, &live[i]); err != nil {
			return err
		}
	}
	return nil
}

// remember puts the bundle first in the history, and forgets those that are too many.
func remember(ctx context.Context, c *cluster.Cluster, name string, latest state.Bundle) error {
	var gone []state.Bundle
	err := state.Change(ctx, c, name, func(s *state.State) bool {
		gone = nil
		if len(s.History) > 0 && s.History[0] == latest {
			return false
		}
		s.History = append([]state.Bundle{latest}, slices.DeleteFunc(s.History, func(b state.Bundle) bool { return b.Digest == latest.Digest })...)
		if len(s.History) > Most {
			gone, s.History = s.History[Most:], s.History[:Most]
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, b := range gone {
		p := layout.Place{Name: name, Namespace: c.Namespace, Role: layout.RoleHistory, Prefix: layout.History(name, b.Digest)}
		live, err := owned.Live(ctx, c, p, nil, false)
		if err != nil {
			return err
		}
		for i := range live {
			if err := owned.Delete(ctx, c, &live[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Find finds a bundle of the history by its digest, or the beginning of one, or by its
// revision, or the beginning of one. What is meant must be one bundle: of several with
// the revision it is the one served last.
func Find(history []state.Bundle, which string) (state.Bundle, error) {
	if len(history) == 0 {
		return state.Bundle{}, fmt.Errorf("the history is empty: lintel-sync run or report keeps a bundle once all replicas serve it")
	}
	var found []state.Bundle
	hex := strings.TrimPrefix(which, "sha256:")
	for _, b := range history {
		if len(hex) >= 6 && strings.HasPrefix(strings.TrimPrefix(b.Digest, "sha256:"), hex) {
			found = append(found, b)
		}
	}
	if len(found) > 1 {
		return state.Bundle{}, fmt.Errorf("%s is the beginning of %d digests: give more digits", which, len(found))
	}
	if len(found) == 1 {
		return found[0], nil
	}
	for _, b := range history {
		if which != "" && b.Revision == which {
			return b, nil
		}
	}
	for _, b := range history {
		if len(which) >= 6 && strings.HasPrefix(b.Revision, which) {
			if len(found) > 0 && found[0].Revision != b.Revision {
				return state.Bundle{}, fmt.Errorf("%s is the beginning of several revisions: give more of it", which)
			}
			found = append(found, b)
		}
	}
	if len(found) > 0 {
		return found[0], nil
	}
	var list []string
	for _, b := range history {
		list = append(list, strings.TrimSpace(layout.Short(b.Digest)+" "+b.Revision))
	}
	return state.Bundle{}, fmt.Errorf("%s is not in the history, which has: %s", which, strings.Join(list, ", "))
}

// Load reads a bundle of the history out of the cluster.
func Load(ctx context.Context, c *cluster.Cluster, name, digest string) (*bundle.Bundle, error) {
	p := layout.Place{Name: name, Namespace: c.Namespace, Role: layout.RoleHistory, Prefix: layout.History(name, digest)}
	live, err := owned.Live(ctx, c, p, nil, false)
	if err != nil {
		return nil, err
	}
	b, err := layout.Read(live, p.Prefix)
	if err != nil {
		return nil, fmt.Errorf("the kept bundle %s cannot be used: %w", layout.Short(digest), err)
	}
	if b.Digest() != digest {
		return nil, fmt.Errorf("the kept bundle %s was changed by somebody: it is %s now", layout.Short(digest), layout.Short(b.Digest()))
	}
	return b, nil
}
