package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// k6Program is the path of lintel-k6: LINTEL_K6, or one built from this checkout.
var k6Program = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("LINTEL_K6"); given != "" {
		return filepath.Abs(given)
	}
	dir, err := programs()
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "lintel-k6")
	cmd := exec.Command("go", "build", "-C", "../../k6", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/lintel-k6")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build lintel-k6: %w\n%s", err, out)
	}
	return program, nil
})

// k6Path is the command k6 of the scripts: it sets LINTEL_K6, LINTEL_GATEWAY and K6
// and GATEWAY to programs built from this checkout.
func k6Path(ts *testscript.TestScript, neg bool, _ []string) {
	if neg {
		ts.Fatalf("usage: k6")
	}
	if testing.Short() {
		ts.Fatalf("scripts with k6 do not run with -short")
	}
	program, err := k6Program()
	ts.Check(err)
	dir, err := programs()
	ts.Check(err)
	ts.Setenv("LINTEL_K6", program)
	ts.Setenv("K6", program)
	ts.Setenv("LINTEL_GATEWAY", dir+"/lintel-gateway")
	ts.Setenv("GATEWAY", dir+"/lintel-gateway")
}

// noneLeft is the command noneleft of the scripts: it fails when a process that the
// script started, or one of its children, still runs.
func noneLeft(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: noneleft")
	}
	var left []string
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = marked(ts.Getenv("WORK")); len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("still running: %s", strings.Join(left, "; "))
		}
	}
}

// marked lists the processes whose environment names the folder.
func marked(work string) (out []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if pid == os.Getpid() || err != nil || !strings.Contains("\x00"+string(env), "\x00WORK="+work+"\x00") {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		out = append(out, strings.ReplaceAll(strings.TrimRight(string(line), "\x00"), "\x00", " "))
	}
	return out
}

// busy is the command busy VAR of the scripts: something listens at the address that
// VAR is set to, until the script ends.
func busy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: busy VAR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}
