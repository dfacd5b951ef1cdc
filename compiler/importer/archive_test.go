package importer_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// secrets makes archives with secrets in every position.
type secrets struct {
	*rand.Rand
	all []string
	// last are secrets of this entry that were sent under a private name; they are
	// sent again elsewhere.
	last []string
	// ever are those of all entries before.
	ever []string
}

func (s *secrets) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.IntN(256))
	}
	return b
}

func (s *secrets) letters(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[s.IntN(len(alphabet))]
	}
	return string(b)
}

const (
	small  = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// evident is a secret by what it looks like.
func (s *secrets) evident() string {
	var out string
	switch s.IntN(11) {
	case 0:
		out = hex.EncodeToString(s.bytes(16 + s.IntN(17)))
	case 1:
		out = base64.RawURLEncoding.EncodeToString(s.bytes(24 + s.IntN(24)))
	case 2:
		out = base64.StdEncoding.EncodeToString(s.bytes(24 + s.IntN(24)))
	case 3:
		b := hex.EncodeToString(s.bytes(16))
		out = b[:8] + "-" + b[8:12] + "-" + b[12:16] + "-" + b[16:20] + "-" + b[20:]
	case 4:
		out = s.letters(small, 3+s.IntN(6)) + "." + s.letters(small, 4) + "@" + s.letters(small, 5) + ".example"
	case 5:
		out = s.card()
	case 6:
		out = s.iban()
	case 7:
		part := func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) }
		out = part(`{"alg":"HS256"}`) + "." + part(`{"sub":"`+s.letters(small, 6)+`"}`) + "." + base64.RawURLEncoding.EncodeToString(s.bytes(32))
	case 8:
		out = "AKIA" + s.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
	case 9:
		out = "ghp_" + s.letters(small+digits+"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 36)
	case 10:
		out = s.letters(small, 32)
	}
	s.all = append(s.all, out)
	return out
}

// named is a secret only by the name under which it is sent.
func (s *secrets) named() string {
	out := "q" + s.letters(small, 6+s.IntN(4))
	s.all = append(s.all, out)
	s.last = append(s.last, out)
	s.ever = append(s.ever, out)
	return out
}

// anywhere is what must not come out wherever it stands.
func (s *secrets) anywhere() string {
	if len(s.last) > 0 && s.IntN(4) == 0 {
		return s.last[s.IntN(len(s.last))]
	}
	if len(s.ever) > 0 && s.IntN(8) == 0 {
		return s.ever[s.IntN(len(s.ever))]
	}
	out := s.evident()
	switch s.IntN(6) {
	case 0:
		return "Bearer " + out
	case 1:
		return "see " + out + " there"
	case 2:
		return "known-" + out
	}
	return out
}

