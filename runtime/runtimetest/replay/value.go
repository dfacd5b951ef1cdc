package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lintel-gateway/lintel/schemas/cases"
)

// Bounds of what a Result says, in bytes, and of what is read as JSON: decoded, it
// takes many times its size.
const (
	maxText = 300
	maxDiff = 8 << 10
	maxJSON = 8 << 20
)

// durationUnit is the precision in which durations are shown.
const durationUnit = 100 * time.Microsecond

// decode reads one JSON value; numbers keep their digits.
func decode(raw []byte) (any, error) {
	if len(raw) > maxJSON {
		return nil, fmt.Errorf("%d bytes are too many to compare as JSON", len(raw))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("nothing is there")
		}
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is text after the value")
	}
	return v, nil
}

// numbers compares by value; integers exactly, whatever their size.
func numbers(a, b json.Number) bool {
	if a == b {
		return true
	}
	if !strings.ContainsAny(string(a+b), ".eE") && a != "-0" && b != "-0" {
		return false
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y
}

func equal(want, got any) bool { return cmp.Equal(want, got, cmp.Comparer(numbers)) }

// diff is the difference between two values, or "" when they are too large for a
// person to read one.
func diff(want, got any) string {
	for _, v := range []any{want, got} {
		text, ok := v.(string)
		if !ok {
			raw, err := json.Marshal(v)
			if err != nil {
				return ""
			}
			text = string(raw)
		}
		if len(text) > maxDiff {
			return ""
		}
	}
	// The package varies its spaces on purpose, so that nobody parses them.
	d := strings.ReplaceAll(cmp.Diff(want, got, cmp.Comparer(numbers)), "\u00a0", " ")
	if len(d) > 2*maxDiff {
		return ""
	}
	return d
}

// json is a value as text, cut when it is long.
func (m *mismatches) json(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return clip(m.mask.text(strings.TrimSuffix(b.String(), "\n")))
}

func (m *mismatches) excerpt(text string) string { return excerpt(m.mask.text(text)) }

func (m *mismatches) quoted(values []string) string { return quoted(m.mask.texts(values)) }

// test says a test in words.
func (m *mismatches) test(t *cases.Text) string { return clip(m.mask.text(t.String())) }

// quoted shows the values of a header.
func quoted(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxText {
			fmt.Fprintf(&b, "and %d more", len(values)-i)
			break
		}
		b.WriteString(excerpt(v))
	}
	return b.String()
}

// excerpt quotes a text, cut when it is long.
func excerpt(text string) string {
	if len(text) <= maxText {
		return strconv.Quote(text)
	}
	return strconv.Quote(cut(text)) + fmt.Sprintf("... (%d bytes)", len(text))
}

func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return cut(text) + fmt.Sprintf("... (%d bytes)", len(text))
}

func cut(text string) string {
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
