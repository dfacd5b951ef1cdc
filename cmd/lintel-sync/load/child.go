package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	defaultTimeout = 2 * time.Minute
	// maxSaid bounds what is kept of what lintel says, in bytes.
	maxSaid = 16 << 10
	// findings is the exit status of lintel when route files or cases are not in order.
	findings = 100
)

// program finds lintel.
func program(given string) (string, error) {
	if given == "" {
		given = os.Getenv("LINTEL")
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", fmt.Errorf("lintel is not at %s", given)
		}
		return filepath.Abs(given)
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "lintel")
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath("lintel")
	if err != nil {
		return "", errors.New("lintel was not found beside lintel-sync or in PATH: install it, or name it with LINTEL; a bundle or rendered ConfigMaps can be applied without it")
	}
	return filepath.Abs(path)
}

// run runs lintel on the directory and writes what it prints to out. It is ended, with
// whatever it started, when its time is over.
func run(ctx context.Context, o Options, out io.Writer, verb, dir string, flags ...string) error {
	path, err := program(o.Program)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("run lintel %s: %w", verb, err)
	}
	limit := o.Timeout
	if limit == 0 {
		limit = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Messages name files as people do: relative to the folder above the routes.
	cmd := exec.CommandContext(ctx, path, append([]string{verb, filepath.Base(abs)}, flags...)...)
	cmd.Dir = filepath.Dir(abs)
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	said := &tail{}
	cmd.Stdout, cmd.Stderr = out, said
	if out == nil {
		cmd.Stdout = said
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("lintel %s took more than %s and was ended", verb, limit)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() == findings:
		return &Findings{Text: said.String()}
	case said.String() != "":
		return fmt.Errorf("lintel %s failed: %s", verb, said.String())
	}
	return fmt.Errorf("lintel %s failed: %w", verb, err)
}

// environment is what lintel needs and no more: this process may know tokens.
func environment() (out []string) {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case name == "PATH", name == "HOME", name == "TMPDIR", name == "XDG_CACHE_HOME", name == "GOMAXPROCS", name == "GOMEMLIMIT", strings.HasPrefix(name, "LINTEL"):
			out = append(out, kv)
		}
	}
	return out
}

// tail keeps the last part of what is written.
type tail struct{ buf bytes.Buffer }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.buf.Write(p)
	if over := t.buf.Len() - maxSaid; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(t.buf.String()) }

// bounded keeps what is written up to a limit, and refuses what is more.
type bounded struct {
	bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, fmt.Errorf("more than %d MiB", b.limit>>20)
	}
	return b.Buffer.Write(p)
}
