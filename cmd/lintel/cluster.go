package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// The verbs of a cluster: lintel-sync does the work, so that this program links no
// client of Kubernetes.
var (
	syncVerb = verb{
		name: "sync", args: "COMMAND [ARGUMENTS]", purpose: "run lintel-sync: bring bundles to a Kubernetes cluster",
		flags: noFlags, cluster: passOn,
	}
	statusVerb = verb{
		name: "status", args: "[ARGUMENTS]", purpose: "say what every gateway of a cluster serves",
		flags: noFlags, cluster: under("status"),
	}
	rollbackVerb = verb{
		name: "rollback", args: "[ARGUMENTS]", purpose: "bring back a bundle that all gateways of a cluster served before",
		flags: noFlags, cluster: under("rollback"),
	}
)

// noFlags is for verbs whose flags another program reads. They are run by it, too.
func noFlags(*flag.FlagSet) func(context.Context, streams, []string) error {
	return func(context.Context, streams, []string) error { return nil }
}

// passOn is for the verb that stands for all of lintel-sync.
func passOn(args []string) []string {
	if len(args) == 0 {
		return []string{"help"}
	}
	return args
}

// under is for a verb that lintel-sync has by the same name.
func under(name string) func([]string) []string {
	return func(args []string) []string { return append([]string{name}, args...) }
}

// diffCluster is for diff, which is about a cluster with --cluster alone.
func diffCluster(args []string) []string {
	isFlag := func(a string) bool { return a == "--cluster" || a == "-cluster" }
	if !slices.ContainsFunc(args, isFlag) {
		return nil
	}
	return append([]string{"diff"}, slices.DeleteFunc(slices.Clone(args), isFlag)...)
}

// leaveTime is how long lintel-sync has to end when this program is told to.
const leaveTime = 20 * time.Second

// askCluster runs lintel-sync and returns its exit status.
func askCluster(ctx context.Context, s streams, v verb, args []string) int {
	path, err := findProgram("lintel-sync", "", "", "LINTEL_SYNC")
	if err != nil {
		if slices.Contains(args, "-h") || slices.Contains(args, "--help") || slices.Contains(args, "-help") {
			fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
			v.flags(fs)
			verbUsage(s.out, v, fs)
			return exitOK
		}
		return status(s, v, fmt.Errorf("%w; what is about a cluster needs lintel-sync", err))
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.in, s.out, s.err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = leaveTime
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	}
	return status(s, v, fmt.Errorf("run lintel-sync: %w", err))
}
