package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	random "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	testscript.Main(tidy{m}, map[string]func(){"lintel-sync": func() { os.Exit(run()) }})
}

// tidy runs the tests and ends the API server that was started for them.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	code := t.M.Run()
	if s, ok := started.server(); ok {
		s.stop()
	}
	if dir, ok := started.built(); ok {
		_ = os.RemoveAll(dir)
	}
	return code
}

// programs are lintel and lintel-gateway: those that LINTEL and LINTEL_GATEWAY name, or
// built from this checkout.
func programs(t *testing.T) (lintel, gateway string) {
	t.Helper()
	lintel, gateway = os.Getenv("LINTEL"), os.Getenv("LINTEL_GATEWAY")
	if beside := filepath.Join(filepath.Dir(lintel), "lintel-gateway"); lintel != "" && gateway == "" {
		if _, err := os.Stat(beside); err == nil {
			gateway = beside
		}
	}
	if lintel != "" && gateway != "" {
		return lintel, gateway
	}
	started.mu.Lock()
	defer started.mu.Unlock()
	if !started.dirTried {
		started.dirTried = true
		if started.dir, started.dirErr = os.MkdirTemp("", "lintel-sync-bin-"); started.dirErr == nil {
			cmd := exec.Command("go", "build", "-trimpath", "-o", started.dir, "./cmd/lintel", "./cmd/lintel-gateway")
			cmd.Dir = filepath.Join("..", "..")
			if out, err := cmd.CombinedOutput(); err != nil {
				started.dirErr = fmt.Errorf("%w: %s", err, out)
			}
		}
	}
	if started.dirErr != nil {
		t.Fatal(started.dirErr)
	}
	return filepath.Join(started.dir, "lintel"), filepath.Join(started.dir, "lintel-gateway")
}

// started is what tests share: it is started by the first that needs it.
var started shared

type shared struct {
	mu       sync.Mutex
	s        *apiServer
	why      error
	tried    bool
	dir      string
	dirErr   error
	dirTried bool
}

func (s *shared) server() (*apiServer, bool) { return s.s, s.s != nil }
func (s *shared) built() (string, bool)      { return s.dir, s.dir != "" }

// apiServer is a real etcd and a real kube-apiserver.
type apiServer struct {
	dir, addr  string
	processes  []*exec.Cmd
	kubeconfig string
}

func (s *apiServer) stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		_ = s.processes[i].Process.Kill()
		_ = s.processes[i].Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// binaries finds a folder with etcd and kube-apiserver: LINTEL_E2E_BIN, or one of the
// end-to-end test's cache.
func binaries() (string, error) {
	if dir := os.Getenv("LINTEL_E2E_BIN"); dir != "" {
		return dir, nil
	}
	cache := os.Getenv("LINTEL_E2E_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(user, "lintel-e2e")
	}
	found, err := filepath.Glob(filepath.Join(cache, "*", "bin", "kube-apiserver"))
	if err != nil {
		return "", err
	}
	for _, f := range found {
		if _, err := os.Stat(filepath.Join(filepath.Dir(f), "etcd")); err == nil {
			return filepath.Dir(f), nil
		}
	}
	return "", fmt.Errorf("no etcd and kube-apiserver in %s/*/bin: make e2e-api builds them", cache)
}

// cluster is a namespace of its own on the shared API server.
type clusterRig struct {
	t          *testing.T
	server     *apiServer
	namespace  string
	kubeconfig string
	client     kubernetes.Interface
}

// withCluster skips loudly where there is no API server to be had; LINTEL_E2E=require
// makes that a failure.
func withCluster(t *testing.T) *clusterRig {
	t.Helper()
	started.mu.Lock()
	if !started.tried {
		started.tried = true
		started.s, started.why = startServer()
	}
	s, err := started.s, started.why
	started.mu.Unlock()
	if err != nil {
		if os.Getenv("LINTEL_E2E") == "require" {
			t.Fatalf("LINTEL_E2E=require, and no API server: %v", err)
		}
		t.Skipf("=== SKIPPED: no API server: %v ===", err)
	}
	r := &clusterRig{t: t, server: s}
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 200, 400
	if r.client, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	ns, err := r.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.namespace, r.kubeconfig = ns.Name, s.kubeconfig
	return r
}

func startServer() (_ *apiServer, err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lintel-sync-api-")
	if err != nil {
		return nil, err
	}
	s := &apiServer{dir: dir}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	keyFile := filepath.Join(dir, "sa.key")
	data := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	tokens := "admin-token,admin,admin,system:masters\nlimited-token,limited,limited\n"
	if err := writeAll(map[string][]byte{keyFile: data, filepath.Join(dir, "tokens.csv"): []byte(tokens)}); err != nil {
		return nil, err
	}
	etcd, peer, api := freePort(), freePort(), freePort()
	s.addr = "127.0.0.1:" + api
	err = s.start(filepath.Join(bin, "etcd"), "--data-dir", filepath.Join(dir, "etcd"), "--name", "t", "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", "http://127.0.0.1:"+etcd, "--advertise-client-urls", "http://127.0.0.1:"+etcd,
		"--listen-peer-urls", "http://127.0.0.1:"+peer, "--initial-advertise-peer-urls", "http://127.0.0.1:"+peer, "--initial-cluster", "t=http://127.0.0.1:"+peer)
	if err != nil {
		return nil, err
	}
	err = s.start(filepath.Join(bin, "kube-apiserver"), "--etcd-servers=http://127.0.0.1:"+etcd, "--cert-dir="+dir,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+api, "--service-cluster-ip-range=10.96.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+keyFile, "--service-account-signing-key-file="+keyFile,
		"--token-auth-file="+filepath.Join(dir, "tokens.csv"), "--authorization-mode=RBAC", "--profiling=false",
		// Objects of other programs, such as pods without a service account, are made by hand.
		"--disable-admission-plugins=ServiceAccount")
	if err != nil {
		return nil, err
	}
	s.kubeconfig = filepath.Join(dir, "admin.kubeconfig")
	if err := os.WriteFile(s.kubeconfig, []byte(s.configFor("admin-token")), 0o600); err != nil {
		return nil, err
	}
	return s, s.wait()
}

