package main

import (
	"bufio"
	"bytes"
	"testing"
)

func TestAcceptKey(t *testing.T) {
	// The example of RFC 6455 section 1.3.
	if got := acceptKey("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

func TestReadMessage(t *testing.T) {
	buf := make([]byte, 256)
	for name, in := range map[string][]byte{
		"plain":  {0x82, 2, 'h', 'i'},
		"masked": {0x82, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2},
	} {
		n, err := readMessage(bufio.NewReader(bytes.NewReader(in)), buf)
		if err != nil || string(buf[:n]) != "hi" {
			t.Errorf("%s: %q, %v", name, buf[:n], err)
		}
	}
	for name, in := range map[string][]byte{"a close": {0x88, 0}, "a long one": {0x82, 126, 1, 0}, "a cut one": {0x82, 5, 'h'}} {
		if n, err := readMessage(bufio.NewReader(bytes.NewReader(in)), buf); err == nil {
			t.Errorf("%s is taken for %q", name, buf[:n])
		}
	}
}
