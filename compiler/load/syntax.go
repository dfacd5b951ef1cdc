package load

import (
	"bytes"
	"fmt"
	"regexp"

	"cuelang.org/go/cue/errors"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// syntaxError is the first error of a file; those after it are mostly its echo.
func syntaxError(f file, err error) diag.Diagnostic {
	e := errors.Errors(err)[0]
	format, args := e.Msg()
	d := diag.Diagnostic{
		Code: "syntax", Severity: diag.Error, Pos: index.At(e.Position()),
		Message: fmt.Sprintf(format, args...),
	}
	if !d.Pos.IsValid() {
		d.Pos = diag.Pos{File: f.name, Line: 1, Column: 1}
	}
	d.Hint = syntaxHint(f.data, d.Pos)
	return d
}

// dashed is a name with a dash that ends where CUE stopped.
var dashed = regexp.MustCompile(`[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)+$`)

// syntaxHint knows the habits that CUE's parser does not name.
func syntaxHint(data []byte, at diag.Pos) string {
	lines := bytes.Split(data, []byte("\n"))
	if at.Line > len(lines) {
		return ""
	}
	line := lines[at.Line-1]
	if name := dashed.Find(line[:min(len(line), at.Column-1)]); name != nil {
		return fmt.Sprintf("a name that holds \"-\" stands in quotes: %q", name)
	}
	return ""
}
