package source

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// credentials reads a mounted Secret: of type basic-auth (username, password), or of
// type ssh-auth (ssh-privatekey) with known_hosts. It is read for each fetch, so that
// a rotation needs no restart.
func credentials(dir, url string) (transport.AuthMethod, error) {
	if dir == "" {
		return nil, nil
	}
	key, err := secret(dir, "ssh-privatekey")
	if err != nil {
		return nil, err
	}
	if key != "" {
		auth, err := ssh.NewPublicKeys("git", []byte(key+"\n"), "")
		if err != nil {
			return nil, fmt.Errorf("ssh-privatekey in %s is no private key without a passphrase", dir)
		}
		hosts, err := ssh.NewKnownHostsDb(filepath.Join(dir, "known_hosts"))
		if err != nil {
			return nil, fmt.Errorf("known_hosts in %s is missing or not in order: without it nobody knows who answers (%w)", dir, err)
		}
		auth.HostKeyCallback = hosts.HostKeyCallback()
		// A host has keys of several kinds; it is to show the one that is known.
		if at := hostPort(url); at != "" {
			auth.HostKeyAlgorithms = hosts.HostKeyAlgorithms(at)
		}
		return auth, nil
	}
	user, err := secret(dir, "username")
	if err != nil {
		return nil, err
	}
	password, err := secret(dir, "password")
	if err != nil {
		return nil, err
	}
	if password == "" {
		return nil, fmt.Errorf("%s holds neither ssh-privatekey nor password: is the Secret there, and mounted?", dir)
	}
	if user == "" {
		user = "git"
	}
	return &http.BasicAuth{Username: user, Password: password}, nil
}

// hostPort is where an address of SSH leads to, as known_hosts has it; "" for what is none.
func hostPort(url string) string {
	e, err := transport.NewEndpoint(url)
	if err != nil || e.Protocol != "ssh" {
		return ""
	}
	port := e.Port
	if port == 0 {
		port = ssh.DefaultPort
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(port))
}

func secret(dir, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the credentials cannot be read: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// redacted is an error in whose text an address has no password.
type redacted struct {
	error
	address, shown string
}

// Error implements error.
func (r *redacted) Error() string { return strings.ReplaceAll(r.error.Error(), r.address, r.shown) }

// Unwrap returns the error.
func (r *redacted) Unwrap() error { return r.error }
