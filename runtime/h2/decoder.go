package h2

import "errors"

var (
	errIndex     = errors.New("there is no such entry in the table")
	errInteger   = errors.New("integer is too large")
	errTruncated = errors.New("field section ends within a field")
	errResize    = errors.New("table size update is too large or not at the start")
)

// tableBytes is the size of our dynamic tables: the default, which we do not change
// (RFC 7541 section 4.2, RFC 9113 section 6.5.2).
const tableBytes = 4096

// table is a dynamic table (RFC 7541 section 2.3.2): a ring whose newest entry stands
// before next.
type table struct {
	ring  []entry // its length is a power of two
	next  int
	count int
	size  int
	max   int
}

// at gives the entry that was added as the i-th last, from 0.
func (t *table) at(i int) *entry { return &t.ring[(t.next-1-i)&(len(t.ring)-1)] }

// resize changes the size and evicts what does not fit any more.
func (t *table) resize(n int) {
	t.max = n
	t.evict(0)
}

// evict makes room for n bytes.
func (t *table) evict(n int) {
	for t.count > 0 && t.size+n > t.max {
		last := t.at(t.count - 1)
		t.size -= last.size()
		*last = entry{}
		t.count--
	}
}

// add inserts an entry; one that is larger than the table empties it (RFC 7541 section
// 4.4).
func (t *table) add(e entry) {
	n := e.size()
	t.evict(n)
	if n > t.max {
		return
	}
	if t.count == len(t.ring) {
		grown := make([]entry, max(16, 2*len(t.ring)))
		for i := range t.count {
			grown[t.count-1-i] = *t.at(i)
		}
		t.ring, t.next = grown, t.count
	}
	t.ring[t.next] = e
	t.next = (t.next + 1) & (len(t.ring) - 1)
	t.count++
	t.size += n
}

// decoder is the state of HPACK for what the peer sends (RFC 7541).
type decoder struct {
	table
	scratch []byte
}

// decode reads one whole field section. It goes on to the end also when the section is
// over its limits or malformed, so that the state stays that of the peer. An error is
// one of the connection.
func (d *decoder) decode(b []byte, s *section) error {
	start := true
	for len(b) > 0 {
		var err error
		c := b[0]
		switch {
		case c&0x80 != 0:
			b, err = d.indexed(b, s)
		case c&0xe0 == 0x20:
			var n int
			if n, b, err = integer(b, 5); err == nil && (!start || n > tableBytes) {
				err = errResize
			}
			if err == nil {
				d.resize(n)
			}
			if err != nil {
				return err
			}
			continue
		case c&0xc0 == 0x40:
			b, err = d.literal(b, 6, true, s)
		default:
			b, err = d.literal(b, 4, false, s)
		}
		if err != nil {
			return err
		}
		start = false
	}
	return nil
}

func (d *decoder) lookup(i int) (*entry, error) {
	switch {
	case i <= 0:
		return nil, errIndex
	case i <= staticCount:
		return &static[i], nil
	case i <= staticCount+d.count:
		return d.at(i - staticCount - 1), nil
	}
	return nil, errIndex
}

func (d *decoder) indexed(b []byte, s *section) ([]byte, error) {
	i, b, err := integer(b, 7)
	if err != nil {
		return b, err
	}
	e, err := d.lookup(i)
	if err != nil {
		return b, err
	}
	s.field(e.name, e.value, e.kind, e.valid)
	return b, nil
}

// literal reads a field that stands here itself. What goes into the table gets memory
// of its own; anything else lives in the stream's.
func (d *decoder) literal(b []byte, prefix uint, index bool, s *section) ([]byte, error) {
	i, b, err := integer(b, prefix)
	if err != nil {
		return b, err
	}
	var e entry
	d.scratch = d.scratch[:0]
	if i == 0 {
		if b, err = d.text(b); err != nil {
			return b, err
		}
	} else {
		of, err := d.lookup(i)
		if err != nil {
			return b, err
		}
		e.name, e.kind = of.name, of.kind
	}
	cut := len(d.scratch)
	if b, err = d.text(b); err != nil {
		return b, err
	}
	var text string
	switch {
	case index:
		text = string(d.scratch)
	case s.full(len(e.name) + len(d.scratch) + 32):
		s.tooLarge = true
		return b, nil
	default:
		text = s.keep(d.scratch)
	}
	if i == 0 {
		e.name = text[:cut]
		e.kind = kindOf(e.name)
	}
	e.value = text[cut:]
	e.valid = validValue(e.value)
	if index {
		d.add(e)
	}
	s.field(e.name, e.value, e.kind, e.valid)
	return b, nil
}

// text appends a string literal to the scratch (RFC 7541 section 5.2).
func (d *decoder) text(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return b, errTruncated
	}
	coded := b[0]&0x80 != 0
	n, b, err := integer(b, 7)
	if err != nil {
		return b, err
	}
	if n > len(b) {
		return b, errTruncated
	}
	if coded {
		d.scratch, err = appendHuffman(d.scratch, b[:n])
	} else {
		d.scratch = append(d.scratch, b[:n]...)
	}
	return b[n:], err
}

// integer reads an integer with a prefix of so many bits (RFC 7541 section 5.1). We
// take 28 bits beyond the prefix: anything above is larger than a section may be.
func integer(b []byte, prefix uint) (int, []byte, error) {
	if len(b) == 0 {
		return 0, b, errTruncated
	}
	mask := 1<<prefix - 1
	n := int(b[0]) & mask
	b = b[1:]
	if n < mask {
		return n, b, nil
	}
	for shift := uint(0); shift < 28; shift += 7 {
		if len(b) == 0 {
			return 0, b, errTruncated
		}
		c := b[0]
		b = b[1:]
		n += int(c&0x7f) << shift
		if c&0x80 == 0 {
			return n, b, nil
		}
	}
	return 0, b, errInteger
}
