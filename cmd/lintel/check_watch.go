package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/cmd/lintel/watch"
)

// watchChecks checks a directory now and on every save, until ctx ends. Each check is
// a child process: CUE can neither be stopped nor bounded inside one.
func watchChecks(ctx context.Context, s streams, dir string, strict bool, rev, env string) error {
	if err := isDirectory(dir); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program itself: %w", err)
	}
	args := []string{"check", dir}
	if strict {
		args = append(args, "--strict")
	}
	if rev != "" {
		args = append(args, "--since", rev)
	}
	if env != "" {
		args = append(args, "--env", env)
	}
	saved, err := watch.Open(dir)
	if err != nil {
		return err
	}
	defer saved.Close()
	bad := false
	for {
		if bad, err = checkOnce(ctx, s, bad, self, args...); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-saved.Failed:
			return err
		case <-saved.Changed:
		}
	}
}

// checkOnce runs one check and prints what it came to, the last line with the time of
// day. It tells whether there are findings that stop the work; before tells whether
// there were.
func checkOnce(ctx context.Context, s streams, before bool, self string, args ...string) (bad bool, err error) {
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = os.Environ()
	if s.terminal && os.Getenv("NO_COLOR") == "" {
		cmd.Env = append(cmd.Env, "CLICOLOR_FORCE=1")
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, nil
	case err != nil && !errors.As(err, &exit):
		return false, fmt.Errorf("run the check: %w", err)
	}
	// A file may be gone between two looks of a check while others are written: the
	// next save tells.
	bad = err != nil
	summary := strings.TrimSuffix(errs.String(), "\n")
	if ok, clean := strings.CutPrefix(summary, "ok: "); clean && before && !bad {
		summary = "fixed: " + ok
	}
	now := time.Now().Format("15:04:05 ")
	at := strings.LastIndexByte(summary, '\n') + 1
	fmt.Fprintf(s.out, "%s%s%s%s\n\n", out.String(), summary[:at], now, summary[at:])
	return bad, nil
}
