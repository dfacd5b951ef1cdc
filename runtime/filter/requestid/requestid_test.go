package requestid

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/lintel-gateway/lintel/runtime/filter"
	"github.com/lintel-gateway/lintel/schemas/route"
)

var form = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func run(t *testing.T, config, sent string) (x *filter.Exchange) {
	t.Helper()
	reg, err := filter.NewRegistry([]filter.Spec{Spec()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := reg.Build(filter.Env{}, route.Filters{"requestId": json.RawMessage(config)})
	if err != nil {
		t.Fatal(err)
	}
	x = &filter.Exchange{}
	if sent != "" {
		x.Header.Add("X-Request-Id", sent)
	}
	n, _ := c.RunRequest(x)
	c.RunResponse(x, n)
	return x
}

func TestStamp(t *testing.T) {
	x := run(t, `{"header":"x-request-id","keep":false,"response":true}`, "spoofed")
	up, _ := x.Header.Get("x-request-id")
	down, _ := x.Response.Get("x-request-id")
	if !form.MatchString(x.ID) || up != x.ID || down != x.ID || len(x.Header.Fields()) != 1 {
		t.Errorf("id %q, upstream %v, client %q", x.ID, x.Header.Fields(), down)
	}
	if other := run(t, `{"header":"x-request-id","keep":false,"response":false}`, ""); other.ID == x.ID || len(other.Response.Fields()) != 0 {
		t.Errorf("second id %q, response %v", other.ID, other.Response.Fields())
	}
}

func TestKeep(t *testing.T) {
	config := `{"header":"x-request-id","keep":true,"response":true}`
	if x := run(t, config, "bank-42"); x.ID != "bank-42" {
		t.Errorf("a good id was replaced by %q", x.ID)
	}
	for _, bad := range []string{"a b", "a\"", string(make([]byte, 129))} {
		if x := run(t, config, bad); !form.MatchString(x.ID) {
			t.Errorf("%q was kept", bad)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, config := range []string{`{"header":"connection"}`, `{"header":"a b"}`, `{"header":""}`} {
		if _, err := Spec().New(filter.Env{}, json.RawMessage(config)); err == nil {
			t.Errorf("%s was built", config)
		}
	}
}
