package main

import (
	"flag"
	"fmt"
	"os"
)

// told is a flag and the variable in which Argo CD tells a plugin its value.
type told struct{ flag, variable string }

// argocdTells are the flags that Argo CD can give to a plugin. What begins with
// ARGOCD_ENV_ is what the Application sets; Argo CD adds that prefix to every name there.
// The signing key is not among them: who writes an Application must not choose it.
func argocdTells() []told {
	return []told{
		{"env", "ARGOCD_ENV_LINTEL_ENV"},
		{"group", "ARGOCD_ENV_LINTEL_GROUP"},
		{"name", "ARGOCD_ENV_LINTEL_NAME"},
		{"namespace", "ARGOCD_APP_NAMESPACE"},
		{"revision", "ARGOCD_APP_REVISION"},
	}
}

// argocdFlag declares the flag of the verbs that Argo CD runs as a plugin.
func argocdFlag(fs *flag.FlagSet) *bool {
	return fs.Bool("argocd", false, "take what is not given from what Argo CD tells a plugin: --env, --group and --name from LINTEL_ENV, LINTEL_GROUP and LINTEL_NAME in the Application's plugin.env, --namespace from its destination, --revision from the commit; what is empty there counts as absent")
}

// tellByArgocd sets the flags that the command line does not give and Argo CD's
// environment does, save those of without.
func tellByArgocd(fs *flag.FlagSet, without ...string) error {
	given := map[string]bool{}
	for _, name := range without {
		given[name] = true
	}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, t := range argocdTells() {
		value := os.Getenv(t.variable)
		if given[t.flag] || value == "" {
			continue
		}
		if err := fs.Set(t.flag, value); err != nil {
			return usageError{fmt.Sprintf("--%s from %s: %v", t.flag, t.variable, err)}
		}
	}
	return nil
}
