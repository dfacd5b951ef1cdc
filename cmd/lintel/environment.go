package main

import (
	"errors"
	"flag"

	"github.com/lintel-gateway/lintel/compiler/load"
)

// envFlag declares the flag of the verbs that compile for one environment.
func envFlag(fs *flag.FlagSet) *string {
	return fs.String("env", "", "compile for the environment `NAME` (routes/_env/NAME.cue)")
}

// wrongEnv makes wrong use of a name that no environment has.
func wrongEnv(err error) error {
	var none *load.NoEnvironment
	if errors.As(err, &none) {
		return usageError{none.Error()}
	}
	return err
}
