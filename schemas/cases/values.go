package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Values says which values a header has: the texts themselves, in order; a secret;
// or, where something is expected, a test on the first value. Exactly one is set.
type Values struct {
	Texts  []string
	Secret *Secret
	Text   *Text
}

// Secret stands for a secret's value: a case never holds one. A replay fills it in.
type Secret struct {
	// Secret is the name of a declared secret.
	Secret string `json:"secret"`
	// Prefix stands before the value, such as "Bearer ".
	Prefix string `json:"prefix,omitempty"`
}

// UnmarshalJSON reads a text, a list of texts, {"secret": ...} or a test.
func (v *Values) UnmarshalJSON(b []byte) error {
	*v = Values{}
	switch b = bytes.TrimSpace(b); {
	case len(b) > 0 && b[0] == '"':
		v.Texts = make([]string, 1)
		return json.Unmarshal(b, &v.Texts[0])
	case len(b) > 0 && b[0] == '[':
		v.Texts = []string{}
		return json.Unmarshal(b, &v.Texts)
	}
	var probe map[string]json.RawMessage
	if err := json.Unmarshal(b, &probe); err != nil {
		return fmt.Errorf("a header is a text, a list of texts, a secret or a test: %w", err)
	}
	if _, ok := probe["secret"]; ok {
		v.Secret = new(Secret)
		return strict(b, v.Secret)
	}
	v.Text = new(Text)
	return strict(b, v.Text)
}

// MarshalJSON writes what UnmarshalJSON reads; a single text stands by itself.
func (v Values) MarshalJSON() ([]byte, error) {
	switch {
	case v.Secret != nil:
		return readable(v.Secret)
	case v.Text != nil:
		return readable((*plainText)(v.Text))
	case len(v.Texts) == 1:
		return readable(v.Texts[0])
	case v.Texts == nil:
		return []byte("[]"), nil
	}
	return readable(v.Texts)
}

// Text is a test on a text; all that is set must hold. A text written by itself is
// Exact.
type Text struct {
	Exact    *string `json:"exact,omitempty"`
	Prefix   *string `json:"prefix,omitempty"`
	Contains *string `json:"contains,omitempty"`
	// Regex is an RE2 expression that must match the whole text.
	Regex *string `json:"regex,omitempty"`
	// Present asks whether there is a value; for a body, whether it is not empty.
	Present *bool `json:"present,omitempty"`
}

type plainText Text

// UnmarshalJSON reads a text or an object of tests.
func (t *Text) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		*t = Text{Exact: new(string)}
		return json.Unmarshal(b, t.Exact)
	}
	*t = Text{}
	return strict(b, (*plainText)(t))
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.Exact != nil && t.Prefix == nil && t.Contains == nil && t.Regex == nil && t.Present == nil {
		return readable(*t.Exact)
	}
	return readable(plainText(t))
}

// Holds tells whether a text that is there passes the test. A regular expression
// that does not compile never holds; the compiler refuses it.
func (t *Text) Holds(text string, present bool) bool {
	if t.Present != nil && *t.Present != present {
		return false
	}
	if t.Exact == nil && t.Prefix == nil && t.Contains == nil && t.Regex == nil {
		return true
	}
	if !present ||
		t.Exact != nil && text != *t.Exact ||
		t.Prefix != nil && !strings.HasPrefix(text, *t.Prefix) ||
		t.Contains != nil && !strings.Contains(text, *t.Contains) {
		return false
	}
	if t.Regex != nil {
		re, err := Whole(*t.Regex)
		return err == nil && re.MatchString(text)
	}
	return true
}

// String says the test in words, such as `begins with "Bearer "`.
func (t *Text) String() string {
	var parts []string
	for _, p := range []struct {
		what string
		text *string
	}{{"", t.Exact}, {"begins with ", t.Prefix}, {"contains ", t.Contains}, {"matches ", t.Regex}} {
		if p.text != nil {
			parts = append(parts, fmt.Sprintf("%s%q", p.what, *p.text))
		}
	}
	if t.Present != nil {
		parts = append(parts, map[bool]string{true: "present", false: "absent"}[*t.Present])
	}
	return strings.Join(parts, " and ")
}

// Whole compiles an RE2 expression that must match a whole text.
func Whole(expression string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expression); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?s:` + expression + `)\z`)
}

// readable is json.Marshal without the escapes that only HTML needs.
func readable(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func strict(b []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
