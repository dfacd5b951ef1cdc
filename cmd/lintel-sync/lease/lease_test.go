package lease

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestHolder bears an agent whose clock is some seconds off.
func TestHolder(t *testing.T) {
	now := time.Unix(1000, 0)
	id, none, seconds := "a", "", int32(15)
	at := func(d time.Duration) *metav1.MicroTime { m := metav1.NewMicroTime(now.Add(d)); return &m }
	for name, c := range map[string]struct {
		spec coordinationv1.LeaseSpec
		want string
	}{
		"fresh":        {coordinationv1.LeaseSpec{HolderIdentity: &id, RenewTime: at(-time.Second), LeaseDurationSeconds: &seconds}, "a"},
		"clock ahead":  {coordinationv1.LeaseSpec{HolderIdentity: &id, RenewTime: at(10 * time.Second), LeaseDurationSeconds: &seconds}, "a"},
		"clock behind": {coordinationv1.LeaseSpec{HolderIdentity: &id, RenewTime: at(-20 * time.Second), LeaseDurationSeconds: &seconds}, "a"},
		"gone":         {coordinationv1.LeaseSpec{HolderIdentity: &id, RenewTime: at(-time.Minute), LeaseDurationSeconds: &seconds}, ""},
		"released":     {coordinationv1.LeaseSpec{HolderIdentity: &none, RenewTime: at(0), LeaseDurationSeconds: &seconds}, ""},
		"never held":   {coordinationv1.LeaseSpec{}, ""},
	} {
		if got := holder(&coordinationv1.Lease{Spec: c.spec}, now); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
