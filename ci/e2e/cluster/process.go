package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// process is one program of the cluster that runs beside us; it can be stopped and
// started again.
type process struct {
	name string
	log  string
	env  []string
	args []string

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
	err  error         // why, once done is closed
}

// start runs the program; what it prints is added to its log.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	// The last of two variables of one name is the one that counts.
	cmd.Env = slices.Concat(os.Environ(), p.env)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(done)
	}()
	return nil
}

// stop ends the program by the signal and waits for it; after 10 s it is killed.
func (p *process) stop(signal syscall.Signal) {
	p.mu.Lock()
	cmd, done := p.cmd, p.done
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(signal)
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

// ended says how the program ended, nil while it runs.
func (p *process) ended() error {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	select {
	case <-done:
		return fmt.Errorf("%s ended (%v); see %s", p.name, p.err, p.log)
	default:
		return nil
	}
}

func (c *Cluster) run(name string, env []string, args ...string) error {
	p := &process{name: name, log: filepath.Join(c.Logs, name+".log"), env: env, args: args}
	c.mu.Lock()
	c.processes = append(c.processes, p)
	c.mu.Unlock()
	return p.start()
}

// Run starts a program beside the cluster; it ends with it.
func (c *Cluster) Run(name string, args ...string) error { return c.run(name, nil, args...) }

// process finds one by its name; there is one.
func (c *Cluster) process(name string) *process {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.processes, func(p *process) bool { return p.name == name })
	return c.processes[i]
}

// Stop stops a program of the cluster, such as kube-apiserver, as by SIGTERM.
func (c *Cluster) Stop(name string) { c.process(name).stop(syscall.SIGTERM) }

// Kill kills a program of the cluster.
func (c *Cluster) Kill(name string) { c.process(name).stop(syscall.SIGKILL) }

// Start starts one again that was stopped, with the same settings.
func (c *Cluster) Start(name string) error { return c.process(name).start() }

// Revive starts again what has ended by itself, as the kubelet would with its pods.
func (c *Cluster) Revive() error {
	c.mu.Lock()
	processes := slices.Clone(c.processes)
	c.mu.Unlock()
	for _, p := range processes {
		if p.ended() != nil {
			if err := p.start(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Ended says which program of the cluster is not running any more, nil when all are.
func (c *Cluster) Ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.processes {
		if err := p.ended(); err != nil {
			return err
		}
	}
	return nil
}

// Close stops all programs, the last one first.
func (c *Cluster) Close() {
	c.mu.Lock()
	processes := slices.Clone(c.processes)
	c.mu.Unlock()
	for _, p := range slices.Backward(processes) {
		p.stop(syscall.SIGKILL)
	}
}
