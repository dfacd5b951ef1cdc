package k6

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/runtimetest/echo"
)

const (
	good  = `{"request": {"host": "shop.example", "path": "/orders/7"}, "expect": {"status": 200, "upstream": {"name": "orders", "path": "/orders/7"}}}`
	other = `{"request": {"host": "shop.example", "path": "/none"}, "expect": {"status": 404, "route": ""}}`
	bad   = `{"request": {"host": "shop.example", "path": "/orders/8"}, "expect": {"status": 201}}`
)

func TestReplay(t *testing.T) {
	dir, b := orders(t)
	g := startGateway(t, dir)
	many := slices.Repeat([]string{good, other}, 60)
	file := filepath.Join(t.TempDir(), "results")
	got := runScript(t, scriptText(t, "replay.js"), map[string]string{
		"LINTEL_CASES": caseFile(t, b.Digest(), many...), "LINTEL_TARGET": g.target, "LINTEL_RESULTS": file, "LINTEL_BUNDLE": b.Digest(),
	})
	if got.code != 0 || got.stdout != "" || got.stderr != "" {
		t.Errorf("exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	seen := map[int]bool{}
	for _, r := range results(t, file) {
		if seen[r.Index] = true; !r.Passed || r.Got == nil || r.Got.Bundle != b.Digest() {
			t.Errorf("case %d: %+v", r.Index, r)
		}
	}
	if len(seen) != len(many) {
		t.Errorf("%d results of %d", len(seen), len(many))
	}
}

func TestReplayFails(t *testing.T) {
	dir, b := orders(t)
	g := startGateway(t, dir)
	set := caseFile(t, b.Digest(), good, bad, good)
	replay := scriptText(t, "replay.js")
	gone := httptest.NewServer(echo.Handler(""))
	gone.Close()
	for name, c := range map[string]struct {
		script string
		env    map[string]string
		code   int
		say    string
	}{
		"a case": {replay, nil, 99, `routes/shop.example/orders.cue:2: shop.example/orders \"case 1\": status: want 201, got 200`},
		"an exception": {
			strings.Replace(replay, "const played =", `if (exec.scenario.iterationInTest === 1) throw new Error("thrown on purpose");`+"\n  const played =", 1),
			map[string]string{"LINTEL_CASES": caseFile(t, "", good, good)},
			99, "thrown on purpose",
		},
		"another bundle":     {replay, map[string]string{"LINTEL_BUNDLE": "sha256:0", "LINTEL_CASES": caseFile(t, "", good)}, 99, "bundle: want sha256:0"},
		"no gateway":         {replay, map[string]string{"LINTEL_TARGET": gone.Listener.Addr().String()}, 99, "nothing listens on"},
		"no cases file":      {replay, map[string]string{"LINTEL_CASES": ""}, 107, "lintel.load needs the path of a set of cases"},
		"a missing file":     {replay, map[string]string{"LINTEL_CASES": "none.json"}, 107, "open the cases: open none.json"},
		"a junk file":        {replay, map[string]string{"LINTEL_CASES": filepath.Join(dir, "manifest.json")}, 107, "holds no set of cases"},
		"an empty set":       {replay, map[string]string{"LINTEL_CASES": caseFile(t, "")}, 107, "the set has no cases"},
		"no target":          {replay, map[string]string{"LINTEL_TARGET": ""}, 107, "is no host:port of a gateway"},
		"a bad timeout":      {replay, map[string]string{"LINTEL_TIMEOUT": "soon"}, 107, "is no duration such as 15s"},
		"results in nowhere": {replay, map[string]string{"LINTEL_RESULTS": filepath.Join(dir, "none", "results")}, 107, "open the results"},
		"no secrets file":    {replay, map[string]string{"LINTEL_SECRETS": "none.json"}, 107, "read the secrets"},
		"a full disk":        {replay, map[string]string{"LINTEL_RESULTS": "/dev/full", "LINTEL_CASES": caseFile(t, "", good)}, 99, "append to the results"},
		"a wrong option":     {`import lintel from "k6/x/lintel"; lintel.options({tagret: "a:1"}); export default function () {}`, nil, 107, `unknown field \"tagret\"`},
		"no options":         {`import lintel from "k6/x/lintel"; const c = lintel.load(__ENV.LINTEL_CASES); export const options = {thresholds: {lintel_cases: ["count==1"]}}; export default function () { lintel.replay(c[0]); }`, nil, 99, "lintel.replay needs lintel.load and lintel.options before it"},
		"no case":            {`import lintel from "k6/x/lintel"; lintel.load(__ENV.LINTEL_CASES); lintel.options({target: "a:1"}); export const options = {thresholds: {lintel_cases: ["count==1"]}}; export default function () { lintel.replay({index: 3}); }`, nil, 99, "needs a case that lintel.load returned"},
		"played too early":   {`import lintel from "k6/x/lintel"; lintel.replay({index: 0}); export default function () {}`, nil, 107, "lintel.replay belongs in a function"},
		"loaded too late":    {`import lintel from "k6/x/lintel"; export const options = {thresholds: {lintel_cases: ["count==1"]}}; export default function () { lintel.load(__ENV.LINTEL_CASES); }`, nil, 99, "lintel.load belongs in the init context"},
		"no JavaScript":      {`import lintel from`, nil, 107, "Expected string but found end of file"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a full disk" {
				if _, err := os.Stat("/dev/full"); err != nil {
					t.Skip("=== SKIPPED: there is no /dev/full ===")
				}
			}
			env := map[string]string{"LINTEL_CASES": set, "LINTEL_TARGET": g.target}
			for k, v := range c.env {
				env[k] = v
			}
			got := runScript(t, c.script, env)
			if got.code != c.code || !strings.Contains(got.stderr, c.say) {
				t.Errorf("exit %d, want %d with %s\n%s", got.code, c.code, c.say, got.stderr)
			}
		})
	}
}

