package proxy

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/filter/grpcweb"
	"github.com/lintel-gateway/lintel/schemas/route"
)

// TestGRPCWeb: whatever version the client speaks, and whatever form it asks in, its
// request is a call of gRPC for the upstream, and trailers come at the end of the content.
func TestGRPCWeb(t *testing.T) {
	up, _ := origin2(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("content-type", "application/grpc+proto")
		if r.URL.Path == "/refused" {
			w.Header().Set("grpc-status", "7")
			return
		}
		w.Header().Set("trailer", "Grpc-Status, Grpc-Message")
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Header.Get("content-type"), r.Header.Get("te"), b)
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set("Grpc-Message", "fine")
	})
	spec := grpcweb.Spec()
	edit := func(r *route.Route) { r.Filters = route.Filters{"grpcWeb": []byte(`{"text":true}`)} }
	g := serveOn(t, buildTableOf(t, []string{up}, []filter.Spec{spec}, edit, http2Upstream), Config{}, Listener{HTTP2: true})
	// net/http sends them in one order or the other.
	const trailers, turned = "grpc-status:0\r\ngrpc-message:fine\r\n", "grpc-message:fine\r\ngrpc-status:0\r\n"
	for version, c := range clients(t) {
		for _, n := range []int{0, 5, 300_000} {
			message := strings.Repeat("m", n)
			for _, sized := range []bool{true, false} {
				for _, kind := range []string{"application/grpc-web+proto", "application/grpc-web-text+proto"} {
					sent := message
					if strings.Contains(kind, "text") {
						// Two texts, one after the other.
						half := n / 2
						sent = base64.StdEncoding.EncodeToString([]byte(message[:half])) + base64.StdEncoding.EncodeToString([]byte(message[half:]))
					}
					var body io.Reader = strings.NewReader(sent)
					if !sized {
						body = unsized{body}
					}
					r := request(t, "POST", "http://"+g.addr+"/call", body)
					r.Header.Set("content-type", kind)
					resp, err := c.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if strings.Contains(kind, "text") {
						var q quantum
						plain, ok := q.decode(nil, got)
						if !ok || q.n > 0 {
							t.Fatalf("%s: %q is no base64", version, got)
						}
						got = plain
					}
					want := fmt.Sprintf("application/grpc+proto trailers %s\x80\x00\x00\x00%c%s", message, len(trailers), trailers)
					got = bytes.Replace(got, []byte(turned), []byte(trailers), 1)
					if err != nil || resp.StatusCode != 200 || string(got) != want || resp.Header.Get("content-type") != kind {
						t.Errorf("%s, %s, %d bytes, sized %v: %d %q, %d bytes %.60q, %v", version, kind, n, sized, resp.StatusCode, resp.Header.Get("content-type"), len(got), got, err)
					}
				}
			}
		}
		for path, want := range map[string]string{"/refused": "7", "/%2": ""} {
			r := request(t, "POST", "http://"+g.addr, nil)
			r.URL.Opaque = path
			r.Header.Set("content-type", "application/grpc-web")
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.Header.Get("grpc-status") != want || want != "" && len(b) > 0 {
				t.Errorf("%s %s: %v %q", version, path, resp.Header, b)
			}
		}
		r := request(t, "POST", "http://"+g.addr+"/call", strings.NewReader("no base64!"))
		r.Header.Set("content-type", "application/grpc-web-text")
		if resp, err := c.Do(r); err != nil || resp.Header.Get("grpc-status") != "13" || resp.Header.Get("content-type") != "application/grpc-web-text" {
			t.Errorf("%s: %v %v", version, resp, err)
		}
	}
	// An upstream that is away: the error of the gateway is one of gRPC-Web.
	g = serveOn(t, buildTableOf(t, []string{closedAddr(t)}, []filter.Spec{spec}, edit, http2Upstream), Config{}, Listener{})
	r := request(t, "POST", "http://"+g.addr+"/call", bytes.NewReader(nil))
	r.Header.Set("content-type", "application/grpc-web")
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 200 || resp.Header.Get("grpc-status") != "14" || resp.Header.Get("content-type") != "application/grpc-web" {
		t.Errorf("%v %v", resp, err)
	}
}
