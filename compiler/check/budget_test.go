package check

import (
	"fmt"
	"testing"
)

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		parts       int
		size, limit int64
		want        string
	}{
		{1, 10 << 10, 100 << 10, "[]"},
		{8, 90 << 10, 100 << 10, "[]"},
		{8, 91 << 10, 100 << 10, "[warning: the bundle has 91 KiB, 91 % of the budget of 100 KiB [bundle-budget]]"},
		{9, 91 << 10, 100 << 10, "[the bundle fills 9 ConfigMaps with 91 KiB; the budget is 8 with 100 KiB [bundle-budget]]"},
		{8, 101 << 10, 100 << 10, "[the bundle fills 8 ConfigMaps with 101 KiB; the budget is 8 with 100 KiB [bundle-budget]]"},
	} {
		var got []string
		for _, d := range budget(c.parts, c.size, c.limit) {
			got = append(got, d.Line())
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d parts, %d of %d: %v, want %s", c.parts, c.size, c.limit, got, c.want)
		}
	}
}