func (s *secrets) card() string {
	for {
		n := "4" + s.letters(digits, 15)
		sum := 0
		for i := range 16 {
			d := int(n[15-i] - '0')
			if i%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		if sum%10 != 0 {
			continue
		}
		if s.IntN(2) == 0 {
			n = n[:4] + " " + n[4:8] + " " + n[8:12] + " " + n[12:]
		}
		return n
	}
}

func (s *secrets) iban() string {
	account := s.letters(digits, 18)
	for check := range 100 {
		rest := 0
		for _, c := range account + "1314" + fmt.Sprintf("%02d", check) { // D is 13, E is 14
			rest = (rest*10 + int(c-'0')) % 97
		}
		if rest == 1 {
			return fmt.Sprintf("DE%02d%s", check, account)
		}
	}
	panic("a remainder is always reached")
}

// escaped writes text into a URL, now and then with more escapes than needed.
func (s *secrets) escaped(text string) string {
	switch s.IntN(4) {
	case 0:
		var b strings.Builder
		for _, c := range []byte(text) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	case 1:
		return url.QueryEscape(url.QueryEscape(text))
	}
	return url.PathEscape(text)
}

// privateNames are names of parameters and fields.
var privateNames = []string{
	"password", "passwd", "client_secret", "access_token", "apiKey", "code", "signature", "email", "phone", "ssn", "cardNumber",
	"iban", "session_id", "user[password]", "X-Amz-Signature", "newPassword", "key",
}

func (s *secrets) privateName() string { return privateNames[s.IntN(len(privateNames))] }

func (s *secrets) query() string {
	parts := []string{"page=2"}
	for range s.IntN(4) {
		switch s.IntN(4) {
		case 0:
			parts = append(parts, s.escaped(s.privateName())+"="+s.escaped(s.named()))
		case 1:
			parts = append(parts, s.escaped(s.anywhere())+"=1")
		case 2:
			parts = append(parts, "q="+s.escaped(s.anywhere()))
		case 3:
			parts = append(parts, s.escaped(s.anywhere()))
		}
	}
	return strings.Join(parts, "&")
}

func (s *secrets) json(depth int) any {
	switch n := s.IntN(8); {
	case n < 3 && depth > 0:
		out := map[string]any{"keep": "public words", "n": 7}
		for range s.IntN(3) {
			name := s.privateName()
			if out[name] != nil || out["pair"] != nil || out["more"] != nil {
				break // what is overwritten is never sent
			}
			switch s.IntN(5) {
			case 0:
				out[name] = s.named()
			case 1:
				out[name] = map[string]any{"deep": []any{s.named(), true, nil}}
			case 2:
				out[s.anywhere()] = "x"
			case 3:
				out["pair"] = map[string]any{"name": s.privateName(), "value": s.named()}
			case 4:
				out["more"] = s.json(depth - 1)
			}
		}
		return out
	case n == 3:
		c := strings.ReplaceAll(s.card(), " ", "")
		s.all = append(s.all, c)
		return json.Number(c)
	case n == 4:
		return []any{s.anywhere(), false}
	}
	return s.anywhere()
}

func (s *secrets) headers(names ...string) []map[string]string {
	var out []map[string]string
	add := func(name, value string) { out = append(out, map[string]string{"name": name, "value": value}) }
	for _, name := range names {
		if s.IntN(3) > 0 {
			continue
		}
		switch strings.ToLower(name) {
		case "authorization":
			switch s.IntN(3) {
			case 0:
				add(name, "Bearer "+s.named())
			case 1:
				add(name, "Basic "+base64.StdEncoding.EncodeToString([]byte(s.named()+":"+s.named())))
			case 2:
				add(name, s.named())
			}
		case "cookie", "set-cookie":
			add(name, "stage="+s.named()+"; sid="+s.named())
		case "x-api-key", "x-csrf-token", "x-app-secret", "x-hub-signature-256", "proxy-authorization":
			add(name, s.named())
		case "content-type":
			add(name, []string{"application/json", "multipart/form-data; boundary=" + s.evident(), "text/" + s.evident()}[s.IntN(3)])
		default:
			add(name, s.anywhere())
		}
	}
	if s.IntN(4) == 0 {
		add("x-"+hex.EncodeToString(s.bytes(16)), "1")
		s.all = append(s.all, out[len(out)-1]["name"][2:])
	}
	return out
}

func (s *secrets) entry() any {
	s.last = nil
	host := "shop.example"
	path := []func() string{
		func() string { return "/cart/" + s.escaped(s.anywhere()) },
		func() string { return "/cart/7" },
		func() string { return "/by/" + s.escaped(s.named()) + "/x" },
		func() string { return "/invoice/" + s.escaped(s.anywhere()) + ".pdf" },
		func() string { return "/files/a/" + s.escaped(s.anywhere()) + "/" + s.escaped(s.anywhere()) },
		func() string { return "/keyed" },
		func() string { return "/beta" },
		func() string { return "/old/" + s.escaped(s.anywhere()) },
		func() string { return "/nowhere/" + s.escaped(s.anywhere()) },
		func() string {
			h := hex.EncodeToString(s.bytes(16))
			s.all = append(s.all, h)
			host = h + ".shop.example"
			return "/wild"
		},
	}[s.IntN(10)]()
	address := "https://" + host + path
	if s.IntN(5) == 0 {
		address = "https://" + s.named() + ":" + s.named() + "@" + host + path
	}
	query := s.query()
	address += "?" + query + "#" + s.evident()
	request := map[string]any{
		"method": []string{"GET", "POST", "GET", s.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 5)}[s.IntN(4)],
		"url":    address, "httpVersion": "HTTP/2", "comment": s.evident(),
		"headers": s.headers("authorization", "Cookie", "x-api-key", "X-Csrf-Token", "x-app-secret", "x-hub-signature-256",
			"proxy-authorization", "x-stage", "x-request-id", "accept", "origin", "referer", "user-agent", "content-type",
			"access-control-request-method", "access-control-request-headers", "x-forwarded-for"),
		"queryString": []any{map[string]string{"name": "q", "value": s.evident()}},
	}
	if s.IntN(2) == 0 {
		request["postData"] = s.body()
	}
	body, _ := json.Marshal(s.json(2))
	fields := s.headers("location", "set-cookie", "content-type", "access-control-allow-origin", "access-control-expose-headers", "www-authenticate")
	if s.IntN(3) == 0 {
		target := path[strings.LastIndexByte(path, '/'):] + "?" + query
		fields = append(fields, map[string]string{"name": "location", "value": "https://new.example/new" + target})
	}
	response := map[string]any{
		"status": []int{200, 201, 301, 401, 404, 500}[s.IntN(6)], "statusText": s.evident(), "headers": fields,
		"content": map[string]any{"mimeType": []string{"application/json", "text/html"}[s.IntN(2)], "text": string(body)},
	}
	return map[string]any{"request": request, "response": response, "serverIPAddress": s.evident()}
}

func (s *secrets) body() any {
	switch s.IntN(4) {
	case 0:
		return map[string]any{"mimeType": "application/x-www-form-urlencoded", "text": s.query()}
	case 1:
		return map[string]any{"mimeType": "application/x-www-form-urlencoded", "params": []any{
			map[string]string{"name": s.privateName(), "value": s.named()}, map[string]string{"name": s.anywhere(), "value": s.anywhere()},
		}}
	case 2:
		raw, _ := json.Marshal(s.json(3))
		return map[string]any{"mimeType": []string{"application/json", "application/vnd.x+json; charset=utf-8", "text/plain"}[s.IntN(3)], "text": string(raw)}
	}
	// What a text calls a secret is not understood: no part of it comes out, but it is
	// not known elsewhere.
	known, ever := s.last, s.ever
	text := "<a><password>" + s.named() + "</password>" + s.anywhere() + "</a>"
	s.last, s.ever = known, ever
	return map[string]any{"mimeType": "text/xml", "text": text}
}
