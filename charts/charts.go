// Package charts holds what Argo CD is given, for the programs that write it into a
// repository of routes.
package charts

import "embed"

// ArgoCD is the folder argocd.
//
//go:embed argocd
var ArgoCD embed.FS
