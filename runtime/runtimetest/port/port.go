// Package port finds addresses for the programs that tests start.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Those below are for the system's services; above are Kubernetes' node ports, and then what
// Linux and others hand out by themselves, to who connects and to who listens on port 0.
const low, high = 20_000, 30_000

// Free is an address on loopback that nothing listens on. Nobody is handed its port by the
// system before the program that it is meant for listens there. The error is that of the
// last of many ports that were tried.
func Free() (address string, err error) {
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", low+rand.IntN(high-low))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("no free port: %w", err)
}
