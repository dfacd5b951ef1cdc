package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// served is a repository with one commit of routes, for a server to show.
func served(t *testing.T) (dir string) {
	t.Helper()
	dir, git := repository(t)
	write1(t, dir+"/routes/a.cue", "a")
	git("add", "-A")
	git("commit", "-qm", "1")
	return dir
}

// fetch looks at the repository once, with the credentials of a folder.
func fetch(t *testing.T, url, credentials string, limit time.Duration) (Checkout, error) {
	t.Helper()
	g, err := OpenGit(GitOptions{URL: url, Branch: "main", Path: "routes", Credentials: credentials, Timeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g.Fetch(t.Context())
}

// secretOf is a mounted Secret.
func secretOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write1(t, filepath.Join(dir, name), text)
	}
	return dir
}

// refused wants an error that says what to do, and not what is secret.
func refused(t *testing.T, err error, want string, secrets ...string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("want %q: %v", want, err)
		return
	}
	for _, s := range secrets {
		if strings.Contains(err.Error(), s) {
			t.Errorf("the message holds a secret: %v", err)
		}
	}
}

// TestGitOverHTTP has Git's own server behind a password.
func TestGitOverHTTP(t *testing.T) {
	dir := served(t)
	core, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{
		Stderr: io.Discard,
		Path:   filepath.Join(strings.TrimSpace(string(core)), "git-http-backend"),
		Env:    []string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	password := "first-secret"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, given, ok := r.BasicAuth(); !ok || user != "robot" || given != password {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	defer server.Close()
	url := server.URL + "/" + filepath.Base(dir)
	secret := secretOf(t, map[string]string{"username": "robot\n", "password": "first-secret\n"})
	g, err := OpenGit(GitOptions{URL: url, Branch: "main", Path: "routes", Credentials: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	co, err := g.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(co.Path + "/a.cue"); err != nil || string(text) != "a" {
		t.Errorf("%q, %v", text, err)
	}
	// The password is changed, first there and then in the Secret.
	password = "second-secret"
	_, err = g.Fetch(t.Context())
	refused(t, err, "asks for other credentials: mount a Secret", "first-secret")
	write1(t, filepath.Join(secret, "password"), "second-secret")
	if _, err := g.Fetch(t.Context()); err != nil {
		t.Errorf("the new password is not read: %v", err)
	}
	_, err = fetch(t, url, "", 0)
	refused(t, err, "asks for other credentials")
	_, err = fetch(t, strings.Replace(url, "//", "//robot:third-secret@", 1), "", 0)
	refused(t, err, "[redacted]@", "third-secret")
	_, err = fetch(t, url+"-none", secret, 0)
	refused(t, err, "there is no repository at", "second-secret")
	key, _ := keyPair(t)
	_, err = fetch(t, url, secretOf(t, map[string]string{"ssh-privatekey": key, "known_hosts": "x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBOVQ1IIB8tGSPmVAXyfA4FwkF6mDGQPlbNZhOk8Hg3y"}), 0)
	refused(t, err, "of another kind")
}

// keyPair is a key of SSH: its private half as a Secret has it, and what signs with it.
func keyPair(t *testing.T) (text string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer
}

func ecdsaKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sshServer answers git-upload-pack to who has the client's key, at the returned address.
func sshServer(t *testing.T, client ssh.PublicKey, hosts ...ssh.Signer) (addr string) {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.Marshal()) {
			return nil, fmt.Errorf("nobody")
		}
		return nil, nil
	}}
	for _, h := range hosts {
		config.AddHostKey(h)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go greet(conn, config)
		}
	}()
	return l.Addr().String()
}

func greet(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for fresh := range channels {
		channel, asked, err := fresh.Accept()
		if err != nil {
			return
		}
		for r := range asked {
			command, path, ok := strings.Cut(string(r.Payload[min(4, len(r.Payload)):]), " ")
			if r.Type != "exec" || !ok || command != "git-upload-pack" {
				_ = r.Reply(false, nil)
				continue
			}
			_ = r.Reply(true, nil)
			cmd := exec.CommandContext(context.Background(), "git", "-c", "safe.directory=*", "upload-pack", strings.Trim(path, "'"))
			cmd.Stdin, cmd.Stdout, cmd.Stderr = channel, channel, channel.Stderr()
			status := byte(0)
			if cmd.Run() != nil {
				status = 1
			}
			_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, status})
			_ = channel.Close()
		}
	}
}

// TestGitOverSSH has a server with keys of two kinds, of which known_hosts has one.
func TestGitOverSSH(t *testing.T) {
	dir := served(t)
	text, client := keyPair(t)
	_, host := keyPair(t)
	other, err := ssh.NewSignerFromKey(ecdsaKey(t))
	if err != nil {
		t.Fatal(err)
	}
	addr := sshServer(t, client.PublicKey(), host, other)
	url := "ssh://git@" + addr + dir
	known := knownhosts.Line([]string{addr}, host.PublicKey())
	secret := secretOf(t, map[string]string{"ssh-privatekey": text, "known_hosts": known})
	co, err := fetch(t, url, secret, 0)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(co.Path + "/a.cue"); err != nil || string(text) != "a" {
		t.Errorf("%q, %v", text, err)
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	_, err = fetch(t, url, "", 0)
	refused(t, err, "asks for a key: mount a Secret with ssh-privatekey and known_hosts")
	_, stranger := keyPair(t)
	strange, _ := keyPair(t)
	for want, files := range map[string]map[string]string{
		"has another key than known_hosts":     {"ssh-privatekey": text, "known_hosts": knownhosts.Line([]string{addr}, stranger.PublicKey())},
		"has no line for it":                   {"ssh-privatekey": text, "known_hosts": knownhosts.Line([]string{"git.example"}, host.PublicKey())},
		"known_hosts in":                       {"ssh-privatekey": text},
		"does not take the ssh-privatekey":     {"ssh-privatekey": strange, "known_hosts": known},
		"no private key without a passphrase":  {"ssh-privatekey": "none", "known_hosts": known},
		"of another kind":                      {"username": "git", "password": "hidden", "known_hosts": known},
		"neither ssh-privatekey nor password:": {"known_hosts": known},
	} {
		_, err := fetch(t, url, secretOf(t, files), 0)
		refused(t, err, want, "hidden", strange[40:100])
	}
}

// TestSilentServer wants a server that takes a connection and says nothing to be left.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	text, host := keyPair(t)
	secret := secretOf(t, map[string]string{"ssh-privatekey": text, "known_hosts": knownhosts.Line([]string{l.Addr().String()}, host.PublicKey())})
	for url, credentials := range map[string]string{
		"ssh://git@" + l.Addr().String() + "/r": secret,
		"git://" + l.Addr().String() + "/r":     "",
		"http://" + l.Addr().String() + "/r":    "",
	} {
		_, err := fetch(t, url, credentials, 200*time.Millisecond)
		refused(t, err, "did not answer within 200ms")
	}
}
