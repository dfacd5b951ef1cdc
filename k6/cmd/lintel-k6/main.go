// Command lintel-k6 is k6 with the extension of Lintel. It is what xk6 builds, for
// machines on which xk6 does not work.
package main

import (
	"go.k6.io/k6/cmd"

	_ "github.com/lintel-gateway/lintel/k6"
)

func main() { cmd.Execute() }
