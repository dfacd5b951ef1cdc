package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// exitFindings is the compiler's status for mistakes in route files.
const exitFindings = 100

// compile compiles the directory in a child process, for CUE can neither be stopped
// nor bounded inside one. ok is false when there are mistakes, which text holds; a
// clean compile may have warnings in text.
func (s *session) compile(ctx context.Context) (text string, ok bool, err error) {
	cmd := exec.CommandContext(ctx, s.Lintel, "compile", s.Dir, "--env", s.Env, "--group", s.Group, "-o", s.bundleDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = os.Environ()
	if s.Color {
		cmd.Env = append(cmd.Env, "CLICOLOR_FORCE=1")
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return errs.String(), true, nil
	case ctx.Err() != nil:
		return "", false, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitFindings:
		return errs.String(), false, nil
	case errors.As(err, &exit):
		return "", false, errors.New(strings.TrimSpace(errs.String()))
	}
	return "", false, fmt.Errorf("run the compiler: %w", err)
}
