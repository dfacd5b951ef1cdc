package listen

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// SystemdPrefix begins the address of sockets that systemd has opened; the name that the
// socket unit gives them (FileDescriptorName) follows.
const SystemdPrefix = "systemd:"

// firstDescriptor is where the descriptors that systemd passes begin.
const firstDescriptor = 3

// Activation says what systemd has passed to this process. The zero value is nothing.
type Activation struct {
	names []string // of the descriptors, from firstDescriptor on
}

// ReadActivation reads the variables that say what was passed (LISTEN_PID, LISTEN_FDS and
// LISTEN_FDNAMES) by get, which is os.Getenv, for the process pid.
func ReadActivation(get func(string) string, pid int) (Activation, error) {
	if get("LISTEN_PID") != strconv.Itoa(pid) {
		return Activation{}, nil // meant for another process, or for nobody
	}
	n, err := strconv.Atoi(get("LISTEN_FDS"))
	if err != nil || n < 0 || n > 1024 {
		return Activation{}, fmt.Errorf("LISTEN_FDS: %q is no number of sockets", get("LISTEN_FDS"))
	}
	names := strings.Split(get("LISTEN_FDNAMES"), ":")
	if len(names) != n {
		return Activation{}, fmt.Errorf("LISTEN_FDNAMES: there are %d names for %d sockets; give each socket unit a FileDescriptorName", len(names), n)
	}
	return Activation{names}, nil
}

// Open returns the sockets with a name.
func (a Activation) Open(name string) ([]net.Listener, error) {
	var out []net.Listener
	for i, n := range a.names {
		if n != name {
			continue
		}
		f := os.NewFile(uintptr(firstDescriptor+i), name)
		ln, err := net.FileListener(f)
		_ = f.Close() // the listener has a duplicate
		if err != nil {
			Close(out)
			return nil, fmt.Errorf("cannot listen on %s%s: %w", SystemdPrefix, name, err)
		}
		out = append(out, ln)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cannot listen on %s%s: systemd has passed no socket with that name; it passed %q", SystemdPrefix, name, a.names)
	}
	return out, nil
}
