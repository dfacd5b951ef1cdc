package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/telemetry"
	"go.yaml.in/yaml/v3"
)

// rules writes the alerts of the chart as a file of Prometheus, and returns their
// expressions by name.
func rules(t *testing.T, file string, args ...string) map[string]string {
	t.Helper()
	args = append([]string{
		"--show-only", "templates/rules.yaml", "--set", "metrics.prometheusRule.enabled=true",
		"--set", "sync.enabled=true,sync.mode=agent,sync.source=https://git.example/routes.git",
	}, args...)
	spec, ok := objects(t, helm(t, args...))[0]["spec"].(map[string]any)
	if !ok {
		t.Fatal("there are no rules")
	}
	text, err := yaml.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, group := range spec["groups"].([]any) {
		for _, rule := range group.(map[string]any)["rules"].([]any) {
			r := rule.(map[string]any)
			out[r["alert"].(string)] = r["expr"].(string)
		}
	}
	return out
}

var (
	metric = regexp.MustCompile(`lintel_[a-z_]+`)
	label  = regexp.MustCompile(`([a-z_]+)!?=~?"`)
)

// syncMetrics are the names that lintel-sync declares, as far as its text tells.
func syncMetrics(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../../cmd/lintel-sync/metrics/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("where does lintel-sync declare its metrics? %v", err)
	}
	var out strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	return out.String()
}

// TestRulesExist wants alerts to be about metrics and labels that gateways have.
func TestRulesExist(t *testing.T) {
	known := map[string]bool{}
	labels := []string{"namespace", "pod"} // Prometheus' own
	for _, m := range telemetry.Catalog() {
		known[m.Name] = true
		labels = append(labels, m.Labels...)
	}
	sync := syncMetrics(t)
	alerts := rules(t, filepath.Join(t.TempDir(), "rules.yaml"))
	if len(alerts) < 15 {
		t.Errorf("there are only %d alerts", len(alerts))
	}
	for alert, expr := range alerts {
		names := metric.FindAllString(expr, -1)
		if len(names) == 0 {
			t.Errorf("%s is about no metric of a gateway: %s", alert, expr)
		}
		for _, name := range names {
			short, isSync := strings.CutPrefix(name, "lintel_sync_")
			if isSync && (strings.Contains(sync, `"`+name+`"`) || strings.Contains(sync, `gauge("`+short+`"`)) {
				continue
			}
			if !known[name] {
				t.Errorf("%s: there is no metric %s", alert, name)
			}
		}
		for _, m := range label.FindAllStringSubmatch(expr, -1) {
			if !slices.Contains(labels, m[1]) {
				t.Errorf("%s: there is no label %s", alert, m[1])
			}
		}
	}
}

// TestRules lets Prometheus judge the alerts, and play testdata/rules_test.yaml to them.
func TestRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("=== SKIPPED: alerts against Prometheus: promtool is not installed (apt install prometheus) ===")
	}
	dir := t.TempDir()
	alerts := rules(t, filepath.Join(dir, "rules.yaml"))
	run(t, nil, promtool, "check", "rules", filepath.Join(dir, "rules.yaml"))
	text, err := os.ReadFile("testdata/rules_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rules_test.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, promtool, "test", "rules", filepath.Join(dir, "rules_test.yaml"))
	for alert := range alerts {
		if !strings.Contains(string(text), "alertname: "+alert+"\n") {
			t.Errorf("testdata/rules_test.yaml does not show when %s fires", alert)
		}
	}
}
