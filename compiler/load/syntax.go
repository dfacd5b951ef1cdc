package load

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/load/index"
)

// syntaxError is the first error of a file; those after it are mostly its echo.
func syntaxError(f file, err error) diag.Diagnostic {
	e := errors.Errors(err)[0]
	format, args := e.Msg()
	d := diag.Diagnostic{
		Code: "syntax", Severity: diag.Error, Pos: index.At(e.Position()),
		Message: plainSyntax(fmt.Sprintf(format, args...)),
	}
	if !d.Pos.IsValid() {
		d.Pos = diag.Pos{File: f.name, Line: 1, Column: 1}
	}
	// CUE puts the end of a file behind its last line.
	if lines := bytes.Split(f.data, []byte("\n")); d.Pos.Line <= len(lines) {
		d.Pos.Column = min(d.Pos.Column, len(bytes.TrimSuffix(lines[d.Pos.Line-1], []byte("\r")))+1)
	}
	if pos, ok := unfinishedMerge(f); ok {
		d.Pos, d.Message, d.Hint = pos, "a merge was not finished in this file", "keep one side, and remove the lines of <, = and >"
		return d
	}
	if strings.HasSuffix(d.Message, "found the end of the file") {
		if pos, what, ok := unclosed(f); ok {
			d.Pos, d.Message = pos, fmt.Sprintf("the %q that stands here is never closed", what)
			return d
		}
	}
	d.Hint = syntaxHint(f.data, d.Pos, d.Message)
	return d
}

var (
	expected = regexp.MustCompile(`^expected (.+), found (.+)$`)
	quoted   = regexp.MustCompile(`'([^']+)'`)
)

// plainSyntax says in plain words what CUE's parser says in names of its tokens.
func plainSyntax(message string) string {
	if strings.HasPrefix(message, "missing ',' ") {
		return "a comma or the end of the line is missing here"
	}
	m := expected.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	word := func(s string) string {
		switch s {
		case "EOF":
			return "the end of the file"
		case "newline":
			return "the end of the line"
		case "IDENT":
			return "a name"
		case "STRING":
			return "text"
		}
		return `"` + s + `"`
	}
	want := m[1]
	switch {
	case want == "operand":
		want = "a value"
	case strings.HasPrefix(want, "label or"):
		want = `":"`
	default:
		want = quoted.ReplaceAllStringFunc(want, func(q string) string { return word(strings.Trim(q, "'")) })
	}
	found := m[2]
	kind := quoted.FindString(found)
	if literal := strings.TrimSpace(strings.TrimPrefix(found, kind)); literal != "" && kind != "" {
		if found = literal; !strings.HasPrefix(found, `"`) {
			found = `"` + found + `"`
		}
	} else if kind != "" {
		found = word(strings.Trim(kind, "'"))
	}
	return fmt.Sprintf("expected %s, found %s", want, found)
}

// unfinishedMerge finds the marks that Git leaves in a file.
func unfinishedMerge(f file) (diag.Pos, bool) {
	if i := bytes.Index(f.data, []byte("\n<<<<<<< ")); i >= 0 && bytes.Contains(f.data[i:], []byte("\n>>>>>>> ")) {
		p := placeOf(f.name, f.data, i+1)
		p.EndLine, p.EndColumn = p.Line, p.Column+7
		return p, true
	}
	return diag.Pos{}, false
}

// unclosed finds the innermost bracket that is still open at the end of the file.
func unclosed(f file) (diag.Pos, string, bool) {
	var s scanner.Scanner
	file := token.NewFile(f.name, -1, len(f.data))
	s.Init(file, f.data, nil, 0)
	type bracket struct {
		pos  token.Pos
		what string
	}
	var open []bracket
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.LBRACE, token.LBRACK, token.LPAREN:
			open = append(open, bracket{pos, tok.String()})
		case token.RBRACE, token.RBRACK, token.RPAREN:
			if len(open) == 0 {
				return diag.Pos{}, "", false
			}
			open = open[:len(open)-1]
		case token.INTERPOLATION: // only the parser knows where it ends
			return diag.Pos{}, "", false
		case token.EOF:
			if len(open) == 0 {
				return diag.Pos{}, "", false
			}
			last := open[len(open)-1]
			return index.At(last.pos), last.what, true
		}
	}
}
