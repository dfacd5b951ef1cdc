package listen

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const childEnv = "LINTEL_LISTEN_TEST_CHILD"

// TestSystemd starts a process as systemd does: descriptors from 3 on, with names.
func TestSystemd(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		// The test's parent knows no other way to name this process in time.
		get := func(name string) string {
			if name == "LISTEN_PID" {
				return "7"
			}
			return os.Getenv(name)
		}
		a, err := ReadActivation(get, 7)
		if err != nil {
			t.Fatal(err)
		}
		http, err := a.Open("http")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("http is %v", http[0].Addr())
		if _, err := a.Open("other"); err == nil || !strings.Contains(err.Error(), `it passed ["admin" "http"]`) {
			t.Errorf("a name that is not there: %v", err)
		}
		return
	}
	var files []*os.File
	var http string
	for range 2 {
		ln := open(t, Socket{Address: "127.0.0.1:0"})[0]
		http = ln.Addr().String()
		f, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSystemd$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=admin:http")
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "http is "+http) {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestReadActivation(t *testing.T) {
	for _, c := range []struct{ pid, fds, names, want string }{
		{"8", "1", "http", ""}, // another process
		{"", "", "", ""},
		{"7", "x", "", "LISTEN_FDS"},
		{"7", "-1", "", "LISTEN_FDS"},
		{"7", "2", "http", "LISTEN_FDNAMES"},
	} {
		env := map[string]string{"LISTEN_PID": c.pid, "LISTEN_FDS": c.fds, "LISTEN_FDNAMES": c.names}
		a, err := ReadActivation(func(name string) string { return env[name] }, 7)
		if len(a.names) > 0 || (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, %v", c, a, err)
		}
	}
}
