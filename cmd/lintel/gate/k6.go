package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// k6Format is the form of the exchange with lintel-k6 that this program speaks.
const k6Format = 1

// askTime bounds a question to lintel-k6.
const askTime = 30 * time.Second

// k6 is lintel-k6 and the script that it runs.
type k6 struct {
	program string
	script  []byte
}

// newK6 makes sure that the program is ours and reads the script.
func newK6(ctx context.Context, program, script string) (*k6, error) {
	k := &k6{program: program}
	text, err := k.ask(ctx, "x", "lintel", "version")
	if err != nil {
		return nil, err
	}
	var v struct {
		Extension string `json:"extension"`
		Format    int    `json:"format"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("%s does not answer as lintel-k6 does: build it with make build", program)
	}
	if v.Format != k6Format {
		return nil, fmt.Errorf("%s is of Lintel %s and speaks form %d, this program speaks %d: build both from one version", program, v.Extension, v.Format, k6Format)
	}
	if script != "" {
		if k.script, err = os.ReadFile(script); err != nil {
			return nil, fmt.Errorf("read script: %w", err)
		}
		return k, nil
	}
	k.script, err = k.ask(ctx, "x", "lintel", "script", "replay")
	return k, err
}

// ask runs a subcommand of the extension and returns what it prints.
func (k *k6) ask(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, k.program, args...)
	cmd.Env = k.env()
	cmd.WaitDelay = time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.Bytes(), nil
	case errors.As(err, &exit) && ctx.Err() == nil:
		last := lastLine(errs.String())
		return nil, fmt.Errorf("%s is no k6 with Lintel's extension (%s): build it with make build", k.program, orStatus(last, exit))
	}
	return nil, fmt.Errorf("run %s: %w", k.program, err)
}

func orStatus(text string, exit *exec.ExitError) string {
	if text == "" {
		return exit.Error()
	}
	return text
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// env is this process's environment without what would configure k6 behind our back.
func (k *k6) env(more ...string) []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "K6_") && !strings.HasPrefix(v, "LINTEL_") {
			out = append(out, v)
		}
	}
	// k6 must neither fetch extensions nor report its use.
	return append(append(out, "K6_AUTO_EXTENSION_RESOLUTION=false", "K6_NO_USAGE_REPORT=true"), more...)
}

// command is the replay itself: the script comes by standard input.
func (k *k6) command(more ...string) *exec.Cmd {
	cmd := exec.Command(k.program, "run", "--quiet", "--no-usage-report", "--no-color", "--address", "",
		"--summary-mode=disabled", "--log-format=raw", "-")
	cmd.Env = k.env(more...)
	cmd.Stdin = bytes.NewReader(k.script)
	return cmd
}
