package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const full = `
listeners: [{address: "0.0.0.0:80", reusePort: true}, {address: "[::]:81"}, {address: "unix:/run/s", mode: 0600}]
admin: {address: "127.0.0.1:9000"}
bundle: {dir: /bundle, stateDir: /state, fallback: /fallback, verifyKey: /key.pem, poll: 3s}
secretsDir: /secrets
trustedProxies: [10.0.0.0/8, 192.168.1.7, "::1", unix]
limits: {requestLineBytes: 1000, headBytes: 2000, fields: 50, streams: 51, bodyBytes: 5, connections: 6, connectionsPerSource: 7, headerTimeout: 1s, idleTimeout: 1m30s, bodyTimeout: 250ms, bodyRate: 9}
accessLog: /var/log/access.jsonl
drain: {timeout: 1m, rate: 7, readinessDelay: 5s}
dial: {"10.0.0.7:8080": "127.0.0.1:41234"}
`

func TestParse(t *testing.T) {
	c, err := parse("gateway.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(true); err != nil {
		t.Error(err)
	}
	got := []any{
		c.Listeners, c.Admin, c.Bundle, c.SecretsDir, fmt.Sprint(c.Trusted()),
		c.Limits, c.AccessLog, c.Drain, c.Dial,
	}
	want := []any{
		[]Listener{{Address: "0.0.0.0:80", ReusePort: true}, {Address: "[::]:81"}, {Address: "unix:/run/s", Mode: 0o600}},
		Admin{"127.0.0.1:9000"},
		Bundle{Dir: "/bundle", StateDir: "/state", Fallback: "/fallback", VerifyKey: "/key.pem", Poll: Duration(3 * time.Second)},
		"/secrets", "[10.0.0.0/8 192.168.1.7/32 ::1/128] true",
		Limits{
			RequestLineBytes: 1000, HeadBytes: 2000, Fields: 50, Streams: 51, BodyBytes: 5, Connections: 6, ConnectionsPerSource: 7,
			HeaderTimeout: Duration(time.Second), IdleTimeout: Duration(90 * time.Second), BodyTimeout: Duration(250 * time.Millisecond), BodyRate: 9,
		},
		"/var/log/access.jsonl",
		Drain{Duration(time.Minute), 7, Duration(5 * time.Second)},
		map[string]string{"10.0.0.7:8080": "127.0.0.1:41234"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		c, err := parse("f", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(Default(), c); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
	c, err := parse("f", []byte("limits: {fields: 5}\n"))
	if err != nil || c.Limits.Fields != 5 || c.Limits.HeadBytes != Default().Limits.HeadBytes {
		t.Errorf("the other limits do not keep their defaults: %+v %v", c.Limits, err)
	}
}

// A listener's limits are the top's, but for what it says itself.
func TestListenerLimits(t *testing.T) {
	c, err := parse("f", []byte(`
listeners:
- address: ":1"
- {address: ":2", limits: {bodyBytes: 0, fields: 7}}
- {address: ":3", limits: {}}
limits: {bodyBytes: 10, connections: 5}
`))
	if err != nil {
		t.Fatal(err)
	}
	top := Default().Limits
	top.BodyBytes, top.Connections = 10, 5
	own := top
	own.BodyBytes, own.Fields = 0, 7
	want := []Listener{{Address: ":1"}, {Address: ":2", Limits: &own}, {Address: ":3", Limits: &top}}
	if diff := cmp.Diff(want, c.Listeners); diff != "" {
		t.Error(diff)
	}
	_, err = parse("f", []byte("listeners:\n- address: \":1\"\n  limits: {field: 7}\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "f:3: the key field is unknown") {
		t.Errorf("an unknown limit of a listener: %v", err)
	}
}

// Who may send a PROXY header: the listener's own list, or else the trusted proxies.
func TestProxyProtocolPeers(t *testing.T) {
	c, err := parse("f", []byte(`
bundle: {dir: /b}
listeners:
- {address: ":1", proxyProtocol: require}
- {address: ":2", proxyProtocol: require, proxyProtocolFrom: [192.0.2.7, unix]}
- {address: ":3", proxyProtocol: off}
trustedProxies: [10.0.0.0/8]
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(false); err != nil {
		t.Error(err)
	}
	for i, want := range []string{"[10.0.0.0/8] false", "[192.0.2.7/32] true"} {
		l := &c.Listeners[i]
		if got := fmt.Sprint(c.ProxyProtocolPeers(l)); got != want || !l.Announced() {
			t.Errorf("%s: %s, %v", l.Address, got, l.Announced())
		}
	}
	if c.Listeners[2].Announced() {
		t.Error("off is on")
	}
}

func TestMistakesNameFileAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"accessLog: off\nlissteners: []\n":                "f.yaml:2: the key lissteners is unknown",
		"limits:\n  heads: 5\n":                           "f.yaml:2: the key heads is unknown",
		"limits:\n  fields: many\n":                       "f.yaml:2: the value `many` has the wrong type",
		"drain:\n\n  timeout: 5 s\n":                      "f.yaml:3: \"5 s\" is not a duration such as",
		"drain: {timeout: -5s}\n":                         "f.yaml:1: \"-5s\" is not a duration such as",
		"trustedProxies:\n- 10.0.0.0/8\n- nine\n":         "f.yaml:3: \"nine\" is not a network",
		"accessLog: a\naccessLog: b\n":                    "f.yaml:2: the key accessLog is there twice",
		"accessLog: [\n":                                  "f.yaml:1: did not find expected node content",
		"accessLog: a\n---\naccessLog: b\n":               "f.yaml: there is more than one document",
		"listeners: [{address: 'unix:/s', mode: 0888}]\n": "f.yaml:1: \"0888\" are no permissions such as 0660",
		"- 1\n": "f.yaml:1: a list stands where keys are expected",
	} {
		_, err := parse("f.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no listener":     {func(c *Config) { c.Listeners = nil }, "listeners"},
		"bad listener":    {func(c *Config) { c.Listeners[0].Address = "8080" }, "listeners[0].address"},
		"bad admin":       {func(c *Config) { c.Admin.Address = "x" }, "admin.address"},
		"no bundle":       {func(c *Config) { c.Bundle.Dir = "" }, "bundle.dir"},
		"handover":        {func(c *Config) { c.Handover = "handover.sock" }, "handover"},
		"dial":            {func(c *Config) { c.Dial = map[string]string{"a:1": "b:1"} }, "dial"},
		"no log":          {func(c *Config) { c.AccessLog = "" }, "accessLog"},
		"head":            {func(c *Config) { c.Limits.HeadBytes = 1 }, "limits.headBytes"},
		"per source":      {func(c *Config) { c.Limits.ConnectionsPerSource = -1 }, "limits.connectionsPerSource"},
		"unix, relative":  {func(c *Config) { c.Listeners[0].Address = "unix:s" }, "listeners[0].address"},
		"unix, long":      {func(c *Config) { c.Listeners[0].Address = "unix:/" + strings.Repeat("x", 107) }, "listeners[0].address"},
		"unix, reusePort": {func(c *Config) { c.Listeners[0].Address, c.Listeners[0].ReusePort = "unix:/s", true }, "listeners[0].reusePort"},
		"systemd":         {func(c *Config) { c.Listeners[0].Address = "systemd:" }, "listeners[0].address"},
		"systemd, twice": {func(c *Config) {
			c.Listeners = []Listener{{Address: "systemd:http"}, {Address: "systemd:http"}}
		}, "listeners[1].address"},
		"systemd, mode":       {func(c *Config) { c.Listeners[0] = Listener{Address: "systemd:http", Mode: 0o600} }, "listeners[0].address"},
		"rate":                {func(c *Config) { c.Drain.Rate = 0 }, "drain.rate"},
		"http2":               {func(c *Config) { c.Listeners[0].HTTP2 = "yes" }, "listeners[0].http2"},
		"http3":               {func(c *Config) { c.Listeners[0].HTTP3 = "yes" }, "listeners[0].http3"},
		"http3, plain":        {func(c *Config) { c.Listeners[0].HTTP3 = "on" }, "listeners[0].http3"},
		"http3Port, unused":   {func(c *Config) { c.Listeners[0].HTTP3Port = 443 }, "listeners[0].http3Port"},
		"encoded slash":       {func(c *Config) { c.Listeners[0].EncodedSlash = "drop" }, "listeners[0].encodedSlash"},
		"streams":             {func(c *Config) { c.Limits.Streams = 0 }, "limits.streams"},
		"mode":                {func(c *Config) { c.Listeners[0].Mode = 0o600 }, "listeners[0].mode"},
		"proxy protocol":      {func(c *Config) { c.Listeners[0].ProxyProtocol = "v2" }, "listeners[0].proxyProtocol"},
		"proxy, from anybody": {func(c *Config) { c.Listeners[0].ProxyProtocol = "require" }, "listeners[0].proxyProtocol"},
		"proxy, not asked":    {func(c *Config) { c.Listeners[0].ProxyProtocolFrom = make([]Prefix, 1) }, "listeners[0].proxyProtocolFrom"},
		"own limits": {func(c *Config) {
			l := c.Limits
			l.Fields = 0
			c.Listeners[0].Limits = &l
		}, "listeners[0].limits.fields"},
		"body": {func(c *Config) { c.Limits.BodyBytes = -1 }, "limits.bodyBytes"},
	} {
		cfg := Default()
		cfg.Bundle.Dir = "/b"
		if err := cfg.Check(false); err != nil {
			t.Fatal(err)
		}
		c.change(&cfg)
		if err := cfg.Check(false); err == nil || !strings.HasPrefix(err.Error(), c.want+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
	cfg := Default()
	cfg.Bundle.Dir, cfg.Dial = "/b", map[string]string{"a:1": "b"}
	if err := cfg.Check(true); err == nil {
		t.Error("a dial target without a port was taken")
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if _, err := Load(path); err == nil {
		t.Error("an absent file was read")
	}
	if err := os.WriteFile(path, []byte(full), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || c.AccessLog != "/var/log/access.jsonl" {
		t.Errorf("%v %v", c, err)
	}
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "over the limit") {
		t.Errorf("a huge file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("f", []byte(text))
		if err == nil {
			_ = c.Check(true)
		} else if strings.Contains(err.Error(), "\n") {
			t.Fatalf("more than one line: %v", err)
		}
	})
}
