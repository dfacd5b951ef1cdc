package h2

import (
	"errors"
	"strings"

	"golang.org/x/net/http2/hpack"
)

var errHuffman = errors.New("there is an invalid Huffman code")

// huffmanTree decodes eight bits at a time (RFC 7541 section 5.2). A step of a node is
// 0 for no code, a leaf (symbol and how many of the eight bits it took), or the next
// node.
type huffmanTree [][256]uint16

const (
	huffmanLeaf = 1 << 15
	huffmanBits = 8 // the bits of a leaf stand above its symbol
)

// huffman is the one tree. It is never changed.
var huffman = newHuffmanTree()

// newHuffmanTree derives the code from the encoder: eight times a symbol takes as many
// bytes as the symbol has bits.
func newHuffmanTree() huffmanTree {
	t := make(huffmanTree, 1)
	for sym := range 256 {
		one := string([]byte{byte(sym)})
		bits := int(hpack.HuffmanEncodeLength(strings.Repeat(one, 8)))
		var code uint32
		for _, b := range append(hpack.AppendHuffmanString(nil, one), 0, 0, 0)[:4] {
			code = code<<8 | uint32(b)
		}
		t.add(byte(sym), code>>(32-bits), bits)
	}
	return t
}

func (t *huffmanTree) add(sym byte, code uint32, bits int) {
	node := 0
	for bits > 8 {
		bits -= 8
		step := &(*t)[node][byte(code>>bits)]
		if *step == 0 {
			*step = uint16(len(*t))
			node = len(*t)
			*t = append(*t, [256]uint16{})
			continue
		}
		node = int(*step)
	}
	first := byte(code << (8 - bits))
	for i := range 1 << (8 - bits) {
		(*t)[node][int(first)+i] = huffmanLeaf | uint16(bits)<<huffmanBits | uint16(sym)
	}
}

// appendHuffman decodes v. The rest after the last symbol must be less than eight bits,
// all of them set.
func appendHuffman(dst, v []byte) ([]byte, error) {
	node, bits, open := 0, uint(0), uint(0) // open: bits since the last symbol
	var cur uint64
	for _, b := range v {
		cur = cur<<8 | uint64(b)
		bits += 8
		open += 8
		for bits >= 8 {
			step := huffman[node][byte(cur>>(bits-8))]
			switch {
			case step == 0:
				return dst, errHuffman
			case step&huffmanLeaf != 0:
				dst = append(dst, byte(step))
				bits -= uint(step>>huffmanBits) & 0xf
				node, open = 0, bits
			default:
				node = int(step)
				bits -= 8
			}
		}
	}
	for bits > 0 {
		step := huffman[node][byte(cur<<(8-bits))]
		took := uint(step>>huffmanBits) & 0xf
		if step == 0 {
			return dst, errHuffman
		}
		if step&huffmanLeaf == 0 || took > bits {
			break
		}
		dst = append(dst, byte(step))
		bits -= took
		node, open = 0, bits
	}
	if mask := uint64(1)<<bits - 1; open > 7 || cur&mask != mask {
		return dst, errHuffman
	}
	return dst, nil
}
