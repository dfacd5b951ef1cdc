package reload

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lintel-gateway/lintel/runtime/runtimetest"
)

// The first bundle is loaded without rests, since nobody is served yet; a later one
// rests between its routes, in the decoding and in the build.
func TestRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := benchReloader(t)
		load := func(changed bool) time.Duration {
			all := domains(1000)
			if changed {
				for i := range all {
					for k := range all[i].Routes {
						all[i].Routes[k].OnRouteChange = "drain"
					}
				}
			}
			files := runtimetest.Bundle(t, "x", all...).Files()
			begin := time.Now()
			if err := r.load(files, false); err != nil {
				t.Fatal(err)
			}
			return time.Since(begin)
		}
		if took := load(false); took != 0 {
			t.Errorf("the first bundle rested for %s", took)
		}
		// 1,000 routes are decoded, built and planted.
		if took, least := load(true), 3*(1000/paceSteps-1)*paceRest; took < least {
			t.Errorf("the second bundle rested for %s, want %s or more", took, least)
		}
	})
}
