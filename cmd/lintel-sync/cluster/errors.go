package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Explain turns a failure of the API server into a sentence that says what to do.
// Causes stay in the chain; nil stays nil.
func Explain(err error) error {
	var u *url.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case apierrors.IsForbidden(err):
		return fmt.Errorf("this account is not allowed to (%w): add the rule to its Role", err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("the API server does not know this account: renew the token or the kubeconfig (%w)", err)
	case NoNamespace(err):
		return fmt.Errorf("there is no such namespace: create it, or name another one with --namespace (%w)", err)
	case utilnet.IsConnectionRefused(err), utilnet.IsConnectionReset(err), errors.As(err, &u):
		return fmt.Errorf("the API server cannot be reached: %w", err)
	}
	return err
}

// NoNamespace tells whether the API server knows no such namespace.
func NoNamespace(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	d := status.Status().Details
	return d != nil && d.Kind == "namespaces"
}

// Lost tells whether the API server could not be asked at all, as opposed to having
// refused.
func Lost(err error) bool {
	var u *url.Error
	var status apierrors.APIStatus
	return errors.As(err, &u) || utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &status) && status.Status().Code >= 500
}
