package k6

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
	"github.com/lintel-gateway/lintel/runtime/runtimetest/replay"
	"github.com/lintel-gateway/lintel/schemas/cases"
)

// module is what the virtual users of one run share.
type module struct {
	mu      sync.Mutex
	sets    map[string]*cases.Set
	players map[string]*replay.Player
	results map[string]*os.File
	mounts  map[string]*runtimetest.KubeletWriter
}

func newModule() *module {
	return &module{
		sets:    map[string]*cases.Set{},
		players: map[string]*replay.Player{},
		results: map[string]*os.File{},
		mounts:  map[string]*runtimetest.KubeletWriter{},
	}
}

// NewModuleInstance implements modules.Module: k6 calls it for each virtual user that
// imports the module.
func (m *module) NewModuleInstance(vu modules.VU) modules.Instance {
	i := &instance{module: m, vu: vu}
	if err := i.register(vu.InitEnv().Registry); err != nil {
		common.Throw(vu.Runtime(), fmt.Errorf("lintel: %w", err))
	}
	return i
}

// instance is the module as one virtual user sees it.
type instance struct {
	*module
	vu     modules.VU
	set    *cases.Set
	player *replay.Player
	out    *os.File // the results of this script; nil for none
	metrics
}

// Exports implements modules.Instance.
func (i *instance) Exports() modules.Exports {
	functions := map[string]any{"load": i.load, "options": i.options, "replay": i.replay, "swap": i.swap}
	return modules.Exports{Default: functions, Named: functions}
}

// handle is a case as scripts see it.
type handle struct {
	Index  int    `js:"index"`
	Route  string `js:"route"`
	Name   string `js:"name"`
	File   string `js:"file"`
	Line   int    `js:"line"`
	Method string `js:"method"`
	// Repeatable tells that playing the case often and beside others changes nothing:
	// a plain request with a safe method (RFC 9110, section 9.2.1), sent once.
	Repeatable bool `js:"repeatable"`
	// Secret tells that the case needs the value of a secret.
	Secret bool `js:"secret"`
}

// load reads a set of cases, once for all virtual users.
func (i *instance) load(path string) ([]handle, error) {
	if i.vu.State() != nil {
		return nil, errors.New("lintel.load belongs in the init context: call it outside of functions")
	}
	set, err := i.read(path)
	if err != nil {
		return nil, err
	}
	i.set = set
	out := make([]handle, len(set.Cases))
	for n := range set.Cases {
		c := &set.Cases[n]
		out[n] = handle{
			Index: n, Route: c.Route, Name: c.Name, File: c.File, Line: c.Line,
			Method: c.Spec.Request.Method, Repeatable: repeatable(&c.Spec), Secret: secret(&c.Spec),
		}
	}
	return out, nil
}

func (m *module) read(path string) (*cases.Set, error) {
	if path == "" {
		return nil, errors.New("lintel.load needs the path of a set of cases; `lintel compile --cases FILE` writes one (LINTEL_CASES)")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if set := m.sets[path]; set != nil {
		return set, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the cases: %w", err)
	}
	defer f.Close()
	set, err := cases.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s holds no set of cases as `lintel compile --cases FILE` writes it: %w", path, err)
	}
	m.sets[path] = set
	return set, nil
}

func secret(s *cases.Spec) bool {
	refers := func(headers map[string]cases.Values) bool {
		for _, v := range headers {
			if v.Secret != nil {
				return true
			}
		}
		return false
	}
	return refers(s.Request.Headers) || s.Expect.Upstream != nil && refers(s.Expect.Upstream.Headers)
}

func repeatable(s *cases.Spec) bool {
	switch s.Request.Method {
	case "", "GET", "HEAD", "OPTIONS":
		return s.Request.Repeat <= 1 && s.Request.WebSocket == nil && s.Expect.Counts == nil && s.Expect.Duration == nil
	}
	return false
}
