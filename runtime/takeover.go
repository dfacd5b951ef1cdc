package runtime

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/handover"
	"github.com/lintel-gateway/lintel/runtime/listen"
)

// adminName and trafficNames are the names of the sockets in a handover: what they are
// for and the address as the boot config writes it. Listeners with the same address are
// told apart by their order.
func adminName(b *boot.Config) string { return "admin " + b.Admin.Address }

func trafficNames(list []boot.Listener) []string {
	out := make([]string, len(list))
	times := map[string]int{}
	for i := range list {
		a := list[i].Address
		out[i] = fmt.Sprintf("traffic %d %s", times[a], a)
		times[a]++
	}
	return out
}

// awaitBundle waits, in a process that takes over, until a bundle is in service. Without
// one the process before goes on, and this one ends.
func (g *Gateway) awaitBundle(ctx context.Context) error {
	if g.taking == nil {
		return nil
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	end := time.After(g.patience)
	var err error
	for g.holder.Current() == nil && err == nil {
		select {
		case <-look.C:
		case <-ctx.Done():
			err = fmt.Errorf("handover: stopped before a bundle came into service; the process before goes on")
		case <-end:
			err = fmt.Errorf("handover: no bundle came into service within %v; the process before goes on", g.patience)
		}
	}
	if err != nil {
		g.taking.Abandon()
		listen.Close(append(slices.Concat(g.traffic...), g.admin))
		g.closePackets()
	}
	return err
}

// offer ends the handover from the process before, and begins to wait for the next one,
// which is given the sockets; then handed is called. withdraw ends that.
func (g *Gateway) offer(handed func()) (withdraw func()) {
	if g.taking != nil {
		g.offers = g.taking.Ready()
		g.log.Info("gateway has taken over")
	}
	if g.offers == nil {
		return func() {}
	}
	list := []handover.Socket{{Name: adminName(&g.cfg.Boot), Listener: g.admin}}
	for i, name := range trafficNames(g.cfg.Boot.Listeners) {
		for _, ln := range g.traffic[i] {
			list = append(list, handover.Socket{Name: name, Listener: ln})
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.offers.Run(ctx, list, handed)
	}()
	return func() { cancel(); <-done }
}
