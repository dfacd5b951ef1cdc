// Command charts writes what is generated about charts/: the chart's README, and the
// schemas that manifests are checked by.
//
//	charts readme CHART               prints CHART/README.md
//	charts schemas DIR                writes schemas of Kubernetes and Argo CD into DIR
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lintel-gateway/lintel/ci/charts/readme"
	"github.com/lintel-gateway/lintel/ci/charts/schema"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: charts readme CHART | charts schemas DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "charts:", err)
		os.Exit(1)
	}
}

func run(verb, dir string) error {
	switch verb {
	case "readme":
		text, err := readme.Of(dir)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(text)
		return err
	case "schemas":
		files, err := schema.All(schema.Module)
		if err != nil {
			return err
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("there is no verb %q; there are readme and schemas", verb)
}
