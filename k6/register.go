// Package k6 is the k6 extension of Lintel: the module "k6/x/lintel", which plays the
// test cases of a bundle against a gateway, and the subcommand "x lintel", which
// prints the scripts that use it. Importing the package registers both.
package k6

import (
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/subcommand"
)

// init is how k6 learns of its extensions.
func init() {
	modules.Register("k6/x/lintel", newModule())
	subcommand.RegisterExtension("lintel", newCommand)
}
