package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCheckWatch saves files under a running `lintel check --watch` and reads what it
// prints, until it is interrupted.
func TestCheckWatch(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "routes")
	write := func(name, text string) { (&devRun{dir: dir}).write(t, name, text) }
	write("shop.example/orders.cue", devRoutes)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "lintel"), "check", "--watch", dir)
	cmd.Env = append(os.Environ(), "LINTEL_CACHE="+t.TempDir())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	// round reads the result of one check, which a blank line ends.
	round := func(patterns ...string) {
		t.Helper()
		var got []string
		for lines.Scan() && lines.Text() != "" {
			got = append(got, lines.Text())
		}
		text := strings.Join(got, "\n")
		for _, p := range patterns {
			if !regexp.MustCompile("(?m)" + p).MatchString(text) {
				t.Fatalf("nothing matches %s in:\n%s\n%s", p, text, stderr.String())
			}
		}
	}
	round(`\A\d\d:\d\d:\d\d ok: 1 domain, 1 route, 1 upstream\z`)
	write("shop.example/orders.cue", strings.ReplaceAll(devRoutes, `upstream: "orders"`, `upstream: "ordres"`))
	round(`\Aroutes/shop\.example/orders\.cue:7:2: error: .*"ordres" is not declared`, `^  hint: did you mean "orders"\?$`, `^\d\d:\d\d:\d\d 1 error, 0 warnings\z`)
	write("shop.example/orders.cue", devRoutes)
	round(`\A\d\d:\d\d:\d\d fixed: 1 domain, 1 route, 1 upstream\z`)
	// A folder that was not there when it began is watched, too.
	write("blog.example/blog.cue", "package routes\n\ndomain: hosts: [\"blog.example\"]\nroutes: home: filters: respond: {}\n")
	round(`\A\d\d:\d\d:\d\d ok: 2 domains, 2 routes, 1 upstream\z`)
	write("blog.example/blog.cue", "package routes\n\ndomain: hosts: [\"blog.example\"]\nupstreams: spare: endpoints: [\"b:80\"]\nroutes: home: filters: respond: {}\n")
	round(`warning: .*"spare" is not used`, `^0 errors, 1 warning$`, `^\d\d:\d\d:\d\d ok: 2 domains, 2 routes, 2 upstreams\z`)

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || len(rest) > 0 || stderr.Len() > 0 {
		t.Errorf("it ended with %v, and printed %q %q", err, rest, stderr.String())
	}
}
