// Package pipelines holds the gate of a routes repository, ready to copy: for GitHub
// Actions, GitLab CI and any shell.
package pipelines

import (
	_ "embed"
)

//go:embed lintel.sh
var shell string

//go:embed install.sh
var install string

//go:embed github.yml
var github string

//go:embed gitlab.yml
var gitlab string

//go:embed deploy.sh
var deploy string

//go:embed deploy.yml
var deployGitHub string

// Deployment is what renders bundles for Argo CD after a merge, by the names that the
// files have in a repository.
func Deployment() map[string]string {
	return map[string]string{
		"ci/deploy.sh":                 deploy,
		".github/workflows/deploy.yml": deployGitHub,
	}
}

// Files are the pipelines by the names that they have in a repository.
func Files() map[string]string {
	return map[string]string{
		"ci/lintel.sh":                 shell,
		"ci/install-lintel.sh":         install,
		".github/workflows/lintel.yml": github,
		".gitlab-ci.yml":               gitlab,
	}
}
