package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// swapTime bounds the wait for the gateway to take a bundle.
const swapTime = 10 * time.Second

// gateway is the child process.
type gateway struct {
	cmd    *exec.Cmd
	admin  string
	client *http.Client
	// ended receives why the process ended, once.
	ended chan error
	log   tail
}

func startGateway(ctx context.Context, s *session) (*gateway, error) {
	boot := filepath.Join(s.work, "boot.yaml")
	// JSON is YAML; the dial map is the only key that dev needs.
	text, err := json.Marshal(map[string]any{"dial": s.echoes.dial, "accessLog": "off"})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(boot, text, 0o600); err != nil {
		return nil, fmt.Errorf("write boot config: %w", err)
	}
	g := &gateway{
		cmd: exec.Command(s.Gateway, "--bundle", s.bundleDir(), "--listen", s.Listen, "--admin", s.Admin,
			"--config", boot, "--dev"),
		admin:  "http://" + s.Admin,
		client: &http.Client{Timeout: 2 * time.Second},
		ended:  make(chan error, 1),
	}
	g.cmd.Stderr, g.cmd.Stdout = &g.log, &g.log
	// Ctrl-C reaches the whole process group; only dev decides when the child stops.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	go func() {
		err := g.cmd.Wait()
		if line := g.log.last(); line != "" {
			g.ended <- fmt.Errorf("the gateway ended: %s", line)
			return
		}
		g.ended <- fmt.Errorf("the gateway ended: %w", err)
	}()
	return g, g.awaitLive(ctx)
}

// awaitLive waits until the admin address answers.
func (g *gateway) awaitLive(ctx context.Context) error {
	return g.poll(ctx, func() (bool, error) {
		res, err := g.client.Get(g.admin + "/-/live")
		if err != nil {
			return false, nil
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK, nil
	})
}

// await waits until the gateway serves the digest, or says why it does not.
func (g *gateway) await(ctx context.Context, digest string) error {
	return g.poll(ctx, func() (bool, error) {
		res, err := g.client.Get(g.admin + "/-/bundle")
		if err != nil {
			return false, nil
		}
		defer res.Body.Close()
		var state struct {
			Digest         string `json:"digest"`
			RejectedDigest string `json:"rejected_digest"`
			LastError      *struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"last_error"`
		}
		if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
			return false, nil
		}
		if state.RejectedDigest == digest && state.LastError != nil {
			return false, fmt.Errorf("%s [%s]", state.LastError.Message, state.LastError.Code)
		}
		return state.Digest == digest, nil
	})
}

func (g *gateway) poll(ctx context.Context, ask func() (bool, error)) error {
	end := time.NewTimer(swapTime)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := ask(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-g.ended:
			g.ended <- err
			return err
		case <-end.C:
			return errors.New("it did not answer in time")
		case <-tick.C:
		}
	}
}

// stop ends the process, gently first.
func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-g.ended:
	case <-time.After(3 * time.Second):
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
}

// tail keeps the last lines of the gateway's output, for when it ends badly.
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

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(t.buf.String()), "\n")
	return lines[len(lines)-1]
}
