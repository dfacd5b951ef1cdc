// Package names is the DNS of the test cluster: it knows the services, and nothing else.
package names

import (
	"context"
	"errors"
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

// server remembers what it has told: it goes on telling that while the API server is down.
type server struct {
	client *kube.Client
	mu     sync.Mutex
	told   map[string]netip.Addr
}

// Serve answers questions at the UDP address until the context ends.
func Serve(ctx context.Context, address string, client *kube.Client) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return fmt.Errorf("serving names: %w", err)
	}
	s := &server{client: client, told: map[string]netip.Addr{}}
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
	o, err := s.client.Get(ctx, kube.Core(namespace, "services", service))
	s.mu.Lock()
	defer s.mu.Unlock()
	var answered *kube.Status
	if err == nil {
		text, _ := o.Spec["clusterIP"].(string)
		if ip, err := netip.ParseAddr(text); err == nil && ip.Is4() {
			s.told[name] = ip
		}
	} else if errors.As(err, &answered) {
		delete(s.told, name)
	}
	address, known = s.told[name]
	return address, known
}
