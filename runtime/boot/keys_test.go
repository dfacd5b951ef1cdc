package boot

import (
	"flag"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKeys: every key of the file is declared, and nothing else; every flag shows.
func TestKeys(t *testing.T) {
	var declared []string
	var usage strings.Builder
	Usage(&usage)
	for _, k := range Keys() {
		if k.Name != "" {
			declared = append(declared, k.Name)
		}
		if k.Meaning == "" || strings.HasSuffix(k.Meaning, ".") {
			t.Errorf("%+v: the meaning is no sentence without its full stop", k)
		}
		if k.Flag != "" && !strings.Contains(usage.String(), "  --"+k.Flag+" ") {
			t.Errorf("the usage does not name --%s", k.Flag)
		}
	}
	have := paths(reflect.TypeFor[Config](), "")
	slices.Sort(have)
	slices.Sort(declared)
	if d := cmp.Diff(have, declared); d != "" {
		t.Errorf("keys of Config and of Keys (-Config +Keys):\n%s", d)
	}
}

// paths are the paths of all YAML keys below a struct.
func paths(s reflect.Type, prefix string) (out []string) {
	for i := range s.NumField() {
		f := s.Field(i)
		name := prefix + f.Tag.Get("yaml")
		switch {
		case f.Type == reflect.TypeFor[*Limits]():
			out = append(out, name) // one key: those below it are the top's
		case f.Type.Kind() == reflect.Struct:
			out = append(out, paths(f.Type, name+".")...)
		case f.Type.Kind() == reflect.Pointer:
			out = append(out, paths(f.Type.Elem(), name+".")...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct && f.Type.Elem() != reflect.TypeFor[Prefix]():
			out = append(out, paths(f.Type.Elem(), name+"[].")...)
		default:
			out = append(out, name)
		}
	}
	return out
}

func TestDefaultTexts(t *testing.T) {
	want := map[string]string{
		"listeners[].address": "0.0.0.0:8080", "bundle.dir": "", "bundle.poll": "10s", "limits.headBytes": "65536",
		"limits.bodyBytes": "0", "limits.idleTimeout": "1m15s", "limits.bodyTimeout": "1m", "drain.readinessDelay": "0s",
		"accessLog": "stdout", "dial": "", "trustedProxies": "",
		"listeners[].tls.certificates[].cert": "", "listeners[].tls.minVersion": "1.2", "listeners[].tls.ciphers": "",
		"listeners[].tls.clientAuth.mode": "none", "listeners[].tls.clientAuth.depth": "2", "listeners[].tls.handshakeTimeout": "10s",
	}
	for _, k := range Keys() {
		if w, ok := want[k.Name]; ok && k.Default() != w {
			t.Errorf("the default of %s is %q, want %q", k.Name, k.Default(), w)
		}
	}
}

func TestFlagsWin(t *testing.T) {
	for _, k := range Keys() {
		if k.Flag == "" || k.Name == "" {
			continue
		}
		var f Flags
		set := flag.NewFlagSet("", flag.ContinueOnError)
		set.SetOutput(io.Discard)
		f.Declare(set)
		if err := set.Parse([]string{"--" + k.Flag, "x"}); err != nil {
			t.Fatal(err)
		}
		c := Default()
		f.Override(&c)
		if d := cmp.Diff(Default(), c); d == "" || !f.Given(k.Flag) {
			t.Errorf("--%s changes nothing", k.Flag)
		}
	}
	secure := Default()
	secure.Listeners[0].TLS, secure.Listeners[0].Limits = &TLS{}, &Limits{Fields: 3}
	listen := "x:1"
	(&Flags{texts: map[string]*string{"listen": &listen}}).Override(&secure)
	if d := cmp.Diff([]Listener{{Address: "x:1", TLS: &TLS{}, HTTP2: "on", HTTP3: "off", EncodedSlash: "keep", Limits: &Limits{Fields: 3}, ProxyProtocol: "off"}}, secure.Listeners); d != "" {
		t.Errorf("--listen makes a TLS listener plain:\n%s", d)
	}
	var f Flags
	c := Default()
	f.Override(&c)
	if d := cmp.Diff(Default(), c); d != "" || f.Given("bundle") {
		t.Errorf("no flags change something:\n%s", d)
	}
}
