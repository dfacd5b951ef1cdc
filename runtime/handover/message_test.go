package handover

import (
	"reflect"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	many := make([]string, MaxSockets)
	for i := range many {
		many[i] = strings.Repeat("n", maxName)
	}
	for _, m := range []message{
		{kind: hello},
		{kind: ready},
		{kind: going},
		{kind: refusal, text: "no"},
		{kind: sockets},
		{kind: sockets, names: []string{"admin 127.0.0.1:1", ""}},
		{kind: sockets, names: many},
	} {
		b := m.append(nil)
		if got, err := parse(b); err != nil || !reflect.DeepEqual(got, m) || len(b) > maxMessage {
			t.Errorf("%+v: got %+v, %v (%d bytes)", m, got, err, len(b))
		}
	}
}

func TestMalformed(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":          "",
		"half":             "LNT",
		"something else":   "GET / HTTP/1.1\r\n\r\n",
		"no kind":          "LNTL\x01",
		"kind 0":           "LNTL\x01\x00",
		"kind 6":           "LNTL\x01\x06",
		"more than hello":  "LNTL\x01\x01x",
		"no count":         "LNTL\x01\x02\x00",
		"a name too few":   "LNTL\x01\x02\x00\x01",
		"a name cut":       "LNTL\x01\x02\x00\x01\x00\x03ab",
		"a name too many":  "LNTL\x01\x02\x00\x01\x00\x01ab",
		"a name too long":  "LNTL\x01\x02\x00\x01\x01\x00" + strings.Repeat("n", 256),
		"a name with NUL":  "LNTL\x01\x02\x00\x01\x00\x01\x00",
		"too many":         "LNTL\x01\x02\x00\xfb" + strings.Repeat("\x00\x00", 251),
		"a long refusal":   "LNTL\x01\x05" + strings.Repeat("x", maxText+1),
		"a refusal of two": "LNTL\x01\x05a\nb",
	} {
		if m, err := parse([]byte(in)); err != errMalformed || m.kind != 0 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, err := parse([]byte("LNTL\x02\x01")); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
}

// FuzzMessage: whatever is taken for a message is within the bounds, and is the same
// message again when it is encoded.
func FuzzMessage(f *testing.F) {
	for _, m := range []message{{kind: hello}, {kind: refusal, text: "no"}, {kind: sockets, names: []string{"a", "b"}}} {
		f.Add(m.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		if len(m.names) > MaxSockets || len(m.text) > maxText || len(b) > maxMessage {
			t.Fatalf("beyond the bounds: %+v", m)
		}
		if again := m.append(nil); string(again) != string(b) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}
