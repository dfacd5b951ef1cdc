// Package results writes down what came of the end-to-end test.
package results

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/lintel-gateway/lintel/ci/e2e/binaries"
	"github.com/lintel-gateway/lintel/ci/e2e/cluster"
	"github.com/lintel-gateway/lintel/ci/e2e/scenarios"
)

// bootBound is how long the whole cluster may take to boot.
const bootBound = 20 * time.Second

// Table is the page of results: where and with what it ran, and a line for each scenario.
func Table(list []scenarios.Result, boot, took time.Duration) string {
	var b strings.Builder
	b.WriteString("<!-- Written by `make e2e`; your changes would be lost. -->\n\n# What the end-to-end test measured\n\n")
	fmt.Fprintf(&b, "%s, %s, on %s; load at the end %s. Kubernetes %s, Argo CD %s, Helm %s, etcd %s, %s. Two nodes, three gateways.\n\n",
		time.Now().UTC().Format("2006-01-02"), verdict(list), cluster.Machine(), load(), strings.TrimPrefix(binaries.Kubernetes, "v"), binaries.ArgoCDVersion,
		binaries.HelmVersion, binaries.EtcdVersion, runtime.Version())
	b.WriteString("| What happens, and what must come of it | Result | Took | Measured | Asked |\n|---|---|---|---|---|\n")
	line := func(name, result, took, measured, asked string) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cell(name), result, took, cell(measured), asked)
	}
	line("The cluster boots", within(boot, bootBound), seconds(boot), seconds(boot), "≤ "+seconds(bootBound))
	for _, r := range list {
		result := "ok"
		if r.Err != nil {
			result = "**failed**"
		} else if r.Figure.Bound > 0 {
			result = within(r.Figure.Value, r.Figure.Bound)
		}
		line(r.Name, result, seconds(r.Took), r.Figure.Text, r.Asked)
	}
	fmt.Fprintf(&b, "\nAll of it took %s.\n", seconds(took))
	return b.String()
}

func verdict(list []scenarios.Result) string {
	failed := 0
	for _, r := range list {
		if r.Err != nil {
			failed++
		}
	}
	return fmt.Sprintf("%d scenarios, %d failed", len(list), failed)
}

// within marks a figure that is not what was asked for; that is told, and no failure:
// other work on the machine may be why.
func within(value, bound time.Duration) string {
	if value > bound {
		return "ok, slower than asked"
	}
	return "ok"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
