package grpcweb

import (
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
)

func TestContentTypes(t *testing.T) {
	for _, c := range []struct {
		text       bool
		sent, up   string
		web        filter.Web
		back, down string
	}{
		{true, "application/grpc-web", "application/grpc", filter.WebBinary, "application/grpc", "application/grpc-web"},
		{true, "Application/gRPC-Web+proto", "application/grpc+proto", filter.WebBinary, "application/grpc+proto", "application/grpc-web+proto"},
		{true, "application/grpc-web-text; charset=x", "application/grpc; charset=x", filter.WebText, "application/grpc", "application/grpc-web-text"},
		{false, "application/grpc-web-text", "application/grpc-web-text", filter.NoWeb, "application/grpc", "application/grpc"},
		{true, "application/grpc", "application/grpc", filter.NoWeb, "application/grpc", "application/grpc"},
		{true, "application/grpc-website", "application/grpc-website", filter.NoWeb, "text/html", "text/html"},
		{true, "application/grpc-web", "application/grpc", filter.WebBinary, "text/html", "text/html"},
		{true, "", "", filter.NoWeb, "text/html", "text/html"},
	} {
		x := &filter.Exchange{}
		if c.sent != "" {
			x.Header.Add("Content-Type", c.sent)
		}
		f := bridge{c.text}
		f.Request(x)
		up, _ := x.Header.Get("content-type")
		if up != c.up || x.Web != c.web {
			t.Errorf("%q goes up as %q, %v", c.sent, up, x.Web)
		}
		x.Response.Add("content-type", c.back)
		f.Response(x)
		if down, _ := x.Response.Get("content-type"); down != c.down {
			t.Errorf("%q: %q comes down as %q", c.sent, c.back, down)
		}
		if c.back == "text/html" && x.Web != filter.NoWeb {
			t.Errorf("%q: an answer that is no gRPC is framed as one", c.sent)
		}
	}
}
