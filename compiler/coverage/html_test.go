package coverage_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/lintel-gateway/lintel/compiler/coverage"
)

func pageOf(in coverage.Input) coverage.Page {
	p := coverage.Page{Title: "Coverage of routes", Digest: in.Cases.Bundle, Revision: "4f2c1d9", Duration: 3210 * time.Millisecond}
	for i := range in.Results {
		if r := &in.Results[i]; !r.Passed {
			p.Failures = append(p.Failures, coverage.Failure{
				Case: &in.Cases.Cases[r.Index], Result: r,
				Curl:   "curl --http1.1 -H 'x-stage: next' http://127.0.0.1:8080/cart/7",
				Reason: "the route shop.example/cart-read took the request: it stands before shop.example/rest, and everything that it asks for held",
			})
		}
	}
	return p
}

func html(t testing.TB, in coverage.Input, p coverage.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := compute(t, in).WriteHTML(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDraft(t *testing.T) {
	in := shop(t)
	os.WriteFile("/tmp/cov-shop.html", html(t, in, pageOf(in)), 0o644)
	in = example(t)
	os.WriteFile("/tmp/cov-example.html", html(t, in, pageOf(in)), 0o644)
}
