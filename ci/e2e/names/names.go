// Package names is the DNS of the test cluster: it knows the services, and nothing else.
package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/lintel-gateway/lintel/ci/e2e/kube"
	"golang.org/x/net/dns/dnsmessage"
)

// Domain is what the names of services end with.
const Domain = "cluster.local"

// server remembers all services, asked for or not: it goes on telling of them while the
// API server is down, as the DNS of a cluster does, which watches them.
type server struct {
	client *kube.Client
	mu     sync.Mutex
	known  map[key]netip.Addr
}

type key struct{ namespace, name string }

// Serve answers questions at the UDP address until the context ends.
func Serve(ctx context.Context, address string, client *kube.Client) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return fmt.Errorf("serving names: %w", err)
	}
	s := &server{client: client, known: map[key]netip.Addr{}}
	context.AfterFunc(ctx, func() { conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			question := append([]byte(nil), buf[:n]...)
			go func() {
				if text, err := s.answer(ctx, question); err == nil {
					_, _ = conn.WriteTo(text, from) // who hears nothing asks again
				}
			}()
		}
	}()
	return nil
}

func (s *server) answer(ctx context.Context, question []byte) ([]byte, error) {
	var p dnsmessage.Parser
	head, err := p.Start(question)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil {
		return nil, err
	}
	address, known := s.lookup(ctx, q.Name.String())
	head.Response, head.Authoritative, head.RecursionAvailable = true, true, true
	if !known {
		head.RCode = dnsmessage.RCodeNameError
	}
	b := dnsmessage.NewBuilder(nil, head)
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	if err := b.Question(q); err != nil {
		return nil, err
	}
	if err := b.StartAnswers(); err != nil {
		return nil, err
	}
	if known && q.Type == dnsmessage.TypeA {
		err := b.AResource(dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1}, dnsmessage.AResource{A: address.As4()})
		if err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// lookup finds the address of a service by its full name.
func (s *server) lookup(ctx context.Context, name string) (address netip.Addr, known bool) {
	name, ok := strings.CutSuffix(strings.ToLower(name), ".svc."+Domain+".")
	if !ok {
		return address, false
	}
	service, namespace, ok := strings.Cut(name, ".")
	if !ok || strings.Contains(namespace, ".") {
		return address, false
	}
	services, err := s.client.List(ctx, "/api/v1/services", "")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		clear(s.known)
		for _, o := range services {
			text, _ := o.Spec["clusterIP"].(string)
			if ip, err := netip.ParseAddr(text); err == nil && ip.Is4() {
				s.known[key{o.Metadata.Namespace, o.Metadata.Name}] = ip
			}
		}
	}
	address, known = s.known[key{namespace, service}]
	return address, known
}
