package cluster

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"
)

// inSidecar runs a program where the folder $1 lies at /usr/local/bin, as in the image of a
// sidecar; no other process sees it there.
const inSidecar = `mount --bind "$1" /usr/local/bin && shift && exec "$@"`

// Plugin starts Argo CD's server of Config Management Plugins beside the repo-server, as its
// sidecar does, with the config of the plugin of that name, and waits until it listens. The
// programs in the folder are at /usr/local/bin for what the plugin runs.
func (c *Cluster) Plugin(ctx context.Context, name, config, programs string) error {
	dir := filepath.Join(c.Dir, "argocd", "plugin-"+name)
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "plugin.yaml"), []byte(config), 0o644); err != nil {
		return err
	}
	env := []string{
		"ARGOCD_BINARY_NAME=argocd-cmp-server", "ARGOCD_PLUGINSOCKFILEPATH=" + c.plugins(),
		"HOME=" + tmp, "TMPDIR=" + tmp, "LINTEL_CACHE=" + filepath.Join(tmp, "lintel"),
	}
	if err := c.run("argocd-cmp-server", env, "unshare", "--mount", "sh", "-eu", "-c", inSidecar, "sh", programs,
		filepath.Join(c.Bin, "argocd"), "--config-dir-path", dir); err != nil {
		return err
	}
	return c.Until(ctx, time.Minute, "the plugin to listen", func() error {
		conn, err := net.Dial("unix", filepath.Join(c.plugins(), name+".sock"))
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// plugins is the folder in which Argo CD's repo-server finds the sockets of plugins.
func (c *Cluster) plugins() string { return filepath.Join(c.Dir, "argocd", "plugins") }
