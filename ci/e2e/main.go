// Command e2e proves the delivery of a change on a real cluster that it makes itself:
// Kubernetes, Argo CD and all they need, in a sandbox that ends with it.
//
//	go run ./ci/e2e               every scenario; -run REGEXP chooses, -list names them
//	go run ./ci/e2e -api          those that an API server alone can judge; needs no root
//	go run ./ci/e2e -build all    build the programs of the cluster that are missing (or api)
//	go run ./ci/e2e -print-bin    the folder with the programs of the cluster
//	go run ./ci/e2e -print-kind   whole, when every scenario can run here and now; else api
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lintel-gateway/lintel/ci/e2e/binaries"
	"github.com/lintel-gateway/lintel/ci/e2e/sandbox"
)

// options are what the command line says.
type options struct {
	api, list, keep     bool
	build, run, results string
	programs, images    string
	printBin, printKind bool
	inside              string
	e2e                 string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Argument {
		os.Exit(sandbox.Init(os.Args[2:]))
	}
	o := options{e2e: "ci/e2e"}
	flag.BoolVar(&o.printBin, "print-bin", false, "print the folder with the programs of the cluster, and end")
	flag.BoolVar(&o.printKind, "print-kind", false, "print whole when a whole cluster can run here and its programs are built (or LINTEL_E2E=require), else api, and end")
	flag.StringVar(&o.build, "build", "", "build the programs of the cluster that are missing (`api` or all), and end")
	flag.BoolVar(&o.api, "api", false, "only what an API server alone can judge")
	flag.BoolVar(&o.list, "list", false, "name the scenarios, and end")
	flag.StringVar(&o.run, "run", "", "run the scenarios whose names match the `REGEXP`, and what they need")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder of the run, which a run that failed keeps in any case")
	flag.StringVar(&o.results, "results", "", "write the table of results to the `FILE`")
	flag.StringVar(&o.programs, "programs", "bin", "`DIR` with lintel, lintel-gateway, lintel-k6 and lintel-sync")
	flag.StringVar(&o.images, "images", "bin/images", "`DIR` with the images")
	flag.StringVar(&o.inside, "inside", "", "`DIR` of the run, for the program in the sandbox")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(status(run(ctx, o)))
}

// skipped is why the test cannot run here.
type skipped struct{ why error }

func (s skipped) Error() string { return s.why.Error() }

// status is the exit status: a skip is told loudly, and fails where a run is required.
func status(err error) int {
	var skip skipped
	switch {
	case err == nil:
		return 0
	case errors.As(err, &skip) && os.Getenv("LINTEL_E2E") != "require":
		fmt.Fprintf(os.Stderr, "=== SKIPPED: the end-to-end test cannot run here: %v ===\n", err)
		return 0
	default:
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
}

func run(ctx context.Context, o options) error {
	switch {
	case o.inside != "":
		return inside(ctx, o)
	case o.list:
		return list(o)
	}
	folder, err := binaries.Folder(o.e2e)
	if err != nil {
		return err
	}
	switch {
	case o.printBin:
		fmt.Println(folder)
		return nil
	case o.printKind:
		kind, why := kind(folder)
		if why != nil {
			fmt.Fprintln(os.Stderr, "e2e: only what an API server can judge:", why)
		}
		fmt.Println(kind)
		return nil
	case o.build == "api":
		return binaries.Build(ctx, o.e2e, folder, binaries.API(), os.Stderr)
	case o.build == "all":
		return everything(ctx, o, folder)
	case o.build != "":
		return fmt.Errorf("-build is api or all, not %q", o.build)
	case o.api:
		return onlyAPI(ctx, o, folder)
	default:
		return whole(ctx, o, folder)
	}
}
