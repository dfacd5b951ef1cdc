package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/schemas"
)

// contextBytes is how much source one CUE context evaluates before it is
// dropped: a context keeps all it ever made.
const contextBytes = 64 << 10

// builtins are the CUE packages that a route file may import: all of them are
// pure functions of their arguments.
func builtins() []string {
	return []string{
		"strings", "list", "struct", "math", "regexp", "net", "strconv", "time",
		"encoding/json", "encoding/base64", "encoding/hex",
	}
}

func builtin(path string) bool { return slices.Contains(builtins(), path) }

// isSchemas tells whether an import means the schema, under any module's name.
func isSchemas(path string) bool {
	path, _, _ = strings.Cut(path, ":")
	return path == "schemas" || strings.HasSuffix(path, "/schemas")
}

// evaluator evaluates packages in one CUE context. It belongs to one goroutine.
type evaluator struct {
	ctx    *cue.Context
	build  *build.Context
	schema *build.Instance
	used   int
}

func newEvaluator() (*evaluator, error) {
	e := &evaluator{ctx: cuecontext.New()}
	e.build = build.NewContext(build.Loader(e.load))
	e.schema = e.build.NewInstance("", nil)
	e.schema.ImportPath = schemas.Module + "/schemas"
	names, contents := schemas.Files()
	for i, name := range names {
		f, err := parser.ParseFile(embeddedPrefix+name, contents[i])
		if err != nil {
			return nil, fmt.Errorf("parse schema: %w", err)
		}
		if err := e.schema.AddSyntax(f); err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
	}
	if err := e.schema.Complete(); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return e, nil
}

// load is CUE's import function. The guard has refused every other import
// already; this one keeps CUE from looking anywhere else.
func (e *evaluator) load(pos token.Pos, path string) *build.Instance {
	if path == e.schema.ImportPath {
		return e.schema
	}
	if builtin(path) {
		return nil
	}
	in := e.build.NewInstance("", nil)
	in.Err = errors.Newf(pos, "import %q is not allowed", path)
	return in
}

// spent tells whether the context should be dropped.
func (e *evaluator) spent() bool { return e.used > contextBytes }

// evaluate makes one value of the files and Lintel's own lintel.cue, which gives the
// schema its names. The files are resolved in place and must not be used again for
// another package.
func (e *evaluator) evaluate(lintel []byte, files []*ast.File) (cue.Value, errors.Error) {
	in := e.build.NewInstance("", nil)
	own, err := parser.ParseFile(ownName, lintel)
	if err != nil {
		return cue.Value{}, errors.Promote(err, "lintel.cue")
	}
	for _, f := range append([]*ast.File{own}, files...) {
		// Whatever name a repository has for the schema, it is one package.
		for spec := range f.ImportSpecs() {
			if path, err := literal.Unquote(spec.Path.Value); err == nil && isSchemas(path) {
				spec.Path.Value = strconv.Quote(e.schema.ImportPath)
			}
		}
		if err := in.AddSyntax(f); err != nil {
			return cue.Value{}, err
		}
	}
	_ = in.Complete() // its result is in.Err
	if in.Err != nil {
		return cue.Value{}, in.Err
	}
	if in.ResolutionErr != nil {
		return cue.Value{}, errors.Promote(in.ResolutionErr, "")
	}
	return e.ctx.BuildInstance(in), nil
}

// ownName is how errors name the embedded lintel.cue: no author's file.
const ownName = embeddedPrefix + lintelFile

// embeddedPrefix begins the names of the compiler's own files. An author's file
// name begins with the routes directory, and so never with this.
const embeddedPrefix = "lintel:schemas/"
