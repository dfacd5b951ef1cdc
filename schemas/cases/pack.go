package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// packedSuffix ends the name of a packed file.
const packedSuffix = ".json.zst"

// packedName is the name of the n-th file of a packed set.
func packedName(n int) string {
	if n == 0 {
		return "cases" + packedSuffix
	}
	return fmt.Sprintf("cases-%d%s", n, packedSuffix)
}

// File is a file of a packed set.
type File struct {
	Name string
	Data []byte
}

// Pack writes the set into compressed files of at most limit bytes: cases.json.zst and,
// where that is not enough, cases-1.json.zst and so on, each a set of its own. The same
// set gives the same bytes. A case that is over the limit by itself is an error.
func (s *Set) Pack(limit int) ([]File, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	defer z.Close()
	for parts := 1; ; parts *= 2 {
		out, whole, err := s.pack(z, parts, limit)
		switch {
		case err != nil:
			return nil, err
		case whole:
			return out, nil
		case parts > len(s.Cases):
			return nil, fmt.Errorf("a case is larger than %d bytes when it is packed", limit)
		}
	}
}

// pack divides the set into so many files, and tells whether all are within the limit.
func (s *Set) pack(z *zstd.Encoder, parts, limit int) (out []File, whole bool, err error) {
	each := max(1, (len(s.Cases)+parts-1)/parts)
	for some := range slices.Chunk(s.Cases, each) {
		part := Set{Bundle: s.Bundle, Cases: some}
		if len(out) == 0 && each < len(s.Cases) {
			part.Files = (len(s.Cases) + each - 1) / each
		}
		raw, err := json.Marshal(part)
		if err != nil {
			return nil, false, fmt.Errorf("pack cases: %w", err)
		}
		data := z.EncodeAll(raw, nil)
		if len(data) > limit {
			return nil, false, nil
		}
		out = append(out, File{packedName(len(out)), data})
	}
	if len(out) == 0 {
		out = []File{{packedName(0), z.EncodeAll(fmt.Appendf(nil, `{"bundle":%q,"cases":[]}`, s.Bundle), nil)}}
	}
	return out, true, nil
}

// Open reads the set in a file, packed or not. With cases.json.zst come the files of the
// same packed set beside it, as many as it says: others are left over from another set.
// Files of different bundles are an error.
func Open(path string) (*Set, error) {
	s, err := openOne(path)
	if err != nil {
		return nil, err
	}
	for n := 1; n < s.Files; n++ {
		more, err := openOne(filepath.Join(filepath.Dir(path), packedName(n)))
		if err != nil {
			return nil, err
		}
		if more.Bundle != s.Bundle {
			return nil, fmt.Errorf("%s has cases of the bundle %s, %s of %s", packedName(n), more.Bundle, packedName(0), s.Bundle)
		}
		s.Cases = append(s.Cases, more.Cases...)
	}
	s.Files = 0
	return s, nil
}

func openOne(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	defer f.Close()
	var from io.Reader = f
	if strings.HasSuffix(path, packedSuffix) {
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxSet))
		if err != nil {
			return nil, fmt.Errorf("start zstd: %w", err)
		}
		defer z.Close()
		from = z
	}
	var raw bytes.Buffer
	if _, err := io.Copy(&raw, io.LimitReader(from, MaxSet+1)); err != nil {
		return nil, fmt.Errorf("read cases %s: %w", path, err)
	}
	if raw.Len() > MaxSet {
		return nil, fmt.Errorf("read cases %s: more than %d MiB", path, MaxSet>>20)
	}
	s, err := Read(&raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
