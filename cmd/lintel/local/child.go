// Package local runs a bundle on this machine: the gateway as a child process, and
// echoes in the place of its upstreams. Nothing that it starts outlives it.
package local

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTime bounds the gentle end of a child.
const stopTime = 3 * time.Second

// Child is a process that this one started and answers for.
type Child struct {
	name string
	cmd  *exec.Cmd
	log  tail
	done chan struct{}
	err  error
}

// Start runs cmd, whose standard error, and output when it has no taker, are kept
// for when it ends badly. Name is what people call it.
func Start(name string, cmd *exec.Cmd) (*Child, error) {
	c := &Child{name: name, cmd: cmd, done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &c.log
	}
	cmd.Stderr = &c.log
	cmd.WaitDelay = time.Second
	// Ctrl-C reaches the whole process group; only this process decides when a child
	// stops.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	started := make(chan error, 1)
	go func() {
		// The kernel watches the thread that started the child, not the process.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Status is the exit status after Done, or -1 when a signal ended the process.
func (c *Child) Status() int { return c.cmd.ProcessState.ExitCode() }

// Err says why a process that should run has ended, in its own last words. It may be
// called after Done.
func (c *Child) Err() error {
	if line := c.LastLine(); line != "" {
		return fmt.Errorf("%s ended: %s", c.name, line)
	}
	if c.err == nil {
		return errors.New(c.name + " ended by itself")
	}
	return fmt.Errorf("%s ended: %w", c.name, c.err)
}

// LastLine is the last line of what the process said.
func (c *Child) LastLine() string {
	lines := strings.Split(strings.TrimSpace(c.log.String()), "\n")
	return lines[len(lines)-1]
}

// Log is the last part of what the process said.
func (c *Child) Log() string { return c.log.String() }

// Usage is the processor time that the process took, user and system, and its peak
// memory in bytes, after Done.
func (c *Child) Usage() (cpu time.Duration, peak int64) {
	s := c.cmd.ProcessState
	if r, ok := s.SysUsage().(*syscall.Rusage); ok {
		peak = int64(r.Maxrss) * maxRSSUnit
	}
	return s.UserTime() + s.SystemTime(), peak
}

// Stop ends the process, gently first, and returns when it is gone.
func (c *Child) Stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopTime):
		c.Kill()
	}
}

// Kill ends the process at once and returns when it is gone.
func (c *Child) Kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
}

// tail keeps the last part of what is written.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailBytes = 16 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if over := t.buf.Len() - tailBytes; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
