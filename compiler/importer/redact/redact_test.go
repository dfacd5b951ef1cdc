package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKind(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "web token"},
		{"Bearer abcdef", "credential"},
		{"bearer%20abcdef", "credential"},
		{"Bearer+abcdef", "credential"},
		{"https://bob:pw@host.example/", "credential"},
		{"AKIAIOSFODNN7EXAMPLE", "credential"},
		{`mutation{login(password: "x")}`, "credential"},
		{"alice@mail.example", "e-mail address"},
		{"alice%40mail.example", "e-mail address"},
		{"alice%2540mail.example", "e-mail address"},
		{"%zz alice%40mail.example", "e-mail address"},
		{"to alice@mail.example, soon", "e-mail address"},
		{"4111 1111 1111 1111", "card number"},
		{"5500-0000-0000-0004", "card number"},
		{"no4111111111111111x", "card number"},
		{"99994111111111111111", "card number"},
		{"DE89 3704 0044 0532 0130 00", "IBAN"},
		{"gb82west12345698765432", "IBAN"},
		{"550e8400-e29b-41d4-a716-446655440000", "random text"},
		{"d41d8cd98f00b204e9800998ecf8427e", "random text"},
		{"order/d41d8cd98f00b204e9800998ecf8427e/confirmation-of-the-account", "random text"},
		{"dGhpcyBpcyBhIHNlY3JldCBvZiBtaW5l", "random text"},
		{"x8Kd_92mQ-1LpZ7vR3tYw", "random text"},
		{strings.Repeat("a ", 2000), "long value"},
		{"", ""},
		{"7", ""},
		{"o-7", ""},
		{"2026-0007", ""},
		{"next", ""},
		{"1700000000", ""},
		{"application/vnd.shop.order+json", ""},
		{"application/x-www-form-urlencoded", ""},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", ""},
		{"https://console.desk.example", ""},
		{"authorization,content-type,x-csrf-token", ""},
		{"order-2026-invoices-january", ""},
		{"getUserAccountSettings", ""},
		{"XMLHttpRequest", ""},
		{"/api/v2/customers/by-region", ""},
	} {
		if got := kind(c.value); got != c.want {
			t.Errorf("kind(%.60q) = %q, want %q", c.value, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	n := newNames(Options{Redact: []string{"X-Customer"}, Keep: []string{"code", "x-api-key"}})
	for name, want := range map[string]bool{
		"Authorization": true, "cookie": true, "Set-Cookie": true, "proxy-authorization": true, "x-csrf-token": true,
		"access_token": true, "clientSecret": true, "x-hub-signature-256": true, "user[password]": true, "newPasswd": true,
		"email": true, "userEmail": true, "phone_number": true, "ssn": true, "cardNumber": true, "card": true, "iban": true,
		"sessionid": true, "JSESSIONID": true, "key": true, "public_key": true, "keys": true, "PHPSESSID": true,
		"xcustomer": true, "x-customer": true,
		"code": false, "countryCode": false, "X-Api-Key": false,
		"": false, "page": false, "limit": false, "keyboard": false, "discount": false, "content-type": false, "accept": false,
		"x-stage": false, "monkeys2": false, "origin": false, "access-control-request-method": false,
	} {
		if got := n.private(name); got != want {
			t.Errorf("private(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestPairs(t *testing.T) {
	s := New(Options{}).Scope()
	raw := "page=2&token=abc&Token=abc&q=a+b%20c&e=x%40y.example&flag&=&bad=%zz&ä=\"1\"&token="
	s.LearnPairs(raw)
	want := "page=2&token=redacted-1&Token=redacted-1&q=a+b%20c&e=redacted-2&flag&=&redacted-3&%C3%A4=%221%22&token="
	if got := s.Pairs(raw, nil); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.Commit()
	if diff := cmp.Diff([]Count{{"token", 2}, {"e-mail address", 1}, {"unreadable pair", 1}}, s.r.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	const text = `{"id":7,"big":4111111111111111,"password":"hunter2","pin":1234,"on":{"token":true,"other":null},
		"card":{"number":"1","year":2030,"tags":["a"]},"list":[1.50,"a@b.example"],"again":"say hunter2 twice",
		"a@b.example":"x","pair":{"name":"password","value":"v"},"empty":{"secret":""},"last":"hunter2"}`
	v, err := ParseJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{}).Scope()
	s.LearnJSON(v)
	if s.Clean(v) {
		t.Error("it is not clean")
	}
	raw, err := json.Marshal(s.JSON(v))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "4111", "1234", "2030", "a@b", `"v"`} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%s is left in %s", secret, raw)
		}
	}
	for _, kept := range []string{`"id":7`, `"token":true`, `"other":null`, `[1.50,`, `"secret":""`} {
		if !strings.Contains(string(raw), kept) {
			t.Errorf("%s is not left in %s", kept, raw)
		}
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if _, number := out["pin"].(float64); !number || out["last"] != out["password"] {
		t.Errorf("types and equalities must survive: %s", raw)
	}
	clean, _ := ParseJSON(`{"a":[1,"x",{"b":null}]}`)
	if !s.Clean(clean) {
		t.Error("it is clean")
	}
}

func TestParseJSON(t *testing.T) {
	for _, bad := range []string{"", "{", "1 2", "1e9", strings.Repeat("9", 31), strings.Repeat("[", 60) + strings.Repeat("]", 60)} {
		if _, err := ParseJSON(bad); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

func TestKnown(t *testing.T) {
	s := New(Options{}).Scope()
	s.LearnCredential("Basic Ym9iOnRydXN0bm8x") // bob:trustno1
	for value, private := range map[string]bool{
		"trustno1": true, "x-trustno1-y": true, "trustno%31": true, "Ym9iOnRydXN0bm8x": true, "bob": false, "bobby": false, "other": false,
	} {
		if got := s.Kind(value) != ""; got != private {
			t.Errorf("%q is private: %v, want %v", value, got, private)
		}
	}
}

func TestFit(t *testing.T) {
	s := New(Options{}).Scope()
	for range 11 {
		s.Replace("x", strings.Repeat("v", len(s.r.number)+1))
	}
	for expr, want := range map[string]string{
		"(Basic|Bearer) .+": "Basic 2", "[0-9a-f]{8}": "aaaaaa12", "[A-Z]{3}": "XXX", "a|b": "a", "(?i)bearer [a-z]": "BEARER x",
		"sha256=[0-9a-f]{4,}": "sha256=aa12", "[#-&]": "#", "": "", "(": "", `\bx`: "", `[^\x00-\x{10ffff}]`: "", `[\x00-\x02]`: "",
		"(a{100}){100}": "",
	} {
		got := s.Fit(strings.Repeat("v", 12), expr)
		if got != want {
			t.Errorf("Fit(%q) = %q, want %q", expr, got, want)
		}
	}
	if len(s.counts) != 1 {
		t.Errorf("%v", s.counts)
	}
}

func FuzzFit(f *testing.F) {
	f.Add("(Basic|Bearer) [A-Za-z]{4,}")
	f.Fuzz(func(t *testing.T, expr string) {
		if got := New(Options{}).Scope().Fit("value", expr); len(got) > 8*maxSample {
			t.Errorf("%d bytes for %q", len(got), expr)
		}
	})
}

func FuzzParts(f *testing.F) {
	f.Add("a=1&b=%41&token=x", `{"a":1}`)
	f.Fuzz(func(t *testing.T, query, text string) {
		s := New(Options{}).Scope()
		s.LearnPairs(query)
		out := s.Pairs(query, nil)
		if strings.ContainsAny(out, " \t\r\n\"#") || strings.Count(out, "&") != strings.Count(query, "&") {
			t.Errorf("%q became %q", query, out)
		}
		v, err := ParseJSON(text)
		if err != nil {
			return
		}
		s.LearnJSON(v)
		if _, err := json.Marshal(s.JSON(v)); err != nil {
			t.Error(err)
		}
	})
}
