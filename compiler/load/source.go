package load

import (
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/shape"
	"github.com/lintel-gateway/lintel/schemas"
)

// Source is a routes directory as it was read: nothing of it is evaluated yet.
type Source struct {
	o         Options
	tree      *tree
	found     diag.List
	sharedKey string
	keys      []string // of the domains, as they are without an environment
}

// Read reads a routes directory, its environments included.
func Read(o Options) (*Source, error) {
	root, err := o.open()
	if err != nil {
		return nil, err
	}
	defer root.close()
	t, found, err := discover(root, o.Base)
	if err != nil {
		return nil, err
	}
	s := &Source{o: o, tree: t, found: append(found, outdated(t, o)...)}
	s.sharedKey = sharedKey(o.Cache, t.shared)
	for _, d := range t.domains {
		s.keys = append(s.keys, domainKey(o.Cache, s.sharedKey, d))
	}
	return s, nil
}

// Environments lists the names of the environments, sorted.
func (s *Source) Environments() []string { return slices.Sorted(maps.Keys(s.tree.envs)) }

// Key names everything that a load of the environment is made of, "" when there is no
// cache or something to be said of the files already.
func (s *Source) Key(env string) string {
	if len(s.found) > 0 || s.o.Cache == nil {
		return ""
	}
	f := s.tree.envs[env]
	parts := append([]string{"whole", s.o.Base, s.sharedKey, env, f.name, string(f.data)}, s.keys...)
	return s.o.Cache.Key(parts...)
}

// Files are the texts of all files that a load of the environment reads.
func (s *Source) Files(env string) map[string][]byte {
	out := s.tree.texts()
	if f, ok := s.tree.envs[env]; ok {
		out[f.name] = f.data
	}
	return out
}

// EnvironmentFile is the name of an environment's file, as positions have it.
func (s *Source) EnvironmentFile(env string) string { return s.tree.envs[env].name }

// NoEnvironment says that a routes directory has no environment of a name.
type NoEnvironment struct {
	Name, Base string
	// Known are those that there are.
	Known []string
}

func (e *NoEnvironment) Error() string {
	dir := path.Join(e.Base, envFolder)
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no environment %q: %s has no file", e.Name, dir)
	}
	return fmt.Sprintf("there is no environment %q in %s: there is %s", e.Name, dir, strings.Join(e.Known, ", "))
}

// loader prepares to load one environment.
func (s *Source) loader(v View) (*loader, diag.List, error) {
	l := &loader{
		tree: s.tree, files: s.Files(v.Env), watchdog: newWatchdog(s.o.Limits),
		cache: s.o.Cache, workers: s.o.Workers, onlyCUE: s.o.OnlyCUE, closed: v.Closed,
		sharedKey: s.sharedKey, keys: s.keys,
	}
	l.schema = sync.OnceValues(func() (*shape.Schema, error) { return shape.Parse(schemas.Files()) })
	if l.workers <= 0 {
		l.workers = runtime.GOMAXPROCS(0)
	}
	if env := v.Env; env != "" {
		f, ok := s.tree.envs[env]
		if !ok {
			base := s.o.Base
			if base == "" {
				base = "routes"
			}
			return nil, nil, &NoEnvironment{Name: env, Base: base, Known: s.Environments()}
		}
		l.env = newEnvironment(env, f)
	}
	return l, slices.Clone(s.found), nil
}
