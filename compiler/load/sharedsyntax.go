package load

import (
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/lintel-gateway/lintel/compiler/load/accept"
	"github.com/lintel-gateway/lintel/compiler/load/quick"
	"github.com/lintel-gateway/lintel/schemas"
)

// sharedSyntax is the syntax of the shared files, parsed once for all domains. It is
// read only; CUE, which changes what it evaluates, gets trees of its own.
type sharedSyntax struct {
	files     []*ast.File
	templates templates
	quick     func() *quick.Shared
}

// newSharedSyntax is for shared files that are known to be clean. When the schema
// cannot be compiled for the quick evaluation, every domain goes to CUE; a test holds
// that it can.
func newSharedSyntax(shared []file) *sharedSyntax {
	s := &sharedSyntax{files: reparse(shared)}
	s.templates = templatesOf(s.files, nil)
	s.quick = sync.OnceValue(func() *quick.Shared {
		names, contents := schemas.Files()
		schema, err := accept.Parse(names, contents)
		if err != nil {
			return nil
		}
		lintel, err := parser.ParseFile(ownName, schemas.LintelCUE(""))
		if err != nil {
			return nil
		}
		return quick.New(schema, lintel, s.files)
	})
	return s
}
