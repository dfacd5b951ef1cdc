package runtime

import (
	"io/fs"
	"net"
	goruntime "runtime"

	"github.com/lintel-gateway/lintel/runtime/boot"
	"github.com/lintel-gateway/lintel/runtime/listen"
)

// Listen opens the listeners. Run does it too when it was not done before.
func (g *Gateway) Listen() error {
	if g.admin != nil {
		return nil
	}
	admin, err := listen.Open(listen.Socket{Address: g.cfg.Boot.Admin.Address})
	if err != nil {
		return err
	}
	var traffic [][]net.Listener
	for i := range g.cfg.Boot.Listeners {
		list, err := listen.Open(socket(&g.cfg.Boot.Listeners[i]))
		if err != nil {
			listen.Close(admin)
			for _, opened := range traffic {
				listen.Close(opened)
			}
			return err
		}
		traffic = append(traffic, list)
	}
	g.admin, g.traffic = admin[0], traffic
	return nil
}

// socket is what a listener listens on.
func socket(l *boot.Listener) listen.Socket {
	s := listen.Socket{Address: l.Address, Mode: fs.FileMode(l.Mode)}
	if l.ReusePort {
		s.Spread = goruntime.GOMAXPROCS(0)
	}
	return s
}

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
