package runtime

import (
	"io/fs"
	"net"
	"os"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/handover"
	"github.com/lintel-gateway/lintel/runtime/listen"
)

// Listen opens the listeners, or takes them from the process that this one replaces. Run
// does it too when it was not done before.
func (g *Gateway) Listen() (err error) {
	if g.admin != nil {
		return nil
	}
	if path := g.cfg.Boot.Handover; path != "" {
		if g.taking, err = handover.Take(path, g.log); err != nil {
			return err
		}
	}
	admin, err := g.open(adminName(&g.cfg.Boot), listen.Socket{Address: g.cfg.Boot.Admin.Address})
	var traffic [][]net.Listener
	names := trafficNames(g.cfg.Boot.Listeners)
	for i := 0; err == nil && i < len(names); i++ {
		var list []net.Listener
		list, err = g.open(names[i], socket(&g.cfg.Boot.Listeners[i]))
		traffic = append(traffic, list)
	}
	if err == nil {
		err = g.openPackets(traffic)
	}
	if path := g.cfg.Boot.Handover; err == nil && path != "" && g.taking == nil {
		g.offers, err = handover.Open(path, g.log)
	}
	if err != nil {
		listen.Close(admin)
		listen.Close(slices.Concat(traffic...))
		g.closePackets()
		if g.taking != nil {
			g.taking.Abandon()
		}
		return err
	}
	g.admin, g.traffic = admin[0], traffic
	return nil
}

// open takes the sockets with a name from the process before, or opens them.
func (g *Gateway) open(name string, s listen.Socket) ([]net.Listener, error) {
	if g.taking != nil {
		if list := g.taking.Sockets(name); len(list) > 0 {
			return list, nil
		}
	}
	if name, ok := strings.CutPrefix(s.Address, listen.SystemdPrefix); ok {
		passed, err := listen.ReadActivation(os.Getenv, os.Getpid())
		if err != nil {
			return nil, err
		}
		return passed.Open(name)
	}
	return listen.Open(s)
}

// socket is what a listener listens on.
func socket(l *boot.Listener) listen.Socket {
	s := listen.Socket{Address: l.Address, Mode: fs.FileMode(l.Mode)}
	if l.ReusePort {
		s.Spread = goruntime.GOMAXPROCS(0)
	}
	return s
}

// Connections is how many client connections are open.
func (g *Gateway) Connections() int64 { return g.engine.Connections() }

// AdminAddress is the address of the operator's endpoints, after Listen.
func (g *Gateway) AdminAddress() string { return g.admin.Addr().String() }

// Addresses are the addresses that take traffic, after Listen: host:port, or unix:PATH.
func (g *Gateway) Addresses() []string {
	out := make([]string, len(g.traffic))
	for i, list := range g.traffic {
		a := list[0].Addr()
		if out[i] = a.String(); a.Network() == "unix" {
			out[i] = listen.UnixPrefix + out[i]
		}
	}
	return out
}
