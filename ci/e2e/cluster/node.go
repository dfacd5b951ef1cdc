package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
	"github.com/lintel-gateway/lintel/ci/e2e/names"
)

// Kubelet is one node.
type Kubelet struct {
	Name    string
	Address string
	Group   string // cgroup of its pods; it exists
	Sync    time.Duration
}

// Pause is the image of the process that holds a pod's namespaces.
const Pause = "lintel.local/pause:e2e"

func (c *Cluster) node(i int) string { return filepath.Join(c.Dir, c.Kubelets[i].Name) }

func (c *Cluster) socket(i int) string { return "/run/containerd-" + c.Kubelets[i].Name + ".sock" }

// environment lets the programs of the unpacked packages find each other.
func (c *Cluster) environment() []string {
	libraries := filepath.Join(c.Debian, "usr/lib", map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]+"-linux-gnu")
	return []string{
		"LD_LIBRARY_PATH=" + libraries,
		"XTABLES_LIBDIR=" + filepath.Join(libraries, "xtables"),
		"PATH=" + filepath.Join(c.Debian, "usr/bin") + ":" + filepath.Join(c.Debian, "usr/sbin") + ":" + os.Getenv("PATH"),
	}
}

// runtime starts containerd for node i and gives it the images.
func (c *Cluster) runtime(ctx context.Context, i int) error {
	dir, name := c.node(i), c.Kubelets[i].Name
	cni := filepath.Join(dir, "cni")
	for _, d := range []string{cni, filepath.Join(dir, "opt")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	network := fmt.Sprintf(`{"cniVersion": "0.4.0", "name": "e2e", "plugins": [
	{"type": "bridge", "bridge": "pods%d", "isGateway": true, "ipMasq": true, "hairpinMode": true,
	 "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.78.%d.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
	{"type": "portmap", "capabilities": {"portMappings": true}}]}
`, i, filepath.Join(dir, "addresses"), i)
	if err := os.WriteFile(filepath.Join(cni, "10-e2e.conflist"), []byte(network), 0o644); err != nil {
		return err
	}
	snapshots := "overlayfs"
	if onOverlay(dir) {
		snapshots = "native"
	}
	config := fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %q
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = %q
        SystemdCgroup = false
[plugins."io.containerd.internal.v1.opt"]
  path = %q
`, filepath.Join(dir, "containerd"), "/run/containerd-"+name, c.socket(i), Pause, filepath.Join(c.Debian, "usr/lib/cni"), cni,
		snapshots, filepath.Join(c.Debian, "usr/sbin/runc"), filepath.Join(dir, "opt"))
	file := filepath.Join(dir, "containerd.toml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	if err := c.run("containerd-"+name, c.environment(), filepath.Join(c.Debian, "usr/bin/containerd"), "--config", file); err != nil {
		return err
	}
	if err := c.Until(ctx, time.Minute, "containerd", func() error {
		conn, err := net.Dial("unix", c.socket(i))
		if err == nil {
			conn.Close()
		}
		return err
	}); err != nil {
		return err
	}
	go func() { c.imported <- c.importImages(ctx, i) }()
	return nil
}

// Imported waits until all nodes have all images; it is called once.
func (c *Cluster) Imported() error {
	var failed []error
	for range c.Kubelets {
		failed = append(failed, <-c.imported)
	}
	c.report("images on all nodes")
	return errors.Join(failed...)
}

// importImages gives node i the images, as a registry would when they are asked for.
func (c *Cluster) importImages(ctx context.Context, i int) error {
	for _, image := range c.Images {
		if err := c.importImage(ctx, i, image); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) importImage(ctx context.Context, i int, file string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.Debian, "usr/bin/ctr"), "-a", c.socket(i), "-n", "k8s.io", "images", "import", file)
	cmd.Env = append(os.Environ(), c.environment()...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("importing %s: %w: %s", filepath.Base(file), err, out)
	}
	return nil
}

// onOverlay says whether the folder is on an overlay file system, on which containerd
// cannot make another one.
func onOverlay(dir string) bool {
	const magic = 0x794c7630
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && fs.Type == magic
}

// kubelet starts the kubelet of node i.
func (c *Cluster) kubelet(i int) error {
	k, dir := c.Kubelets[i], c.node(i)
	config := fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: %s
enforceNodeAllocatable: []
oomScoreAdj: 0
containerRuntimeEndpoint: unix://%s
address: %s
healthzPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
syncFrequency: %s
failSwapOn: false
evictionHard: {memory.available: 100Mi, nodefs.available: "1%%", imagefs.available: "1%%"}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
podLogsDir: %s
volumePluginDir: %s
resolvConf: ""
makeIPTablesUtilChains: false
clusterDNS: [%s]
clusterDomain: %s
maxPods: 60
`, k.Group, c.socket(i), k.Address, k.Sync, filepath.Join(c.Logs, "pods-"+k.Name), filepath.Join(dir, "plugins"),
		c.address, names.Domain)
	file := filepath.Join(dir, "kubelet.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	return c.run("kubelet-"+k.Name, c.environment(), filepath.Join(c.Bin, "kubelet"), "--config="+file, "--kubeconfig="+c.Kubeconfig,
		"--root-dir="+filepath.Join(dir, "kubelet"), "--cert-dir="+filepath.Join(dir, "pki"),
		"--hostname-override="+k.Name, "--node-ip="+k.Address)
}

// Resync starts the kubelets again with another time between two looks at a mount.
func (c *Cluster) Resync(ctx context.Context, every time.Duration) error {
	for i := range c.Kubelets {
		file := filepath.Join(c.node(i), "kubelet.yaml")
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		changed := strings.Replace(string(text), "syncFrequency: "+c.Kubelets[i].Sync.String(), "syncFrequency: "+every.String(), 1)
		if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
			return err
		}
		c.Kubelets[i].Sync = every
		c.Kill("kubelet-" + c.Kubelets[i].Name)
		if err := c.Start("kubelet-" + c.Kubelets[i].Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) ready(ctx context.Context, i int) error {
	o, err := c.Get(ctx, "/api/v1/nodes/"+c.Kubelets[i].Name)
	if err != nil {
		return err
	}
	if !kube.Condition(o, "Ready") {
		return fmt.Errorf("node %s is not ready", c.Kubelets[i].Name)
	}
	return nil
}

// proxy starts the one kube-proxy: the nodes share the sandbox's network.
func (c *Cluster) proxy() error {
	config := fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: %s}
clusterCIDR: 10.78.0.0/16
hostnameOverride: %s
bindAddress: %s
healthzBindAddress: ""
metricsBindAddress: 127.0.0.1:10249
nftables: {masqueradeAll: true}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
nodePortAddresses: [%s/32]
`, c.Kubeconfig, c.Kubelets[0].Name, c.address, c.address)
	file := filepath.Join(c.Dir, "kube-proxy.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	return c.run("kube-proxy", c.environment(), filepath.Join(c.Bin, "kube-proxy"), "--config="+file)
}

// Machine says in a few words on what this runs.
func Machine() string {
	var name string
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
			}
		}
	}
	return fmt.Sprintf("%d x %s", runtime.NumCPU(), name)
}
