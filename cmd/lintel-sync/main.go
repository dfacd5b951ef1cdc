// Command lintel-sync brings bundles to a Kubernetes cluster and tells whether every
// gateway serves them. Each verb has a file of its own; the work is done in packages.
// It is the one program of Lintel that links a client of Kubernetes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/lintel-gateway/lintel/schemas/release"
)

// Exit statuses, the same for every verb and every program of Lintel.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitFindings = 100
)

// errFindings says that what was asked about is not so, and that it was printed: exit
// 100 without another word.
var errFindings = errors.New("findings")

// usageError is a mistake in the arguments: exit 2.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// streams are what a verb writes.
type streams struct {
	out, err io.Writer
	log      *slog.Logger
}

// verb is one command.
type verb struct {
	name, args, purpose string
	// flags declares the verb's flags and returns what runs it.
	flags func(fs *flag.FlagSet) func(ctx context.Context, s streams, args []string) error
}

func verbs() []verb {
	return []verb{runVerb, applyVerb, diffVerb, statusVerb, reportVerb, rollbackVerb, pokeVerb, versionVerb}
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The libraries log to klog what they also return, in a form of their own.
	klog.SetLogger(logr.Discard())
	s := streams{out: os.Stdout, err: os.Stderr, log: slog.New(slog.NewJSONHandler(os.Stderr, nil))}
	return execute(ctx, s, os.Args[1:])
}

func execute(ctx context.Context, s streams, args []string) int {
	if len(args) == 0 {
		usage(s.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 2 && args[0] == "help" {
			return execute(ctx, s, []string{args[1], "-h"})
		}
		usage(s.out)
		return exitOK
	case "--version", "-version":
		args[0] = "version"
	}
	for _, v := range verbs() {
		if v.name != args[0] {
			continue
		}
		fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		work := v.flags(fs)
		rest, err := parse(fs, args[1:])
		if errors.Is(err, flag.ErrHelp) {
			verbUsage(s.out, v, fs)
			return exitOK
		}
		if err == nil {
			err = work(ctx, s, rest)
		} else {
			err = usageError{err.Error()}
		}
		return status(s, v, err)
	}
	fmt.Fprintf(s.err, "lintel-sync: %q is no command; see lintel-sync help\n", args[0])
	return exitUsage
}

func status(s streams, v verb, err error) int {
	var bad usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, &bad):
		fmt.Fprintf(s.err, "lintel-sync %s: %s; see lintel-sync %s -h\n", v.name, bad.message, v.name)
		return exitUsage
	}
	fmt.Fprintf(s.err, "lintel-sync %s: %v\n", v.name, err)
	return exitFailure
}

// parse reads flags before, between and after the arguments.
func parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if args = fs.Args(); len(args) == 0 {
			return rest, nil
		}
		rest = append(rest, args[0])
		args = args[1:]
	}
}

var versionVerb = verb{
	name: "version", purpose: "print the release",
	flags: func(*flag.FlagSet) func(context.Context, streams, []string) error {
		return func(_ context.Context, s streams, args []string) error {
			if len(args) > 0 {
				return usageError{"takes no arguments"}
			}
			fmt.Fprintf(s.out, "lintel-sync %s\n", release.Version)
			return nil
		}
	},
}
