package runtime

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/lintel-gateway/lintel/runtime/h3"
)

// packetRetry is how often a process that takes over looks whether the UDP port is free.
const packetRetry = 100 * time.Millisecond

// openPackets opens the UDP sockets of HTTP/3, each with the address of its listener's. A
// process that takes over opens them when the one before has left them.
func (g *Gateway) openPackets(traffic [][]net.Listener) error {
	g.packets = make([]net.PacketConn, len(traffic))
	if g.taking != nil {
		return nil
	}
	for i := range traffic {
		if !g.cfg.Boot.Listeners[i].TakesHTTP3() {
			continue
		}
		var err error
		if g.packets[i], err = openPacket(traffic[i][0].Addr()); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gateway) closePackets() {
	for _, pc := range g.packets {
		if pc != nil {
			_ = pc.Close() // nothing came by it yet
		}
	}
}

// openPacket opens a UDP socket with the address of one of TCP.
func openPacket(a net.Addr) (net.PacketConn, error) {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("http3: the listener at %s has no port", a)
	}
	pc, err := net.ListenUDP("udp", &net.UDPAddr{IP: t.IP, Port: t.Port, Zone: t.Zone})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot listen on UDP %s: another process does; stop it, or choose another address: %w", a, err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on UDP %s: %w", a, err)
	}
	return pc, nil
}

// serveHTTP3 serves HTTP/3 beside a listener. After a handover the socket is the process
// before's until its connections have ended: a connection of QUIC belongs to the process
// that has its keys. Clients use TCP meanwhile.
func (g *Gateway) serveHTTP3(work context.Context, i int) error {
	pc := g.packets[i]
	for pc == nil {
		var err error
		if pc, err = openPacket(g.traffic[i][0].Addr()); err == nil {
			g.log.Info("HTTP/3 begins", "listen", pc.LocalAddr().String())
			break
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		select {
		case <-time.After(packetRetry):
		case <-work.Done():
			return nil
		}
	}
	return h3.Serve(work, g.engine, h3.Config{Listener: g.intake(i)}, pc)
}
