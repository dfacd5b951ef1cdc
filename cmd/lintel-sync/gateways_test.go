package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lintel-gateway/lintel/cmd/lintel-sync/layout"
)

// kubelet brings the ConfigMaps of the bundle into a folder as the real one does: a new
// folder, and one link that moves.
func (r *clusterRig) kubelet(mount string, stop <-chan struct{}) {
	mounted := ""
	for {
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
		list, err := r.client.CoreV1().ConfigMaps(r.namespace).List(r.t.Context(), metav1.ListOptions{LabelSelector: layout.LabelRole + "=bundle"})
		if err != nil {
			continue
		}
		mark := ""
		for _, cm := range list.Items {
			mark += cm.Name + cm.ResourceVersion
		}
		if mark == mounted {
			continue
		}
		fresh, err := os.MkdirTemp(mount, "..new")
		if err != nil {
			continue
		}
		for _, cm := range list.Items {
			for name, data := range cm.BinaryData {
				_ = os.WriteFile(filepath.Join(fresh, name), data, 0o600)
			}
		}
		link := filepath.Join(mount, "..data_tmp")
		if os.Symlink(filepath.Base(fresh), link) == nil && os.Rename(link, filepath.Join(mount, "..data")) == nil {
			mounted = mark
		}
	}
}

// gateway starts a real gateway on a mount and returns its addresses.
func (r *clusterRig) gateway(program, mount string, flags ...string) (traffic, admin string) {
	r.t.Helper()
	traffic, admin = "127.0.0.1:"+freePort(), "127.0.0.1:"+freePort()
	cmd := exec.Command(program, append([]string{"--bundle", mount, "--listen", traffic, "--admin", admin}, flags...)...)
	log := &buffer{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if r.t.Failed() {
			r.t.Logf("gateway:\n%s", log)
		}
	})
	return traffic, admin
}

const routesFile = `package routes

domain: {hosts: ["shop.example"], owner: "team-shop"}
routes: "all": #Route & {
	path: prefix: "/"
	filters: respond: {status: 200, body: "%s", contentType: "text/plain"}
}
`

// TestFromGitToGateways is the whole way: a commit of route files, the agent, real
// gateways, and what they answer.
func TestFromGitToGateways(t *testing.T) {
	r := withCluster(t)
	lintel, program := programs(t)
	t.Setenv("LINTEL", lintel)
	t.Setenv("LINTEL_CACHE", "off")
	repo := t.TempDir()
	git(t, repo, "init", "-q")
	push := func(text string) string {
		t.Helper()
		file := filepath.Join(repo, "routes", "shop.example", "main.cue")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		git(t, repo, "add", "-A")
		git(t, repo, "commit", "-qm", "change")
		return git(t, repo, "rev-parse", "HEAD")
	}
	first := push(fmt.Sprintf(routesFile, "first"))

	args := []string{}
	var traffic []string
	stop := make(chan struct{})
	defer close(stop)
	for i := range 2 {
		mount := t.TempDir()
		go r.kubelet(mount, stop)
		addr, admin := r.gateway(program, mount)
		traffic = append(traffic, addr)
		args = append(args, "--replica", fmt.Sprintf("gw-%d=http://%s", i, admin))
	}
	run := r.background(append([]string{"run", "--source", "file://" + repo, "--interval", "300ms"}, args...)...)
	answers := func(want string) {
		t.Helper()
		for _, addr := range traffic {
			r.answers(addr, "shop.example", want)
		}
	}
	answers("first")
	r.want(0, []string{"2 of 2 replicas", first}, append([]string{"status", "--watch"}, args...)...)
	r.eventually("it is kept", func() (bool, string) {
		a := r.call("rollback", "--list")
		return strings.Contains(a.out, first), a.out
	})

	began := time.Now()
	second := push(fmt.Sprintf(routesFile, "second"))
	answers("second")
	t.Logf("from the commit until both gateways answered: %s", time.Since(began).Round(time.Millisecond))
	r.eventually("healthy", func() (bool, string) { return r.is("Healthy") })

	// A commit that does not compile changes nothing, and is told.
	push(strings.Replace(routesFile, "path:", "pth:", 1))
	r.says(run, "the routes are not in order")
	if message := r.event("RoutesHaveFindings", 1); !strings.Contains(message, "shop.example/main.cue") {
		t.Errorf("the event does not name the file: %s", message)
	}
	answers("second")

	began = time.Now()
	r.want(0, []string{"rolled back", "2 of 2 replicas"}, append([]string{"rollback", first[:10]}, args...)...)
	t.Logf("from the rollback until both gateways served: %s", time.Since(began).Round(time.Millisecond))
	answers("first")
	push(fmt.Sprintf(routesFile, "third"))
	answers("third")
	if code := r.call("diff", filepath.Join(repo, "routes"), "--revision", git(t, repo, "rev-parse", "HEAD")).code; code != 0 {
		t.Errorf("diff of what is applied exits with %d", code)
	}
	if code := r.call("diff", filepath.Join(repo, "routes"), "--revision", second).code; code != 100 {
		t.Errorf("diff of another revision exits with %d", code)
	}
}
