// Command image writes the container images of Lintel without a container daemon: an
// archive for each, which containerd and Docker import, and all of them as one OCI
// layout. The same sources give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options are what the command line says.
type options struct {
	root, out, registry, tag, go_ string
	platforms                     []platform
	only                          []string
	bin                           string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var o options
	fs := flag.NewFlagSet("image", flag.ExitOnError)
	fs.StringVar(&o.root, "root", ".", "the repository's `DIR`")
	fs.StringVar(&o.out, "out", "bin/images", "`DIR` that the images are written to")
	fs.StringVar(&o.registry, "registry", "lintel.local", "`NAME` before the images' names")
	fs.StringVar(&o.tag, "tag", "", "`TAG` of the images (default the release)")
	fs.StringVar(&o.go_, "go", "go", "the `COMMAND` that builds")
	fs.StringVar(&o.bin, "bin", "", "`DIR` with programs that are built, instead of building them; for one platform only")
	platforms := fs.String("platforms", "", "comma-separated `OS/ARCH` to build for (default this machine's)")
	only := fs.String("only", "", "comma-separated `IMAGES` to write (default all)")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	var err error
	if o.platforms, err = parsePlatforms(*platforms); err != nil {
		return err
	}
	if o.bin != "" && len(o.platforms) > 1 {
		return fmt.Errorf("-bin has programs of one platform; name one in -platforms")
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	wanted, err := choose(o.only)
	if err != nil {
		return err
	}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	if o.tag == "" {
		if o.tag, err = releaseOf(o.root); err != nil {
			return err
		}
	}
	return write(o, wanted)
}