func (s *apiServer) start(program string, args ...string) error {
	log, err := os.Create(filepath.Join(s.dir, filepath.Base(program)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, cmd)
	return nil
}

func (s *apiServer) configFor(token string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: t, cluster: {server: "https://%s", insecure-skip-tls-verify: true}}]
users: [{name: t, user: {token: %s}}]
contexts: [{name: t, context: {cluster: t, user: t}}]
current-context: t
`, s.addr, token)
}

func (s *apiServer) wait() error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a test's own server
	last := ""
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodGet, "https://"+s.addr+"/readyz", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer admin-token")
		resp, err := client.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		_ = resp.Body.Close()
		if last = resp.Status; resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "kube-apiserver.log"))
	return fmt.Errorf("the API server did not become ready: %s\n%s", last, log[max(0, len(log)-2000):])
}

// freePort is one below those that the system hands out by itself, so that nobody gets it
// before the program that it is meant for.
func freePort() string {
	for range 100 {
		port := strconv.Itoa(20_000 + random.IntN(10_000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	return "0"
}

func writeAll(files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// answer is what one call of lintel-sync came to.
type answer struct {
	code     int
	out, err string
}

// buffer can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// call runs a verb in this process.
func (r *clusterRig) call(args ...string) answer {
	r.t.Helper()
	return r.callIn(r.t.Context(), &buffer{}, args...)
}

func (r *clusterRig) callIn(ctx context.Context, errs *buffer, args ...string) answer {
	out := &buffer{}
	s := streams{out: out, err: errs, log: slog.New(slog.NewJSONHandler(errs, nil))}
	code := execute(ctx, s, append(args, "--kubeconfig", r.kubeconfig, "--namespace", r.namespace))
	return answer{code, out.String(), errs.String()}
}

// want calls a verb and wants an exit status, and texts in what it prints.
func (r *clusterRig) want(code int, texts []string, args ...string) answer {
	r.t.Helper()
	a := r.call(args...)
	if a.code != code {
		r.t.Fatalf("lintel-sync %s: exit %d, want %d\n%s%s", strings.Join(args, " "), a.code, code, a.out, a.err)
	}
	for _, text := range texts {
		if !strings.Contains(a.out+a.err, text) {
			r.t.Errorf("lintel-sync %s does not say %q:\n%s%s", strings.Join(args, " "), text, a.out, a.err)
		}
	}
	return a
}

// job is a verb that runs beside the test.
type job struct {
	log    *buffer
	cancel context.CancelFunc
	ended  chan struct{}
	code   int
}

// stop ends it, and wait lets it end by itself; both return its exit status.
func (j *job) stop() int { j.cancel(); return j.wait() }

func (j *job) wait() int {
	select {
	case <-j.ended:
		return j.code
	case <-time.After(60 * time.Second):
		return -1
	}
}

// background runs a verb until the test ends, or before.
func (r *clusterRig) background(args ...string) *job {
	ctx, cancel := context.WithCancel(context.Background())
	j := &job{log: &buffer{}, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(j.ended)
		j.code = r.callIn(ctx, j.log, args...).code
	}()
	r.t.Cleanup(func() {
		j.stop()
		if r.t.Failed() {
			r.t.Logf("lintel-sync %s:\n%s", args[0], j.log)
		}
	})
	return j
}

// eventually waits until the condition holds; why says what is missing.
func (r *clusterRig) eventually(what string, cond func() (ok bool, why string)) {
	r.t.Helper()
	why := ""
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var ok bool
		if ok, why = cond(); ok {
			return
		}
	}
	r.t.Fatalf("%s: %s", what, why)
}

func (r *clusterRig) configMap(name string) *corev1.ConfigMap {
	r.t.Helper()
	cm, err := r.client.CoreV1().ConfigMaps(r.namespace).Get(r.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return cm
}

// names lists the ConfigMaps of the namespace but for the API server's own.
func (r *clusterRig) names() (out []string) {
	r.t.Helper()
	list, err := r.client.CoreV1().ConfigMaps(r.namespace).List(r.t.Context(), metav1.ListOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, cm := range list.Items {
		if cm.Name != "kube-root-ca.crt" {
			out = append(out, cm.Name)
		}
	}
	return out
}

// says waits until a job has logged a text.
func (r *clusterRig) says(j *job, text string) {
	r.t.Helper()
	r.eventually(text, func() (bool, string) { return strings.Contains(j.log.String(), text), j.log.String() })
}
