package ir

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// marshal writes canonical JSON: sorted keys, no insignificant space, no escapes
// for HTML.
func marshal(v any) ([]byte, error) { return appendJSON(make([]byte, 0, 256), v) }

// appendJSON writes plain data by itself, as encoding/json would, which a third of the
// time of a large compile would go to; anything else it hands over.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if plainText(v) {
			b = append(b, '"')
			b = append(b, v...)
			return append(b, '"'), nil
		}
	case bool:
		return strconv.AppendBool(b, v), nil
	case nil:
		return append(b, "null"...), nil
	case json.Number:
		if digits(string(v)) {
			return append(b, v...), nil
		}
	case map[string]any:
		return appendObject(b, v)
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendJSON(b, x); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return appendOther(b, v)
}

func appendObject(b []byte, v map[string]any) ([]byte, error) {
	if v == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '{')
	for i, k := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, k); err != nil {
			return nil, err
		}
		if b, err = appendJSON(append(b, ':'), v[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendOther(b []byte, v any) ([]byte, error) {
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(w.Bytes(), []byte("\n")), nil
}

// plainText tells whether a text stands in JSON as it is.
func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// digits tells whether a number is a plain whole one.
func digits(s string) bool {
	if s == "" || len(s) > 1 && s[0] == '0' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
