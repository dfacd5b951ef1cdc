package telemetry

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// stamp keeps the text of the last second, which changes less often than
// requests come.
type stamp struct {
	second int64
	text   []byte
}

// append writes t as RFC 3339 in UTC with microseconds.
func (s *stamp) append(b []byte, t time.Time) []byte {
	if second := t.Unix(); second != s.second || s.text == nil {
		s.second = second
		s.text = t.UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")
	}
	b = append(b, s.text...)
	micros := t.Nanosecond() / 1000
	b = append(b, '.')
	for unit := 100_000; unit > 0; unit /= 10 {
		b = append(b, byte('0'+micros/unit%10))
	}
	return append(b, 'Z')
}

// appendRecord writes a record as one line of JSON. Durations are seconds. The
// client's address is left out: it says who somebody is.
func appendRecord(b []byte, s *stamp, r *Record) []byte {
	b = append(b, `{"ts":"`...)
	b = s.append(b, r.Start)
	b = append(b, '"')
	b = appendText(b, `,"id":`, r.ID, 256)
	b = appendText(b, `,"route":`, r.Route, 512)
	b = appendText(b, `,"upstream":`, r.Upstream, 256)
	b = appendText(b, `,"endpoint":`, r.Endpoint, 256)
	b = appendText(b, `,"method":`, r.Method, 32)
	b = appendText(b, `,"scheme":`, r.Scheme, 8)
	b = appendText(b, `,"protocol":`, r.Protocol, 16)
	b = appendText(b, `,"host":`, r.Host, 256)
	b = appendText(b, `,"path":`, r.Path, 1024)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(r.Status), 10)
	b = strconv.AppendInt(append(b, `,"bytesIn":`...), r.BytesIn, 10)
	b = strconv.AppendInt(append(b, `,"bytesOut":`...), r.BytesOut, 10)
	b = appendSeconds(append(b, `,"duration":`...), r.Duration)
	b = appendSeconds(append(b, `,"ttfb":`...), r.TTFB)
	b = appendText(b, `,"reason":`, r.Reason.String(), 64)
	b = appendText(b, `,"bundle":`, r.Bundle, 128)
	return append(b, '}', '\n')
}

// appendSeconds writes d in seconds with microseconds.
func appendSeconds(b []byte, d time.Duration) []byte {
	micros := max(d, 0).Microseconds()
	b = strconv.AppendInt(b, micros/1_000_000, 10)
	b = append(b, '.')
	for unit := int64(100_000); unit > 0; unit /= 10 {
		b = append(b, byte('0'+micros/unit%10))
	}
	return b
}

// appendText writes a key and a string of at most limit bytes as JSON (RFC 8259,
// section 7). Bytes that are no UTF-8 become U+FFFD. One byte becomes at most six,
// so all texts of a record fit into maxRecord.
func appendText(b []byte, key, s string, limit int) []byte {
	const hex = "0123456789abcdef"
	b = append(b, key...)
	b = append(b, '"')
	if len(s) > limit {
		s = s[:limit]
	}
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(append(b, s[start:i]...), '\\', c)
			i++
			start = i
		case c < 0x20 || c == 0x7f:
			b = append(append(b, s[start:i]...), '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
			start = i
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				i++
				start = i
				continue
			}
			i += size
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
