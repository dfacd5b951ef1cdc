package k6

import (
	"embed"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
	"go.k6.io/k6/cmd/state"

	"github.com/lintel-gateway/lintel/schemas/release"
)

// format is the version of what the scripts and their callers agree on: the variables
// LINTEL_*, the metrics and the lines of results.
const format = 1

//go:embed replay.js load.js swap.js lintel.d.ts
var scripts embed.FS

// newCommand makes the subcommand "x lintel".
func newCommand(gs *state.GlobalState) *cobra.Command {
	root := &cobra.Command{
		Use:   "lintel",
		Short: "Scripts and version of the extension of Lintel",
		Long:  "Lintel plays the test cases of a bundle against a gateway. These commands print the\nscripts that do so, and the extension's version.",
	}
	root.AddCommand(&cobra.Command{
		Use:       "script {replay|load|swap|types}",
		Short:     "Print a script, or the types of the module k6/x/lintel",
		Example:   "  lintel-k6 x lintel script replay | LINTEL_CASES=cases.json LINTEL_TARGET=127.0.0.1:8080 lintel-k6 run -",
		Args:      cobra.ExactValidArgs(1),
		ValidArgs: []string{"replay", "load", "swap", "types"},
		RunE: func(_ *cobra.Command, args []string) error {
			file := args[0] + ".js"
			if args[0] == "types" {
				file = "lintel.d.ts"
			}
			text, err := scripts.ReadFile(file)
			if err != nil {
				return err
			}
			_, err = gs.Stdout.Write(text)
			return err
		},
	}, &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the extension and of k6 as JSON",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			line, err := json.Marshal(struct {
				Extension string `json:"extension"`
				K6        string `json:"k6"`
				Format    int    `json:"format"`
			}{release.Version, k6Version(), format})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(gs.Stdout, "%s\n", line)
			return err
		},
	})
	return root
}

// k6Version is the version of k6 that this program was built with.
func k6Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, d := range info.Deps {
		if d.Path == "go.k6.io/k6" {
			return d.Version
		}
	}
	return "unknown"
}
