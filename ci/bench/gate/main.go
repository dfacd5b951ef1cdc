// Command gate prints what `lintel test` costs as whole processes: on the example, and
// on mixed routes with one case each.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	lintel := flag.String("lintel", "bin/lintel", "the program")
	flag.Parse()
	if err := run(*lintel, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func run(lintel string, dirs []string) error {
	work, err := os.MkdirTemp("", "lintel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	fmt.Printf("%-24s %8s %8s %10s %12s %12s\n", "routes directory", "cases", "wall s", "CPU s", "CPU ms/case", "peak MB")
	for _, dir := range dirs {
		for _, state := range []string{"cold", "warm"} {
			if err := measure(lintel, dir, state, work); err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
		}
	}
	return nil
}

// measure runs the gate once; the caches of a directory are cold the first time. CPU
// is of all processes together, the peak of the largest one.
func measure(lintel, dir, state, work string) error {
	verdict := filepath.Join(work, "verdict.json")
	cmd := exec.Command(lintel, "test", dir, "--json", verdict)
	cmd.Env = append(os.Environ(), "LINTEL_CACHE="+filepath.Join(work, filepath.Base(filepath.Dir(dir))+filepath.Base(dir)))
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	wall := time.Since(start)
	text, err := os.ReadFile(verdict)
	if err != nil {
		return err
	}
	var v struct {
		Passed int `json:"passed"`
		K6     struct {
			PeakBytes int64 `json:"peakBytes"`
		} `json:"k6"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	// Processes that it waited for count as its own.
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	peak := v.K6.PeakBytes
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = max(peak, int64(r.Maxrss)<<10)
	}
	fmt.Printf("%-24s %8d %8.2f %10.2f %12.2f %12d\n", filepath.Base(dir)+" ("+state+")", v.Passed, wall.Seconds(), cpu.Seconds(),
		1000*cpu.Seconds()/float64(v.Passed), peak>>20)
	return nil
}
