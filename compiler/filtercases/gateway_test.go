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
	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/gatewaytest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/replay"
	"github.com/lintel-gateway/lintel/schemas/bundle"
	"github.com/lintel-gateway/lintel/schemas/cases"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// served is what was compiled and a player of the gateway that serves it, with an
// echo for every upstream.
type served struct {
	*compiler.Result
	player replay.Player
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
	var values map[string]string
	g, _ := gatewaytest.Start(t, dir, func(c *boot.Config) {
		c.Dial = echoes(t, b)
		c.SecretsDir, values = secrets(t, b)
	})
	s := &served{Result: res}
	s.player.Address = fmt.Sprint(g.Addresses()[0])
	s.player.Bundle = res.Bundle.Digest()
	s.player.Secrets = values
	s.awaitReady(t)
	return s
}

// awaitReady asks until a bundle serves: an answer other than no-bundle.
func (s *served) awaitReady(t *testing.T) {
	t.Helper()
	nobody := &cases.Case{Spec: cases.Spec{Request: cases.Request{Host: "nobody.test"}, Expect: cases.Expect{Status: 404}}}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if s.player.Play(t.Context(), 0, nobody).Passed {
			return
		}
	}
	t.Fatal("the gateway does not come up")
}

// run plays every case of the program.
func (s *served) run(t *testing.T) (played int) {
	t.Helper()
	set, err := s.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Cases {
		c := &set.Cases[i]
		t.Run(c.Route+"/"+strings.ReplaceAll(c.Name, " ", "-"), func(t *testing.T) {
			t.Helper()
			res := s.player.Play(t.Context(), i, c)
			for _, m := range res.Mismatches {
				t.Errorf("%s:%d: %s is %s, want %s\n%s", c.File, c.Line, m.Field, m.Got, m.Want, m.Diff)
			}
			if t.Failed() {
				t.Logf("%s %s%s answered %+v", c.Spec.Request.Method, c.Spec.Request.Host, c.Spec.Request.Path, res.Got)
			}
		})
	}
	return len(set.Cases)
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

// secrets writes a file for every declared secret, whose content is "secret of
// <file>", and tells the values as a player wants them.
func secrets(t *testing.T, b *bundle.Bundle) (dir string, values map[string]string) {
	t.Helper()
	dir, values = t.TempDir(), map[string]string{}
	write := func(name string, s route.Secret) {
		path := filepath.Join(dir, s.File)
		values[name] = "secret of " + s.File
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(values[name]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, s := range b.Shared().Def.Secrets {
		write(name, s)
	}
	for _, d := range b.Domains() {
		for name, s := range d.Def.Secrets {
			write(d.Def.Name+"/"+name, s)
		}
	}
	return dir, values
}
