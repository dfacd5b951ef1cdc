package check

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/diag"
	"github.com/lintel-gateway/lintel/schemas/bundle"
)

// MaxConfigMaps is the budget of a bundle: how many ConfigMaps it may fill. A
// projected volume takes more, but a bundle that needs them is better divided among
// gateway groups.
const MaxConfigMaps = 8

// nearlyFull is the share of the budget that is worth a warning, in percent.
const nearlyFull = 90

const budgetHint = "divide the routes among gateway groups, or remove what is not used"

// Budget checks the size of an emitted bundle: a warning (bundle-budget) from 90 % of
// what MaxConfigMaps hold, an error above all of it.
func Budget(b *bundle.Encoded) diag.List {
	return budget(len(bundle.ConfigMaps(b, "bundle", "")), b.Size(), MaxConfigMaps*bundle.PartBytes)
}

// Overflow makes a finding of an error of encoding a bundle that exceeds what a
// gateway takes in at all; other errors are none.
func Overflow(err error) diag.List {
	if bundle.CodeOf(err) != bundle.CodeTooLarge {
		return nil
	}
	return diag.List{{Code: "bundle-budget", Severity: diag.Error, Message: err.Error(), Hint: budgetHint}}
}

func budget(parts int, size, limit int64) diag.List {
	d := diag.Diagnostic{Code: "bundle-budget", Hint: budgetHint}
	switch {
	case parts > MaxConfigMaps || size > limit:
		d.Severity = diag.Error
		d.Message = fmt.Sprintf("the bundle fills %d ConfigMaps with %d KiB; the budget is %d with %d KiB", parts, size>>10, MaxConfigMaps, limit>>10)
	case size*100 > limit*nearlyFull:
		d.Severity = diag.Warning
		d.Message = fmt.Sprintf("the bundle has %d KiB, %d %% of the budget of %d KiB", size>>10, size*100/limit, limit>>10)
	default:
		return nil
	}
	return diag.List{d}
}
