// Command lintel is the author's and operator's tool: it checks route files,
// compiles them into bundles and runs them on one machine. Each verb has a file of
// its own; the work is done in packages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit statuses, the same for every verb.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2
	exitFindings = 100
)

// errFindings says that diagnostics were printed: exit 100 without another word.
var errFindings = errors.New("findings")

// usageError is a mistake in the arguments: exit 2.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// streams are what a verb reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// terminal tells that err is a terminal.
	terminal bool
	// asks tells that in is a terminal: somebody is there to be asked.
	asks bool
}

// verb is one command.
type verb struct {
	name, args, purpose string
	// flags declares the verb's flags and returns what runs it.
	flags func(fs *flag.FlagSet) func(ctx context.Context, s streams, args []string) error
	// cluster tells with which arguments lintel-sync does the work; nil, or no
	// arguments, when this program does it.
	cluster func(args []string) []string
}

func verbs() []verb {
	return []verb{initVerb, addVerb, fmtVerb, checkVerb, compileVerb, renderVerb, inspectVerb, explainVerb, diffVerb, ownersVerb, testVerb, coverageVerb, importVerb, syncVerb, statusVerb, rollbackVerb, devVerb, echoVerb, schemaVerb, versionVerb}
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stderr), asks: isTerminal(os.Stdin)}
	return execute(ctx, s, os.Args[1:])
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return false
	}
	// Nobody is behind the null device, which is a character device too.
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

func execute(ctx context.Context, s streams, args []string) int {
	if len(args) == 0 {
		usage(s.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 2 && args[0] == "help" {
			if strings.TrimLeft(args[1], "-") == "markdown" {
				reference(s.out)
				return exitOK
			}
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
		if v.cluster != nil {
			if to := v.cluster(args[1:]); len(to) > 0 {
				return askCluster(ctx, s, v, to)
			}
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
	fmt.Fprintf(s.err, "lintel: %q is no command; see lintel help\n", args[0])
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
		fmt.Fprintf(s.err, "lintel %s: %s; see lintel %s -h\n", v.name, bad.message, v.name)
		return exitUsage
	}
	fmt.Fprintf(s.err, "lintel %s: %v\n", v.name, err)
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

// oneArg returns the only argument, or def when there is none.
func oneArg(args []string, def string) (string, error) {
	switch len(args) {
	case 0:
		return def, nil
	case 1:
		return args[0], nil
	}
	return "", usageError{fmt.Sprintf("takes one argument, not %d", len(args))}
}
