package gitfs

import (
	"io/fs"
	"testing"
)

// FuzzEntry holds that whatever a list says, what is taken of it is a file's name
// inside the folder and an object's full name.
func FuzzEntry(f *testing.F) {
	f.Add("100644 blob 8baef1b4abc478178b004d62031cf7fe6db6f903       3\ta/b.cue")
	f.Add("160000 commit 8baef1b4abc478178b004d62031cf7fe6db6f903       -\tmodule")
	f.Add("120000 blob 8baef1b4abc478178b004d62031cf7fe6db6f903 -1\t../../etc/passwd")
	f.Add("100644 blob --all 3\t/etc/passwd")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := parseEntry(line)
		if err != nil {
			return
		}
		if !fs.ValidPath(e.path) || e.path == "." || !oid.MatchString(e.oid) || e.size < 0 {
			t.Errorf("%q became %+v", line, e)
		}
	})
}
