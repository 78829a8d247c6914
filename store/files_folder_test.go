package store_test

import (
	"fmt"
	"strings"
	"testing"

	"portico/names"
	"portico/store"
)

// A folder keeps the parts that a path below another folder may have, and no part that
// leads elsewhere. A path that is too long keeps its end.
func TestFoldersAreCleaned(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	part := strings.Repeat("ä", 99) + "/"
	for n, c := range []struct{ sent, kept string }{
		{"", ""},
		{"a/b/c", "a/b/c"},
		{"..", ""},
		{"../../etc", "etc"},
		{"./a", "a"},
		{"a//b", "a/b"},
		{"/abs", "abs"},
		{`C:\x`, "C:_x"},
		{`a\..\b`, "a_.._b"},
		{"a/..", "a"},
		{"a\x00/\x00/b\r\n", "a/b"},
		{"a\u202eb/\u2066", "ab"},
		{strings.Repeat("x", 2000), names.CutCharacters(strings.Repeat("x", 2000), 255)},
		{strings.Repeat(part, 20), strings.TrimSuffix(strings.Repeat(part, 10), "/")},
		{"v1./..hidden", "v1./..hidden"},
		{" a / b c /  ", "a/b c"},
		{"\xff/ok", "\uFFFD/ok"},
		{"東京/ملف", "東京/ملف"},
	} {
		size := int64(1)
		err := write(t, b.ravi, func(tx *store.Tx) error {
			_, err := tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: fmt.Sprint(n), Folder: c.sent, Size: &size})
			return err
		})
		must(t, err)
		var files []store.File
		must(t, read(t, b.ravi, store.ListFiles(b.draft, &files)))
		for _, f := range files {
			if f.Name == fmt.Sprint(n) && f.Folder != c.kept {
				t.Errorf("%.60q is kept as %.60q, want %.60q", c.sent, f.Folder, c.kept)
			}
		}
		if len(files) != n+1 {
			t.Fatalf("%d files, want %d", len(files), n+1)
		}
	}
}
