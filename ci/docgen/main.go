// Command docgen writes the reference documents, each beside what it documents. It
// runs in the repository's root:
//
//	go run ./ci/docgen
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func generate(root string) error {
	ctx := context.Background()
	docs, err := references(ctx, root)
	if err != nil {
		return err
	}
	// What a program says of its own flags, it says itself.
	cmd := exec.CommandContext(ctx, "go", "run", "./cmd/lintel", "help", "--markdown")
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ask lintel for its reference: %w", err)
	}
	docs["cmd/lintel/REFERENCE.md"] = out.String()
	for name, text := range docs {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