// TestSecretsFile plays a case that needs a secret, and looks that no result shows it.
func TestSecretsFile(t *testing.T) {
	dir, b := orders(t)
	g := startGateway(t, dir)
	secrets := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(secrets, []byte(`{"shop.example/key": "very-secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "results")
	set := caseFile(t, b.Digest(), `{"request": {"host": "shop.example", "path": "/orders", "headers": {"authorization": {"secret": "key", "prefix": "Bearer "}}},
		"expect": {"upstream": {"headers": {"authorization": {"prefix": "Bearer very"}}}, "status": 418}}`)
	got := runScript(t, scriptText(t, "replay.js"), map[string]string{
		"LINTEL_CASES": set, "LINTEL_TARGET": g.target, "LINTEL_RESULTS": file, "LINTEL_SECRETS": secrets,
	})
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rs := results(t, file)
	if got.code != 99 || len(rs) != 1 || len(rs[0].Mismatches) != 1 || strings.Contains(string(raw)+got.stderr, "very-secret") {
		t.Errorf("exit %d\n%s\n%s", got.code, got.stderr, raw)
	}
	if err := os.WriteFile(secrets, []byte(`{"shop.example/key": 12345678}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got = runScript(t, scriptText(t, "replay.js"), map[string]string{"LINTEL_CASES": set, "LINTEL_TARGET": g.target, "LINTEL_SECRETS": secrets})
	if got.code != 107 || !strings.Contains(got.stderr, "is no JSON object of texts") || strings.Contains(got.stderr, "12345678") {
		t.Errorf("exit %d\n%s", got.code, got.stderr)
	}
}

// TestMetrics reads the summary: what thresholds of other scripts may rely on.
func TestMetrics(t *testing.T) {
	dir, b := orders(t)
	g := startGateway(t, dir)
	script := scriptText(t, "replay.js") + `
export function handleSummary(data) {
  const v = (name) => data.metrics[name] && data.metrics[name].values;
  return { stdout: [v("lintel_cases").count, v("lintel_case_pass").rate, v("lintel_mismatch").count, v("lintel_case_duration").max > 0, data.metrics["lintel_mismatch{field:upstream}"].values.count].join(" ") };
}
`
	script = strings.Replace(script, "    lintel_case_pass: [", "    \"lintel_mismatch{field:upstream}\": [\"count==2\"],\n    lintel_case_pass: [", 1)
	set := caseFile(t, b.Digest(), good, good, good, `{"request": {"host": "shop.example", "path": "/orders/8"}, "expect": {"status": 201, "upstream": {"method": "PUT", "path": "/"}}}`)
	got := lintelK6(t, script, map[string]string{"LINTEL_CASES": set, "LINTEL_TARGET": g.target}, "run", "--quiet", "--no-usage-report", "--address", "", "-")
	if got.code != 99 || got.stdout != "4 0.75 3 true 2" {
		t.Errorf("exit %d: %s\n%s", got.code, got.stdout, got.stderr)
	}
}

// TestCaseHandles looks at what scripts see of a case.
func TestCaseHandles(t *testing.T) {
	set := caseFile(t, "", good,
		`{"request": {"method": "POST"}, "expect": {}}`,
		`{"request": {"method": "HEAD"}, "expect": {}}`,
		`{"request": {"repeat": 9}, "expect": {}}`,
		`{"request": {"websocket": ["a"]}, "expect": {}}`,
		`{"request": {}, "expect": {"duration": {"max": "1s"}}}`,
		`{"request": {}, "expect": {"counts": [{"status": 200, "min": 1}]}}`,
		`{"request": {"headers": {"x-a": {"secret": "key"}}}, "expect": {}}`,
		`{"request": {}, "expect": {"upstream": {"headers": {"x-a": {"secret": "key"}}}}}`)
	script := `import lintel, { load } from "k6/x/lintel";
const cases = load(__ENV.LINTEL_CASES);
export default function () {}
export function handleSummary() {
  const c = cases[1];
  return { stdout: [cases.length, c.index, c.route, c.name, c.file, c.line, c.method, cases.filter((x) => x.repeatable).map((x) => x.index).join("+"), cases.filter((x) => x.secret).map((x) => x.index).join("+"), typeof lintel.swap].join(" ") };
}`
	got := lintelK6(t, script, map[string]string{"LINTEL_CASES": set}, "run", "--quiet", "--no-usage-report", "--address", "", "-")
	if want := "9 1 shop.example/orders case 1 routes/shop.example/orders.cue 2 POST 0+2+7+8 7+8 function"; got.stdout != want {
		t.Errorf("got  %s\nwant %s\n%s", got.stdout, want, got.stderr)
	}
}

func TestLoad(t *testing.T) {
	secrets := filepath.Join(t.TempDir(), "secrets.json")
	if err := os.WriteFile(secrets, []byte(`{"key": "x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	dir, b := orders(t)
	g := startGateway(t, dir)
	for name, c := range map[string]struct {
		env  map[string]string
		code int
		say  string
	}{
		"passes":            {map[string]string{"LINTEL_P95": "5000"}, 0, ""},
		"ramps":             {map[string]string{"LINTEL_P95": "5000", "LINTEL_RAMP": "1s"}, 0, ""},
		"is too slow":       {map[string]string{"LINTEL_P95": "0.001"}, 99, "lintel_case_duration"},
		"fails":             {map[string]string{"LINTEL_P95": "5000", "LINTEL_CASES": caseFile(t, "", good, bad)}, 99, "lintel_case_pass"},
		"may fail":          {map[string]string{"LINTEL_P95": "5000", "LINTEL_CASES": caseFile(t, "", good, bad), "LINTEL_ERRORS": "0.9"}, 0, "status: want 201, got 200"},
		"with secrets":      {map[string]string{"LINTEL_SECRETS": secrets}, 99, "lintel_case_pass"},
		"nothing to repeat": {map[string]string{"LINTEL_CASES": caseFile(t, "", strings.Replace(bad, `"host"`, `"method": "POST", "host"`, 1))}, 107, "no case that is safe to repeat"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"LINTEL_CASES": caseFile(t, b.Digest(), good, other, strings.Replace(bad, `"host"`, `"method": "POST", "host"`, 1), strings.Replace(bad, `"path"`, `"headers": {"x-a": {"secret": "key"}}, "path"`, 1)), "LINTEL_TARGET": g.target, "LINTEL_RATE": strconv.Itoa(40), "LINTEL_DURATION": "1s"}
			for k, v := range c.env {
				env[k] = v
			}
			if got := runScript(t, scriptText(t, "load.js"), env); got.code != c.code || !strings.Contains(got.stderr, c.say) {
				t.Errorf("exit %d, want %d with %s\n%s", got.code, c.code, c.say, got.stderr)
			}
		})
	}
}
