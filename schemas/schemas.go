// Package schemas embeds the CUE files that define what an author may write in
// route files. The compiler evaluates routes against these embedded files,
// whatever copy a repository holds, so that one build of Lintel knows one
// language.
package schemas

import (
	"bytes"
	"embed"
	"io/fs"
)

// FS holds the schema's files (*.cue, package schemas).
//
//go:embed *.cue
var FS embed.FS

//go:embed lintel.cue.tmpl
var lintelCUE []byte

// Module is the CUE module path that LintelCUE is written for when a repository
// has none of its own.
const Module = "lintel.local/routes"

// LintelCUE returns the text of routes/lintel.cue for a repository whose CUE
// module has the given path (without a version suffix), such as
// "example.com/gateway". An empty module means Module.
func LintelCUE(module string) []byte {
	if module == "" {
		module = Module
	}
	return bytes.Replace(lintelCUE, []byte("MODULE"), []byte(module), 1)
}

// Files returns the schema's files: their base names, sorted, and their contents
// in the same order.
func Files() (names []string, contents [][]byte) {
	entries, err := fs.ReadDir(FS, ".")
	if err != nil {
		panic("schemas: embedded files cannot be listed: " + err.Error())
	}
	for _, e := range entries {
		b, err := fs.ReadFile(FS, e.Name())
		if err != nil {
			panic("schemas: embedded file cannot be read: " + err.Error())
		}
		names = append(names, e.Name())
		contents = append(contents, b)
	}
	return names, contents
}
