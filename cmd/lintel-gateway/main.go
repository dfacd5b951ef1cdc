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

const usage = `lintel-gateway serves the routes of a bundle.

Usage:
  lintel-gateway --bundle DIR [--listen ADDR] [--admin ADDR] [--config FILE]
                 [--state-dir DIR] [--fallback-bundle DIR] [--verify-key PEM] [--dev]
  lintel-gateway --version

`

type flags struct {
	bundle, listen, admin, config string
	stateDir, fallback, verifyKey string
	dev, version                  bool
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("lintel-gateway", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.bundle, "bundle", "", "directory of the bundle, such as the mount of its ConfigMaps")
	set.StringVar(&f.listen, "listen", "", "address that takes traffic (default 0.0.0.0:8080)")
	set.StringVar(&f.admin, "admin", "", "address of the operator's endpoints (default 127.0.0.1:8081)")
	set.StringVar(&f.config, "config", "", "boot config (YAML); flags win over it")
	set.StringVar(&f.stateDir, "state-dir", "", "directory that keeps the last good bundle over restarts")
	set.StringVar(&f.fallback, "fallback-bundle", "", "bundle to start with when there is no other good one")
	set.StringVar(&f.verifyKey, "verify-key", "", "PEM file with the public key that must have signed every bundle")
	set.BoolVar(&f.dev, "dev", false, "allow the boot key dial, and add the headers x-lintel-route, x-lintel-bundle and x-lintel-upstream")
	set.BoolVar(&f.version, "version", false, "print the version and exit")
	set.Usage = func() {
		fmt.Fprint(stderr, usage)
		set.PrintDefaults()
	}
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", set.Arg(0))
		fmt.Fprintf(stderr, "lintel-gateway: %v; see lintel-gateway --help\n", err)
		return f, err
	}
	return f, nil
}

func run(args []string, stdout, stderr io.Writer) int {
	f, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage
	}
	if f.version {
		fmt.Fprintf(stdout, "lintel-gateway %s\n", release.Version)
		return exitOK
	}
	if f.bundle == "" && f.config == "" {
		fmt.Fprintln(stderr, "lintel-gateway: give the bundle's directory as --bundle DIR; see lintel-gateway --help")
		return exitUsage
	}
	if err := serve(f, stderr); err != nil {
		fmt.Fprintf(stderr, "lintel-gateway: %v\n", err)
		return exitFail
	}
	return exitOK
}

func serve(f flags, stderr io.Writer) error {
	cfg := runtime.Config{Boot: boot.Default(), Dev: f.dev, Version: release.Version, Log: logger(stderr)}
	var err error
	if f.config != "" {
		if cfg.Boot, err = boot.Load(f.config); err != nil {
			return err
		}
	}
	f.override(&cfg.Boot)
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

// override lets the flags that were given win over the file.
func (f flags) override(c *boot.Config) {
	if f.listen != "" {
		c.Listeners = []boot.Listener{{Address: f.listen}}
	}
	for _, o := range []struct {
		value string
		to    *string
	}{
		{f.bundle, &c.Bundle.Dir},
		{f.admin, &c.Admin.Address},
		{f.stateDir, &c.Bundle.StateDir},
		{f.fallback, &c.Bundle.Fallback},
		{f.verifyKey, &c.Bundle.VerifyKey},
	} {
		if o.value != "" {
			*o.to = o.value
		}
	}
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
