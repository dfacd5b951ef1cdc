package clientcertificate

import (
	"encoding/json"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/runtime/reason"
)

func TestRequest(t *testing.T) {
	c := &filter.Certificate{
		Subject: "CN=cart,O=Shop", SHA256: "aa11", DNSNames: []string{"Cart.internal", "a.batch.internal"},
		Emails: []string{"ops@shop.example"}, URIs: []string{"spiffe://shop.example/cart"},
	}
	for config, want := range map[string]bool{
		`{}`:                                                true,
		`{"names":["cart.internal"]}`:                       true,
		`{"names":["*.batch.internal"]}`:                    true,
		`{"names":["*.internal"]}`:                          true,
		`{"names":["*.a.batch.internal"]}`:                  false,
		`{"names":["ops@shop.example"]}`:                    true,
		`{"names":["SPIFFE://shop.example/cart"]}`:          true,
		`{"names":["shop.example"]}`:                        false,
		`{"subjects":["CN=cart,O=Shop"]}`:                   true,
		`{"subjects":["CN=cart"]}`:                          false,
		`{"sha256":["AA11"]}`:                               true,
		`{"sha256":["bb22"]}`:                               false,
		`{"sha256":["aa11"],"names":["other"]}`:             false,
		`{"sha256":["aa11"],"subjects":["CN=cart,O=Shop"]}`: true,
		`{"names":[],"subjects":[]}`:                        true,
	} {
		f, err := Spec().New(filter.Env{}, json.RawMessage(config))
		if err != nil {
			t.Fatal(err)
		}
		x := &filter.Exchange{Certificate: c}
		if got := f.(filter.RequestFilter).Request(x) == filter.Continue; got != want {
			t.Errorf("%s: taken is %v", config, got)
		}
		if want {
			continue
		}
		if _, _, answered := x.Answered(); !answered || x.Reason != reason.ClientCertificate || x.Status != 403 {
			t.Errorf("%s: the answer is %d %q", config, x.Status, x.Reason)
		}
	}
	f, _ := Spec().New(filter.Env{}, json.RawMessage(`{}`))
	if x := (&filter.Exchange{}); f.(filter.RequestFilter).Request(x) != filter.Stop {
		t.Error("a client without a certificate is taken")
	}
}
