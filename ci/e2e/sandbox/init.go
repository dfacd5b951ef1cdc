package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Nodes are the addresses of the nodes, on one bridge inside the sandbox.
var nodes = [...]string{"10.77.0.1", "10.77.0.2"}

// Address is that of node i, from 0.
func Address(i int) string { return nodes[i] }

// Init is the sandbox's first process: it takes args as Run gave them, without the name
// of the program and Argument, prepares the sandbox, starts this program with the rest,
// buries the orphans and returns the status of its child. With the folder alone it only
// tries whether the sandbox can be prepared.
func Init(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "the sandbox has no folder")
		return 2
	}
	if err := prepare(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "preparing the sandbox:", err)
		return 1
	}
	if len(args) == 1 {
		return 0
	}
	child, err := os.StartProcess("/proc/self/exe", append([]string{os.Args[0]}, args[1:]...), &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The first process of a namespace gets only the signals that it asks for.
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range told {
			_ = syscall.Kill(child.Pid, s.(syscall.Signal))
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			fmt.Fprintln(os.Stderr, "waiting:", err)
			return 1
		case pid == child.Pid && status.Exited():
			return status.ExitStatus()
		case pid == child.Pid:
			return 1
		}
	}
}

func prepare(dir string) error {
	// Nothing that is mounted from here on reaches the machine; below, as kubelets need
	// it, mounts are shared.
	for _, flags := range []uintptr{syscall.MS_PRIVATE, syscall.MS_SHARED} {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|flags, ""); err != nil {
			return fmt.Errorf("making mounts our own: %w", err)
		}
	}
	for _, step := range []func(string) error{overlays, mounts, sysctls, names, network} {
		if err := step(dir); err != nil {
			return err
		}
	}
	return nil
}

// overlays keeps from the machine what kubelet, containerd, CNI and kubectl write to
// places that no flag moves.
func overlays(dir string) error {
	scratch := filepath.Join(dir, "scratch")
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return err
	}
	// A file system in memory may be the upper one everywhere; an overlay may not.
	if err := syscall.Mount("tmpfs", scratch, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting a tmpfs: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/root"
	}
	for _, over := range []string{"/etc", "/var", "/usr/libexec", home} {
		if strings.HasPrefix(dir+"/", over+"/") {
			continue
		}
		if _, err := os.Stat(over); err != nil {
			continue
		}
		upper, work := filepath.Join(scratch, over, "upper"), filepath.Join(scratch, over, "work")
		for _, d := range []string{upper, work} {
			if err := os.MkdirAll(d, 0o755); err != nil {
				return err
			}
		}
		if err := syscall.Mount("overlay", over, "overlay", 0, "lowerdir="+over+",upperdir="+upper+",workdir="+work); err != nil {
			return fmt.Errorf("mounting an overlay on %s: %w", over, err)
		}
	}
	return nil
}

func mounts(string) error {
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, d := range []string{"/run/lock", "/var/log/containers", "/var/log/pods", "/var/lib/kubelet"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// sysctls shows the kubelet files that hold the values that it insists on, so that it
// writes nothing to the machine's kernel.
func sysctls(dir string) error {
	for name, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		file := filepath.Join(dir, "scratch", filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("showing another %s: %w", name, err)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644)
}

// names: there is no DNS in here, and who asks it all the same must hear at once that
// there is none: git asks for the name of its host at every fetch.
func names(string) error {
	if err := syscall.Sethostname([]byte("node0")); err != nil {
		return err
	}
	for file, text := range map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n" + nodes[0] + " node0\n" + nodes[1] + " node1\n",
		"/etc/resolv.conf": "nameserver 127.0.0.1\n",
	} {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// network makes a bridge that carries the nodes' addresses. The veth pair is what keeps
// it up; the default route leads nowhere, but there must be one.
func network(string) error {
	lines := []string{"link set lo up", "link add node0 type bridge", "link set node0 up"}
	for _, address := range nodes {
		lines = append(lines, "addr add "+address+"/24 dev node0")
	}
	lines = append(lines, "link add v0 type veth peer name v1", "link set v0 master node0 up", "link set v1 up",
		"route add default via 10.77.0.254 dev node0")
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the network: %w: %s", err, out)
	}
	return nil
}
