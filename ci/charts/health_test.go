package main_test

import (
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

const (
	wanted = "sha256:aaaa"
	former = "sha256:bbbb"
)

// health runs the health check as Argo CD does, and returns the status and the message.
func health(t *testing.T, name string, labels, annotations map[string]string) (status, message string) {
	t.Helper()
	text, err := os.ReadFile(argocd + "/health/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	script, ok := objects(t, text)[0].at("data", "resource.customizations.health.ConfigMap").(string)
	if !ok {
		t.Fatal("there is no health check of ConfigMaps")
	}
	// Argo CD opens these libraries, and one that knows the time: none for strings.
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	metadata := l.NewTable()
	metadata.RawSetString("name", lua.LString(name))
	for key, values := range map[string]map[string]string{"labels": labels, "annotations": annotations} {
		if values == nil {
			continue
		}
		table := l.NewTable()
		for k, v := range values {
			table.RawSetString(k, lua.LString(v))
		}
		metadata.RawSetString(key, table)
	}
	obj := l.NewTable()
	obj.RawSetString("kind", lua.LString("ConfigMap"))
	obj.RawSetString("metadata", metadata)
	l.SetGlobal("obj", obj)
	if err := l.DoString(script); err != nil {
		t.Fatal(err)
	}
	out, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returned %v", l.Get(-1))
	}
	return out.RawGetString("status").String(), out.RawGetString("message").String()
}

func TestHealth(t *testing.T) {
	bundle := map[string]string{"lintel.dev/bundle": "edge", "lintel.dev/role": "bundle"}
	notes := func(pairs ...string) map[string]string {
		out := map[string]string{"lintel.dev/digest": wanted}
		for i := 0; i < len(pairs); i += 2 {
			out["lintel.dev/"+pairs[i]] = pairs[i+1]
		}
		return out
	}
	for name, c := range map[string]struct {
		name    string
		labels  map[string]string
		notes   map[string]string
		status  string
		message string
	}{
		"of somebody else": {"settings", nil, nil, "Healthy", ""},
		"with other labels": {
			"settings",
			map[string]string{"app.kubernetes.io/managed-by": "lintel", "lintel.dev/role": "lastgood", "lintel.dev/bundle": "edge"},
			notes("rejected", wanted), "Healthy", "",
		},
		"a candidate":        {"edge-candidate-0", map[string]string{"lintel.dev/bundle": "edge", "lintel.dev/role": "candidate"}, notes(), "Healthy", ""},
		"another part":       {"edge-1", bundle, notes("rejected", wanted), "Healthy", ""},
		"part 10":            {"edge-10", bundle, notes(), "Healthy", ""},
		"nobody was asked":   {"edge-0", bundle, notes(), "Progressing", "lintel-sync report"},
		"no annotation":      {"edge-0", bundle, nil, "Progressing", "lintel-sync report"},
		"of the one before":  {"edge-0", bundle, notes("served", former+" 3/3"), "Progressing", "served " + former + " 3/3"},
		"some serve it":      {"edge-0", bundle, notes("served", wanted+" 2/3"), "Progressing", "not served by all gateways"},
		"10 of 9 is no news": {"edge-0", bundle, notes("served", wanted+" 9/10"), "Progressing", "not served by all gateways"},
		"all serve it":       {"edge-0", bundle, notes("served", wanted+" 12/12"), "Healthy", "all 12 gateways"},
		"very many serve it": {"edge-0", bundle, notes("served", wanted+" 10000/10000"), "Healthy", "all 10000 gateways"},
		"no gateways":        {"edge-0", bundle, notes("served", wanted+" 0/0"), "Progressing", "no gateway is running"},
		"cannot be read":     {"edge-0", bundle, notes("served", "yes"), "Progressing", "served yes"},
		"refused": {
			"edge-0", bundle, notes("served", wanted+" 2/3", "rejected", wanted, "reason", "lintel-5: bundle-signature: it is not signed"),
			"Degraded", "refused by lintel-5: bundle-signature: it is not signed",
		},
		"refused, nobody says why":           {"edge-0", bundle, notes("rejected", wanted), "Degraded", "refused by a gateway"},
		"the one before was refused":         {"edge-0", bundle, notes("rejected", former, "served", wanted+" 3/3"), "Healthy", "all 3"},
		"the one before was refused, so far": {"edge-0", bundle, notes("rejected", former, "served", former+" 0/3"), "Progressing", "not served by all gateways"},
	} {
		t.Run(name, func(t *testing.T) {
			status, message := health(t, c.name, c.labels, c.notes)
			if status != c.status || !strings.Contains(message, c.message) {
				t.Errorf("want %s with %q, got %s with %q", c.status, c.message, status, message)
			}
		})
	}
}
