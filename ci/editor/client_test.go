package editor

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// deadline bounds one answer of the server: the first one loads the whole module.
const deadline = 60 * time.Second

// client speaks the Language Server Protocol 3.17 over a program's standard streams.
type client struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	ended   chan struct{}
	log     tail
}

// message is a request, a response or a notification (JSON-RPC 2.0).
type message struct {
	ID     *json.RawMessage `json:"id,omitempty"`
	Method string           `json:"method,omitempty"`
	Params json.RawMessage  `json:"params,omitempty"`
	Result json.RawMessage  `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// start runs the server in dir and greets it.
func start(t *testing.T, dir string, env []string, program string, args ...string) *client {
	t.Helper()
	c := &client{t: t, cmd: exec.Command(program, args...), waiting: map[int]chan message{}, ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Env, c.cmd.Stderr = dir, env, &c.log
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go c.read(bufio.NewReader(out))
	t.Cleanup(c.stop)
	root := fileURI(dir)
	c.ask("initialize", map[string]any{
		"processId": nil, "rootUri": root,
		"workspaceFolders": []any{map[string]any{"uri": root, "name": "routes"}},
		"capabilities": map[string]any{"textDocument": map[string]any{
			"hover":      map[string]any{"contentFormat": []string{"markdown", "plaintext"}},
			"definition": map[string]any{}, "completion": map[string]any{},
		}},
	}, nil)
	c.tell("initialized", map[string]any{})
	return c
}

// stop ends the server as the protocol asks, and by force when it does not end.
func (c *client) stop() {
	c.ask("shutdown", nil, nil)
	c.tell("exit", nil)
	_ = c.in.Close() // the server may have closed it first
	select {
	case <-c.ended:
	case <-time.After(deadline):
		_ = c.cmd.Process.Kill() // it may end meanwhile
		<-c.ended
	}
	_ = c.cmd.Wait()
	if c.t.Failed() {
		c.t.Logf("the server said: %s", c.log.String())
	}
}

// ask sends a request and reads its result into result, unless that is nil.
func (c *client) ask(method string, params, result any) {
	c.t.Helper()
	answer := make(chan message, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.waiting[id] = answer
	c.mu.Unlock()
	c.send(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	select {
	case m := <-answer:
		if m.Error != nil {
			c.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			c.t.Fatalf("%s: %v: %s", method, err, m.Result)
		}
	case <-c.ended:
		c.t.Fatalf("%s: the server ended: %s", method, c.log.String())
	case <-time.After(deadline):
		c.t.Fatalf("%s: no answer in %s", method, deadline)
	}
}

// tell sends a notification.
func (c *client) tell(method string, params any) {
	c.t.Helper()
	c.send(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

func (c *client) send(m any) {
	c.t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		c.t.Errorf("send to the server: %v", err)
	}
}

// read takes what the server sends until it ends.
func (c *client) read(r *bufio.Reader) {
	defer close(c.ended)
	head := textproto.NewReader(r)
	for {
		fields, err := head.ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(fields.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var m message
		if json.Unmarshal(body, &m) != nil {
			return
		}
		c.take(m)
	}
}

// take hands a response to who waits for it, and answers what the server asks with
// nothing: that is what a client without capabilities has to say.
func (c *client) take(m message) {
	switch {
	case m.Method != "" && m.ID != nil:
		c.send(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": nil})
	case m.Method == "" && m.ID != nil:
		id, err := strconv.Atoi(string(*m.ID))
		if err != nil {
			return
		}
		c.mu.Lock()
		answer := c.waiting[id]
		delete(c.waiting, id)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

// open shows the server a file with this text.
func (c *client) open(path, text string) {
	c.t.Helper()
	c.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": fileURI(path), "languageId": "cue", "version": 1, "text": text,
	}})
}

// change gives an open file another text.
func (c *client) change(path string, version int, text string) {
	c.t.Helper()
	c.tell("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": fileURI(path), "version": version},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// tail keeps what a program wrote last.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 8<<10; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
