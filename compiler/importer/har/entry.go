package har

import (
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/lintel-gateway/lintel/compiler/importer"
)

// entry is what is used of one entry of an archive.
type entry struct {
	Request struct {
		Method  string  `json:"method"`
		URL     string  `json:"url"`
		Headers []pair  `json:"headers"`
		Post    *posted `json:"postData"`
	} `json:"request"`
	Response struct {
		Status  float64 `json:"status"`
		Headers []pair  `json:"headers"`
		Content struct {
			MimeType string `json:"mimeType"`
			Text     string `json:"text"`
			Encoding string `json:"encoding"`
		} `json:"content"`
	} `json:"response"`
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type posted struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Params   []pair `json:"params"`
}

// exchange reports false for what is no HTTP.
func (e *entry) exchange() (*importer.Exchange, bool) {
	scheme, rest, ok := strings.Cut(e.Request.URL, "://")
	if !ok {
		return nil, false
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "http", "https":
	case "ws":
		scheme = "http"
	case "wss":
		scheme = "https"
	default:
		return nil, false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, target := rest[:end], rest[end:]
	user := ""
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		user, host = host[:at], host[at+1:]
	}
	target, _, _ = strings.Cut(target, "#")
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	x := &importer.Exchange{
		Method: e.Request.Method, Scheme: scheme, Host: host, Target: target,
		Header: fields(e.Request.Headers), Body: e.Request.Post.body(),
		Answer: &importer.Answer{Header: fields(e.Response.Headers), Body: e.content()},
	}
	if s := e.Response.Status; s >= 100 && s <= 599 {
		x.Status = int(s)
	}
	x.Upgraded = x.Status == 101
	if plain, err := url.PathUnescape(user); err == nil && plain != "" {
		// A user and password in a URL are sent as basic authentication (RFC 7617).
		x.Header = append(x.Header, importer.Field{Name: "authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(plain))})
	}
	// What was sent counts more than where the connection went.
	for _, f := range e.Request.Headers {
		if n := strings.ToLower(f.Name); (n == "host" || n == ":authority") && f.Value != "" {
			x.Host = f.Value
		}
	}
	return x, true
}

func fields(list []pair) []importer.Field {
	out := make([]importer.Field, 0, len(list))
	for _, p := range list {
		// Pseudo-header fields (RFC 9113, section 8.3) repeat the request line.
		if !strings.HasPrefix(p.Name, ":") {
			out = append(out, importer.Field{Name: strings.ToLower(p.Name), Value: p.Value})
		}
	}
	return out
}

// body is the text that was sent; of a form that stands only as parameters it is put
// together again.
func (p *posted) body() *importer.Body {
	if p == nil {
		return nil
	}
	text := p.Text
	if text == "" && strings.HasPrefix(strings.ToLower(p.MimeType), "application/x-www-form-urlencoded") {
		var pairs []string
		for _, f := range p.Params {
			pairs = append(pairs, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
		}
		text = strings.Join(pairs, "&")
	}
	if text == "" && len(p.Params) == 0 {
		return nil
	}
	return &importer.Body{Type: p.MimeType, Text: text}
}

func (e *entry) content() *importer.Body {
	c := &e.Response.Content
	if c.Text == "" {
		return nil
	}
	text := c.Text
	if strings.EqualFold(c.Encoding, "base64") {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || !utf8.Valid(raw) {
			return nil
		}
		text = string(raw)
	} else if c.Encoding != "" {
		return nil
	}
	return &importer.Body{Type: c.MimeType, Text: text}
}
