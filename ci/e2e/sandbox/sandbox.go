// Package sandbox runs a program in namespaces of its own, where it may mount, listen and
// start what it likes: all of it ends with the program, and the machine is as it was.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Argument as the first one of the program's own command line says that it is the
// sandbox's first process, which must call Init.
const Argument = "sandbox-init"

// namespaces of the sandbox: mounts, network, processes, host name and shared memory.
const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// Possible says why there can be no sandbox here; nil when there can.
func Possible() error {
	switch {
	case runtime.GOOS != "linux":
		return errors.New("this needs Linux")
	case os.Geteuid() != 0:
		return errors.New("this needs root: a node mounts, makes networks and starts containers")
	}
	for _, needed := range []string{"ip", "mount", "unshare", "git", "apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(needed); err != nil {
			return fmt.Errorf("the program %s is not here", needed)
		}
	}
	if _, err := controllers(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lintel-e2e-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	probe := exec.Command("/proc/self/exe", Argument, dir)
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if out, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("this needs namespaces, an overlay file system, a bridge and a veth pair: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Run starts this same program with args in a new sandbox and waits for its end. Dir is an
// existing folder for what the sandbox writes; out takes what it prints. When the context
// ends, or this process does, everything in the sandbox is killed at once.
func Run(ctx context.Context, dir string, args []string, out io.Writer) error {
	group := Group()
	if err := makeGroup(group); err != nil {
		return err
	}
	defer removeGroup(group)
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{Argument, dir}, args...)...)
	cmd.Env = append(os.Environ(), groupVariable+"="+group)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}

// groupVariable tells the program inside the cgroup that it may make others in.
const groupVariable = "LINTEL_E2E_CGROUP"

// Group is the cgroup, from the root of each hierarchy, below which the sandbox's
// containers live.
func Group() string {
	if name := os.Getenv(groupVariable); name != "" {
		return name
	}
	return fmt.Sprintf("/lintel-e2e-%d", os.Getpid())
}

// controllers are the folders of the hierarchies of cgroups: one of version 2, or one for
// each controller of version 1.
func controllers() ([]string, error) {
	const root = "/sys/fs/cgroup"
	if exists(filepath.Join(root, "cgroup.controllers")) {
		return []string{root}, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("finding the cgroups: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && e.Name() != "unified" {
			dirs = append(dirs, filepath.Join(root, e.Name()))
		}
	}
	for _, needed := range []string{"cpu", "memory", "pids", "cpuset"} {
		if !exists(filepath.Join(root, needed)) {
			return nil, fmt.Errorf("the cgroup controller %s is not mounted at %s", needed, root)
		}
	}
	return dirs, nil
}

// Subgroup makes a cgroup inside that of the sandbox and returns its name.
func Subgroup(name string) (string, error) {
	name = Group() + "/" + name
	return name, makeGroup(name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func makeGroup(name string) error {
	dirs, err := controllers()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		group := filepath.Join(dir, name)
		above := filepath.Dir(group)
		if control := filepath.Join(above, "cgroup.subtree_control"); exists(control) {
			if err := os.WriteFile(control, []byte("+cpu +cpuset +memory +pids"), 0o644); err != nil {
				return fmt.Errorf("passing controllers on to cgroups below %s: %w", above, err)
			}
		}
		if err := os.Mkdir(group, 0o755); err != nil && !os.IsExist(err) {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		// A new group of version 1 has no processors and no memory until it is told.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if exists(filepath.Join(group, "cgroup.controllers")) {
				continue // version 2: it has what is above it
			}
			text, err := os.ReadFile(filepath.Join(above, file))
			if err != nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(group, file), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeGroup removes the cgroups of the sandbox; the processes in them are gone.
func removeGroup(name string) {
	dirs, err := controllers()
	if err != nil {
		return
	}
	// Where both versions are mounted, containers have a group of version 2 as well.
	for _, dir := range append(dirs, "/sys/fs/cgroup/unified") {
		removeGroups(filepath.Join(dir, name))
	}
}

func removeGroups(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeGroups(filepath.Join(dir, e.Name()))
		}
	}
	_ = syscall.Rmdir(dir) // one that is in use is somebody else's
}
