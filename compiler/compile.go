// Package compiler turns a routes directory into a bundle: load, check, emit, and
// the proof that a gateway can build its table from the very bytes. It is one pure
// function of the files: same input, same bytes.
package compiler

import (
	"context"
	"io/fs"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/compiler/ir"
	"github.com/lintel-gateway/lintel/compiler/load"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// Options say what to compile. Dir or FS is needed; all else may be zero.
type Options struct {
	// Dir is the routes directory.
	Dir string
	// FS is read instead of Dir when it is set.
	FS fs.FS
	// Base is the first element of the file names in positions; absent: the base
	// name of Dir, or "routes".
	Base string
	// Env is the environment that is compiled, by the name of its file in _env; ""
	// means none.
	Env string
	// Group is the gateway group whose routes the bundle has; "" means ir.DefaultGroup.
	// The checks are of all groups.
	Group string
	// AllGroups is for who wants the findings: the bundle has the routes of all groups,
	// those that would tie if they were served together included.
	AllGroups bool
	// Revision names the input in the manifest, such as a Git commit.
	Revision string
	// Compiler names the tool and version that compiles; absent: "lintel". It is
	// part of the cache's keys.
	Compiler string
	// Cache is the folder of the content cache. Absent: LINTEL_CACHE, or lintel
	// below the user's cache directory; "off" means none.
	Cache string
	// Workers is how many domains are evaluated at once; 0 means GOMAXPROCS.
	Workers int
	// BundleOnly says that the caller has no use for the domains of the Program. When
	// nothing has changed since an earlier compile that found nothing to say, they are
	// left out.
	BundleOnly bool
	// Limits bound the evaluation of CUE.
	Limits load.Limits
}

// Result is what a compile came to.
type Result struct {
	// Program is what was loaded: the clean domains, as far as they are in the group when
	// there is a bundle, and the text of all files. With
	// Options.BundleOnly it may have no domains.
	Program *ir.Program
	// Bundle is nil when there are errors among the diagnostics. Every gateway can
	// decode it and build its table from it.
	Bundle *bundle.Encoded
	// Diagnostics are the findings, sorted.
	Diagnostics diag.List
	// Silenced are the findings that the authors have said may stay.
	Silenced []diag.Silenced
}

// Compile compiles a routes directory. Mistakes in route files are diagnostics;
// what keeps the compiler from working, such as a directory that cannot be read,
// is an error. After a diagnostic evaluation-limit a goroutine may still be
// running, which nothing can stop: print and end the process.
func Compile(ctx context.Context, o Options) (*Result, error) {
	c, err := open(o)
	if err != nil {
		return nil, err
	}
	defer c.kept.Trim()
	return c.compile(ctx, o.Env)
}
