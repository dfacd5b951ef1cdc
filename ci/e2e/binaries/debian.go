package binaries

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// packages are what a node needs that is not written in Go, and runc and containerd,
// which every distribution has. Libraries are named because nothing is resolved.
var packages = []string{
	"containerd", "runc", "containernetworking-plugins",
	"redis-server", "redis-tools", "liblzf1", "libjemalloc2", "liblua5.1-0", "lua-bitop", "lua-cjson",
	"iptables", "nftables", "conntrack", "libnetfilter-conntrack3", "libnftnl11", "libmnl0", "libip4tc2", "libip6tc2",
	"libxtables12", "libnfnetlink0", "libnftables1",
}

// debianRoot names the folder of the packages that belong to this distribution.
func debianRoot() (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("telling which distribution this is: %w", err)
	}
	sum := sha256.Sum256(append(release, strings.Join(packages, " ")...))
	return filepath.Join(cache, "debian-"+hex.EncodeToString(sum[:])[:16]), nil
}

// DebianMissing says why Debian would have to download; nil when it would not.
func DebianMissing() error {
	root, err := debianRoot()
	if err == nil {
		_, err = os.Stat(root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("the distribution's packages are not there; make e2e downloads them")
	}
	return err
}

// Debian downloads the distribution's packages and unpacks them into the cache, once.
// Nothing is installed: no script of theirs runs and no service starts. It returns the
// folder that stands for the root of the file system.
func Debian(ctx context.Context, out io.Writer) (string, error) {
	root, err := debianRoot()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	cache := filepath.Dir(root)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(root + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	for _, needed := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(needed); err != nil {
			return "", fmt.Errorf("%s is not here: containerd, runc, the CNI plugins, redis and iptables come from packages of Debian or Ubuntu", needed)
		}
	}
	fmt.Fprintf(out, "downloading %d packages of the distribution\n", len(packages))
	half, err := os.MkdirTemp(cache, ".debian-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(half)
	if err := unpack(ctx, half, out); err != nil {
		return "", err
	}
	return root, os.Rename(filepath.Join(half, "root"), root)
}

func unpack(ctx context.Context, dir string, out io.Writer) error {
	files, root := filepath.Join(dir, "deb"), filepath.Join(dir, "root")
	for _, d := range []string{files, root} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	get := exec.CommandContext(ctx, "apt-get", append([]string{"-q", "-o", "APT::Sandbox::User=root", "download"}, packages...)...)
	get.Dir, get.Stderr = files, out
	if err := get.Run(); err != nil {
		return fmt.Errorf("apt-get download (apt-get update brings its lists up to date): %w", err)
	}
	debs, err := filepath.Glob(filepath.Join(files, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if text, err := exec.CommandContext(ctx, "dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
			return fmt.Errorf("unpacking %s: %w: %s", filepath.Base(deb), err, text)
		}
	}
	// What the package's own script would have done: without it the bridge of the pods
	// finds no iptables.
	for _, name := range []string{"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore"} {
		link := filepath.Join(root, "usr/sbin", name)
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.Symlink("xtables-nft-multi", link); err != nil {
			return err
		}
	}
	return nil
}
