package ir

import (
	"encoding/binary"
	"encoding/json"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// writer appends values: numbers as varints, texts, lists and maps behind their
// lengths plus one, zero standing for nil.
type writer struct{ b []byte }

func (w *writer) number(n int) { w.b = binary.AppendVarint(w.b, int64(n)) }

func (w *writer) duration(d route.Duration) { w.b = binary.AppendVarint(w.b, int64(d)) }

func (w *writer) size(n int) { w.b = binary.AppendUvarint(w.b, uint64(n)) }

func (w *writer) flag(f bool) {
	if f {
		w.b = append(w.b, 1)
		return
	}
	w.b = append(w.b, 0)
}

func (w *writer) text(s string) {
	w.size(len(s))
	w.b = append(w.b, s...)
}

func (w *writer) bytes(s json.RawMessage) { w.text(string(s)) }

func (w *writer) texts(list []string) { writeList(w, list, w.text) }

func writeList[T any](w *writer, list []T, write func(T)) {
	if list == nil {
		w.size(0)
		return
	}
	w.size(len(list) + 1)
	for _, x := range list {
		write(x)
	}
}

func writeMap[T any](w *writer, m map[string]T, write func(T)) {
	if m == nil {
		w.size(0)
		return
	}
	w.size(len(m) + 1)
	for _, k := range sortedKeys(m) {
		w.text(k)
		write(m[k])
	}
}

// reader reads what writer wrote. After a failure it returns zero values, so that
// one look at failed at the end is enough. Every length is checked against what is
// left, which bounds what damaged data can make it allocate.
type reader struct {
	b      []byte
	s      string // b as a string, which texts are cut from
	at     int
	failed bool
}

func (r *reader) number() int { return int(r.varint()) }

func (r *reader) duration() route.Duration { return route.Duration(r.varint()) }

func (r *reader) varint() int64 {
	n, width := binary.Varint(r.b[r.at:])
	if width <= 0 {
		r.failed = true
		return 0
	}
	r.at += width
	return n
}

func (r *reader) size() int {
	n, width := binary.Uvarint(r.b[r.at:])
	if width <= 0 || n > uint64(len(r.b)-r.at) {
		r.failed, r.at = true, len(r.b)
		return 0
	}
	r.at += width
	return int(n)
}

func (r *reader) flag() bool {
	if r.at >= len(r.b) {
		r.failed = true
		return false
	}
	r.at++
	return r.b[r.at-1] == 1
}

func (r *reader) text() string {
	n := r.size()
	if n > len(r.s)-r.at {
		r.failed, r.at = true, len(r.b)
		return ""
	}
	r.at += n
	return r.s[r.at-n : r.at]
}

func (r *reader) bytes() json.RawMessage {
	n := len(r.text())
	return json.RawMessage(r.b[r.at-n : r.at : r.at])
}

func (r *reader) texts() []string {
	return readList(r, func(s *string) { *s = r.text() })
}

func readList[T any](r *reader, read func(*T)) []T {
	n := r.size()
	if n == 0 {
		return nil
	}
	// Damaged data may promise more than it holds: beyond a little, memory is
	// taken only as elements come.
	var zero T
	list := make([]T, 0, min(n-1, 1024))
	for range n - 1 {
		if r.failed {
			return nil
		}
		list = append(list, zero)
		read(&list[len(list)-1])
	}
	return list
}

func readMap[T any](r *reader, read func() T) map[string]T {
	n := r.size()
	if n == 0 {
		return nil
	}
	m := make(map[string]T, min(n-1, 1024))
	for range n - 1 {
		if r.failed {
			return nil
		}
		k := r.text()
		m[k] = read()
	}
	return m
}
