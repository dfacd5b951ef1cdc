// Command compile measures the compiler as its users run it: whole processes on a
// repository of mixed routes (60 % by template, 30 % with anchors, 10 % written out,
// real paths), cold, warm and with one file changed, and cold on routes that are all
// written out. CPU seconds and peak memory are
// those that the system accounted to the process.
//
//	go run ./ci/bench/compile -lintel bin/lintel -n 10000,100000
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/ci/bench/mixed"
)

func main() {
	lintel := flag.String("lintel", "bin/lintel", "the compiler's program")
	sizes := flag.String("n", "10000,100000", "numbers of routes")
	flag.Parse()
	fmt.Printf("%-34s %10s %10s %10s  %s\n", "compile", "CPU s", "wall s", "peak MB", "result")
	for _, s := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err == nil {
			err = measure(*lintel, n)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "compile benchmark:", err)
			os.Exit(1)
		}
	}
}

func measure(lintel string, n int) error {
	dir, err := os.MkdirTemp("", "lintel-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	routes, data, out := filepath.Join(dir, "routes"), filepath.Join(dir, "data"), filepath.Join(dir, "out")
	if err := mixed.New(n).Write(routes); err != nil {
		return err
	}
	if err := mixed.Data(n).Write(data); err != nil {
		return err
	}
	env := append(os.Environ(), "LINTEL_CACHE="+filepath.Join(dir, "cache"))
	if _, err := row(fmt.Sprintf("%d routes as data, cold", n), env, lintel, "compile", data, "-o", filepath.Join(dir, "data-out")); err != nil {
		return err
	}
	compile := func(what string) error {
		_, err := row(fmt.Sprintf("%d routes, %s", n, what), env, lintel, "compile", routes, "-o", out)
		return err
	}
	if err := compile("cold"); err != nil {
		return err
	}
	if err := compile("nothing changed"); err != nil {
		return err
	}
	if err := touch(routes); err != nil {
		return err
	}
	if err := compile("one file changed"); err != nil {
		return err
	}
	yaml, err := row(fmt.Sprintf("%d routes, render", n), env, lintel, "render", out)
	if err != nil {
		return err
	}
	parts := bytes.Count(yaml, []byte("kind: ConfigMap"))
	size := int64(0)
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	fmt.Printf("%-34s %d ConfigMaps, %.0f KiB, %.1f bytes a route\n", fmt.Sprintf("%d routes, bundle", n), parts, float64(size)/1024, float64(size)/float64(n))
	return nil
}

// row runs a command and prints what it cost.
func row(what string, env []string, words ...string) ([]byte, error) {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, errs.String())
	}
	wall := time.Since(start)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	result, _, _ := strings.Cut(out.String(), "\n")
	if len(result) > 19 {
		result = result[:19]
	}
	fmt.Printf("%-34s %10.2f %10.2f %10.0f  %s\n", what, cpu.Seconds(), wall.Seconds(), float64(usage.Maxrss)/1024, result)
	return out.Bytes(), nil
}

// touch changes a value in one module of one domain.
func touch(routes string) error {
	var file string
	err := filepath.WalkDir(routes, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Dir(path) != routes && filepath.Ext(path) == ".cue" {
			file = path
		}
		return err
	})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text = append(text, "\nroutes: \"added-by-benchmark\": {path: exact: \"/added/by/benchmark\", filters: respond: {}}\n"...)
	return os.WriteFile(file, text, 0o644)
}
