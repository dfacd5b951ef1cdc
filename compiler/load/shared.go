package load

import (
	"encoding/json"

	"cuelang.org/go/cue/ast"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load/cueerr"
	"github.com/lintel-gateway/lintel/compiler/load/index"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// keptShared is the shared part in the cache.
type keptShared struct {
	Def      route.Shared
	Settings ir.Settings
	Groups   map[string]ir.Group
}

// loadShared evaluates the files that apply to every domain on their own, so that
// their mistakes are told once. A clean result is cached.
func (l *loader) loadShared() (s ir.Shared, found diag.List, err error) {
	files := l.sharedFiles()
	lazy := l.placedShared(index.Lazy(func() []*ast.File { return reparse(files) }))
	key := ""
	if len(files) > 0 {
		key = l.cache.Key("shared part", l.sharedKey)
	}
	if data, ok := l.cache.Get(key); ok {
		var kept keptShared
		if json.Unmarshal(data, &kept) == nil {
			return ir.Shared{Def: kept.Def, Settings: kept.Settings, Groups: kept.Groups, Index: lazy}, nil, nil
		}
	}
	s, found, err = l.evaluateShared(files)
	s.Index = lazy
	if err == nil && len(found) == 0 {
		if data, err := json.Marshal(keptShared{s.Def, s.Settings, s.Groups}); err == nil {
			l.cache.Put(key, data)
		}
	}
	return s, found, err
}

func (l *loader) evaluateShared(shared []file) (s ir.Shared, found diag.List, err error) {
	in := ir.Evaluated{Value: &ir.Value{}, Index: index.New(nil)}
	if len(shared) > 0 {
		more, err := l.sharedValue(shared, &in)
		if err != nil || more.HasErrors() {
			return s, more, err
		}
		found = more
	}
	if l.env != nil {
		if wrong := l.env.applyShared(in.Value); len(wrong) > 0 {
			return s, append(found, wrong...), nil
		}
		in.Index = l.placedShared(in.Index)
	}
	schema, err := l.schema()
	if err != nil {
		return s, nil, err
	}
	s, more, err := ir.AssembleShared(schema, in)
	return s, append(found, more...), err
}

// sharedValue is what CUE makes of the shared files.
func (l *loader) sharedValue(shared []file, in *ir.Evaluated) (found diag.List, err error) {
	u := l.watchdog.enter("the shared files", largest(shared), 0)
	defer l.watchdog.leave(u)
	defer recovered(&found, largest(shared))

	schema, err := l.schema()
	if err != nil {
		return nil, err
	}
	files, found, fatal := parse(shared)
	if fatal {
		return found, nil
	}
	for _, f := range files {
		kind := sharedFile
		if l.env != nil && f.Filename == l.env.file.name {
			kind = environmentFile
		}
		found = append(found, checkNames([]*ast.File{f}, kind)...)
	}
	found = append(found, checkParams(files, templatesOf(files, nil), schema.Definitions())...)
	ix := index.New(files)
	w := &worker{loader: l}
	v, errs, err := w.value(files, 0)
	if err != nil {
		return nil, err
	}
	if errs != nil {
		return uncover(found, cueerr.Diagnose(errs, l.source(ix, v, files))), nil
	}
	if found.HasErrors() {
		return found, nil
	}
	raw, err := v.MarshalJSON()
	if err != nil {
		return append(found, cueerr.Diagnose(err, l.source(ix, v, files))...), nil
	}
	in.Value, err = ir.ReadValue(raw)
	in.Index = ix
	return found, err
}
