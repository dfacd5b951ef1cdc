// Command lintel-gateway is the data plane: it serves the routes of a bundle and
// swaps to a new one when the bundle's directory changes.
package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/lintel-gateway/lintel/runtime"
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/release"
)

// The exit codes.
const (
	exitOK    = 0
	exitFail  = 1 // bad boot config, busy port, failure while serving
	exitUsage = 2 // bad flags
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func parse(args []string, stderr io.Writer) (*boot.Flags, error) {
	var f boot.Flags
	set := flag.NewFlagSet("lintel-gateway", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() { boot.Usage(stderr) }
	f.Declare(set)
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", set.Arg(0))
		fmt.Fprintf(stderr, "lintel-gateway: %v; see lintel-gateway --help\n", err)
		return nil, err
	}
	return &f, nil
}

func run(args []string, stdout, stderr io.Writer) int {
	f, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	if f.Version {
		fmt.Fprintf(stdout, "lintel-gateway %s\n", release.Version)
		return exitOK
	}
	if !f.Given("bundle") && f.Config == "" {
		fmt.Fprintln(stderr, "lintel-gateway: give the bundle's directory as --bundle DIR; see lintel-gateway --help")
		return exitUsage
	}
	if err := serve(f, stderr); err != nil {
		fmt.Fprintf(stderr, "lintel-gateway: %v\n", err)
		return exitFail
	}
	return exitOK
}

func serve(f *boot.Flags, stderr io.Writer) error {
	cfg := runtime.Config{Boot: boot.Default(), Dev: f.Dev, Version: release.Version, Log: logger(stderr)}
	var err error
	if f.Config != "" {
		if cfg.Boot, err = boot.Load(f.Config); err != nil {
			return err
		}
	}
	f.Override(&cfg.Boot)
	if cfg.VerifyKey, err = verifyKey(cfg.Boot.Bundle.VerifyKey); err != nil {
		return err
	}
	g, err := runtime.New(cfg)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	// From the first signal on the next one ends the process at once.
	context.AfterFunc(ctx, stop)
	defer stop()
	return g.Run(ctx)
}

func verifyKey(path string) (ed25519.PublicKey, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("verify key: %w", err)
	}
	key, err := bundle.ParsePublicKey(data)
	if err != nil {
		return nil, fmt.Errorf("verify key %s: %w", path, err)
	}
	return key, nil
}

// logger writes text for people and JSON for machines.
func logger(w io.Writer) *slog.Logger {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return slog.New(slog.NewTextHandler(w, nil))
		}
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: readable}))
}

// readable writes durations as text ("1.5s") and times in UTC: JSON would have
// nanoseconds and the zone of the machine.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().String())
	case slog.KindTime:
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}
