package ir

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzMarshal holds the writer of JSON against that of the standard library.
func FuzzMarshal(f *testing.F) {
	for _, s := range []string{
		`{"b":[1,-2,3.5,1e9,0],"a":{"x":null,"y":true},"":""}`, `"a\"b\\c\u0001\u2028<>&é\ud83d\ude00"`, `[]`, `{}`, `"\u007f"`, `[[[{"k":[{}]}]]]`, `12345678901234567890`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var v any
		if dec.Decode(&v) != nil {
			return
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		got, err := marshal(v)
		if err != nil || string(got)+"\n" != want.String() {
			t.Errorf("%v: got %s, want %s", err, got, want.String())
		}
	})
}
