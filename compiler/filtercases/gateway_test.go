package filtercases

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/compiler"
	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/runtime"
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// served is a compiled program and the address of a gateway that serves it, with an
// echo for every upstream.
type served struct {
	addr string
	prog *ir.Program
}

func serve(t *testing.T, files fs.FS) *served {
	t.Helper()
	res, err := compiler.Compile(context.Background(), compiler.Options{FS: files, Cache: "off"})
	if err != nil {
		t.Fatal(err)
	}
	if res.Diagnostics.HasErrors() {
		var b strings.Builder
		_ = diag.Printer{Sources: func(f string) []byte { return res.Program.Files[f] }}.Print(&b, "text", res.Diagnostics)
		t.Fatalf("the files do not compile:\n%s", b.String())
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	if err := res.Bundle.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Decode(res.Bundle.Files(), bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := runtime.Config{Boot: boot.Default(), Dev: true, Version: "test"}
	cfg.Boot.Listeners = []boot.Listener{{Address: "127.0.0.1:0"}}
	cfg.Boot.Admin.Address = "127.0.0.1:0"
	cfg.Boot.Bundle.Dir = dir
	cfg.Boot.AccessLog = "off"
	cfg.Boot.Dial = echoes(t, b)
	cfg.Boot.SecretsDir = secrets(t, b)
	g, err := runtime.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	s := &served{addr: fmt.Sprint(g.Addresses()[0]), prog: res.Program}
	s.awaitReady(t)
	return s
}

// awaitReady asks until a bundle serves: an answer other than no-bundle.
func (s *served) awaitReady(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got, err := send(s.addr, request{Method: "GET", Host: "nobody.test", Path: "/"})
		if err == nil && got.status == 404 {
			return
		}
	}
	t.Fatal("the gateway does not come up")
}

// echoes starts one echo for each upstream and maps every endpoint to it.
func echoes(t *testing.T, b *bundle.Bundle) map[string]string {
	t.Helper()
	dial := map[string]string{}
	start := func(name string, u route.Upstream) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := echo.Server(name)
		go func() { _ = s.Serve(l) }()
		t.Cleanup(func() { _ = s.Close() })
		for _, e := range u.Endpoints {
			dial[e.Address] = l.Addr().String()
		}
	}
	for name, u := range b.Shared().Def.Upstreams {
		start(name, u)
	}
	for _, d := range b.Domains() {
		for name, u := range d.Def.Upstreams {
			start(name, u)
		}
	}
	return dial
}

// secrets writes a file for every declared secret; its content is "secret of <file>".
func secrets(t *testing.T, b *bundle.Bundle) string {
	t.Helper()
	dir := t.TempDir()
	write := func(s route.Secret) {
		path := filepath.Join(dir, s.File)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("secret of "+s.File+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range b.Shared().Def.Secrets {
		write(s)
	}
	for _, d := range b.Domains() {
		for _, s := range d.Def.Secrets {
			write(s)
		}
	}
	return dir
}
