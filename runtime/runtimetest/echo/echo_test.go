package echo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestPlain(t *testing.T) {
	s := httptest.NewServer(Handler("orders"))
	defer s.Close()
	req, _ := http.NewRequest("POST", s.URL+"/a%2Fb/c?x=1&status=201", strings.NewReader("hi"))
	req.Host = "shop.example"
	req.Header.Set("X-Stage", "next")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var a Answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 201 || a.Name != "orders" || a.Method != "POST" || a.Host != "shop.example" || a.Path != "/a%2Fb/c" ||
		a.Query != "x=1&status=201" || a.Body != "hi" || a.BodySize != 2 || a.Headers["x-stage"][0] != "next" {
		t.Errorf("got %d %+v", res.StatusCode, a)
	}
}

func TestFaults(t *testing.T) {
	s := httptest.NewServer(Handler(""))
	defer s.Close()
	get := func(query string) (int, int, error) {
		res, err := http.Get(s.URL + "/?" + query)
		if err != nil {
			return 0, 0, err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return res.StatusCode, len(b), err
	}
	if code, n, err := get("size=1001"); code != 200 || n != 1001 || err != nil {
		t.Errorf("size: %d %d %v", code, n, err)
	}
	if code, n, err := get("status=204"); code != 204 || n != 0 || err != nil {
		t.Errorf("status: %d %d %v", code, n, err)
	}
	if code, _, _ := get("status=open"); code != 200 {
		t.Errorf("a query that is no fault: %d", code)
	}
	req, _ := http.NewRequest("GET", s.URL, nil)
	req.Header.Set("X-Echo-Status", "99")
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != 400 {
		t.Errorf("bad fault: %v %v", res, err)
	}
	if _, _, err := get("abort=head"); err == nil {
		t.Error("abort=head answered")
	}
	if _, _, err := get("abort=body"); err == nil {
		t.Error("abort=body answered whole")
	}
	start := time.Now()
	if _, _, err := get("delay=30ms"); err != nil || time.Since(start) < 30*time.Millisecond {
		t.Errorf("delay: %v after %v", err, time.Since(start))
	}
}

func TestWebSocket(t *testing.T) {
	s := httptest.NewServer(Handler(""))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if err := c.Write(ctx, websocket.MessageText, []byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, msg, err := c.Read(ctx); err != nil || string(msg) != "ping" {
		t.Errorf("got %q %v", msg, err)
	}
}

func TestGRPC(t *testing.T) {
	s := httptest.NewUnstartedServer(Handler(""))
	s.Config.Protocols = Server("").Protocols
	s.Start()
	defer s.Close()
	p := &http.Protocols{}
	p.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: p}}
	req, _ := http.NewRequest("POST", s.URL+"/svc/Method", strings.NewReader("\x00\x00\x00\x00\x03abc"))
	req.Header.Set("Content-Type", "application/grpc")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || string(b) != "\x00\x00\x00\x00\x03abc" || res.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("got %q %v %v", b, res.Trailer, err)
	}
}

// TestHeaders: the answer has the fields that the request asks for.
func TestHeaders(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Add("x-echo-header", "server: tomcat")
	r.Header.Add("x-echo-header", "x-a:1")
	r.Header.Add("x-echo-header", "nothing")
	w := httptest.NewRecorder()
	Handler("").ServeHTTP(w, r)
	if w.Header().Get("server") != "tomcat" || w.Header().Get("x-a") != "1" || w.Code != 200 {
		t.Errorf("answer has %d %v", w.Code, w.Header())
	}
}
