package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Need is a verb on a resource of the namespace, such as "patch" on "configmaps".
type Need struct {
	Verb, Group, Resource, Subresource string
}

// String is how a role writes it.
func (n Need) String() string {
	r := n.Resource
	if n.Subresource != "" {
		r += "/" + n.Subresource
	}
	if n.Group != "" {
		r += "." + n.Group
	}
	return n.Verb + " " + r
}

// Needs lists verbs on one resource, "pods/proxy" for a part of one.
func Needs(group, resource string, verbs ...string) (out []Need) {
	name, sub, _ := strings.Cut(resource, "/")
	for _, v := range verbs {
		out = append(out, Need{Verb: v, Group: group, Resource: name, Subresource: sub})
	}
	return out
}

// Missing asks the API server which needs this account is not allowed, and is an
// error that names them all.
func (c *Cluster) Missing(ctx context.Context, needs []Need) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var missing []string
	var failed error
	for _, n := range needs {
		wg.Go(func() {
			allowed, err := c.may(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, err)
			} else if !allowed {
				missing = append(missing, n.String())
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return Explain(failed)
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("this account may not %s in namespace %s: add the rules to its Role (the README of lintel-sync lists them), or name another --namespace", strings.Join(missing, ", "), c.Namespace)
}

func (c *Cluster) may(ctx context.Context, n Need) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: c.Namespace, Verb: n.Verb, Group: n.Group, Resource: n.Resource, Subresource: n.Subresource,
		},
	}}
	got, err := c.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return got.Status.Allowed, nil
}
