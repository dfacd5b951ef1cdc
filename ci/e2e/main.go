// Command e2e proves the delivery of a change on a real cluster that it makes itself:
// Kubernetes, Argo CD and all they need, in a sandbox that ends with it.
//
//	go run ./ci/e2e -print-bin    the folder with the programs of the cluster
//	go run ./ci/e2e -build api    build what an API server alone needs (all: everything)
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lintel-gateway/lintel/ci/e2e/binaries"
)

func main() {
	printBin := flag.Bool("print-bin", false, "print the folder with the programs of the cluster, and end")
	build := flag.String("build", "", "build the programs of the cluster that are missing (`api` or all), and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *printBin, *build); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, printBin bool, build string) error {
	folder, err := binaries.Folder("ci/e2e")
	if err != nil {
		return err
	}
	if printBin {
		fmt.Println(folder)
		return nil
	}
	of := binaries.All()
	if build == "api" {
		of = binaries.API()
	}
	return binaries.Build(ctx, "ci/e2e", folder, of, os.Stderr)
}
