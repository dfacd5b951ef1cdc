package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/port"
)

// routes is how many the gateway is weighed with.
const routes = 10_000

// starts is how often it is started.
const starts = 5

func weight() Scenario {
	const bound = 500 * time.Millisecond
	return Scenario{
		Key: "weight", Name: fmt.Sprintf("A gateway with %d routes starts and is ready", routes), Asked: "≤ 500 ms, ≤ 80 MB of memory at rest",
		Run: func(ctx context.Context, b *Bench) (Figure, error) {
			dir := filepath.Join(b.Dir, "weight")
			if err := mixed.New(routes).Write(filepath.Join(dir, "routes")); err != nil {
				return Figure{}, err
			}
			if _, err := b.Command(ctx, "", filepath.Join(b.Programs, "lintel"), "compile", filepath.Join(dir, "routes"), "-o", filepath.Join(dir, "bundle")); err != nil {
				return Figure{}, err
			}
			var took []time.Duration
			var memory int
			for i := range starts {
				t, m, err := b.weigh(ctx, dir, i == starts-1)
				if err != nil {
					return Figure{}, err
				}
				took, memory = append(took, t), m
			}
			f := times(took, bound)
			f.Text = fmt.Sprintf("%d ms, at most %d ms (%d times), %d MB of memory at rest", f.Value.Milliseconds(), took[starts-1].Milliseconds(), starts, memory>>10)
			return f, nil
		},
	}
}

// weigh starts a gateway and says how long it took to be ready and, when it is to rest, how
// many KiB of memory it has when nothing happens any more.
func (b *Bench) weigh(ctx context.Context, dir string, rest bool) (ready time.Duration, memory int, err error) {
	admin, err := port.Free()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.Programs, "lintel-gateway"), "--bundle", filepath.Join(dir, "bundle"), "--listen", "127.0.0.1:0", "--admin", admin)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := b.Until(ctx, 30*time.Second, "the gateway to be ready", func() error {
		_, err := fetch(ctx, "http://"+admin+"/-/ready")
		return err
	}); err != nil {
		return 0, 0, err
	}
	ready = time.Since(began)
	if !rest {
		return ready, 0, nil
	}
	select {
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	case <-time.After(3 * time.Second):
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	m := resident.FindSubmatch(text)
	if m == nil {
		return 0, 0, errors.New("the kernel does not say how much memory the gateway has")
	}
	memory, err = strconv.Atoi(string(m[1]))
	return ready, memory, err
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
