package main

import (
	"errors"
	"flag"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/load"
)

// envFlag declares the flag of the verbs that compile for one environment.
func envFlag(fs *flag.FlagSet) *string {
	return fs.String("env", "", "compile for the environment `NAME` (routes/_env/NAME.cue)")
}

// groupFlag declares the flag of the verbs that compile for one gateway group.
func groupFlag(fs *flag.FlagSet) *string {
	return fs.String("group", "", "compile what the gateway group `NAME` serves (default \"default\")")
}

// wrongEnv makes wrong use of a name that no environment or group has.
func wrongEnv(err error) error {
	var none *load.NoEnvironment
	if errors.As(err, &none) {
		return usageError{none.Error()}
	}
	var nobody *compiler.NoGroup
	if errors.As(err, &nobody) {
		return usageError{nobody.Error()}
	}
	return err
}
