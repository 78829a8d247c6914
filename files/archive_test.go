package files

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// archived is an archive on a test web server, and what its Begin was called with.
type archived struct {
	bundle
	contents [][]byte
	archive  *Archive
	server   *httptest.Server
	begun    chan string // "1" for file 1 from its beginning, "1+" for a later piece
	refuse   int         // the file that Begin refuses; -1 for none
	failed   chan error
}

// entriesOf stores contents under names.
func (b bundle) entriesOf(t *testing.T, names []string, contents [][]byte) []Entry {
	t.Helper()
	entries := make([]Entry, len(names))
	for i, name := range names {
		folder, base := "", name
		if at := strings.LastIndex(name, "|"); at >= 0 {
			folder, base = name[:at], name[at+1:]
		}
		entries[i] = Entry{
			Key: b.put(t, contents[i]), Folder: folder, Name: base, Size: int64(len(contents[i])),
			CRC32: crc32.ChecksumIEEE(contents[i]), Digest: digestOf(contents[i]),
			Stored: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
		}
	}
	return entries
}

func serveArchive(t *testing.T, names []string, contents [][]byte) *archived {
	t.Helper()
	a := &archived{bundle: setup(t), contents: contents, begun: make(chan string, 1000), failed: make(chan error, 10), refuse: -1}
	archive, err := NewArchive(a.entriesOf(t, names, contents))
	if err != nil {
		t.Fatal(err)
	}
	a.archive = archive
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := a.vault.ServeArchive(w, r, ArchiveDownload{Archive: archive, Name: "Posters v3.zip", Begin: func(_ context.Context, i int, piece bool) error {
			if i == a.refuse {
				return errors.New("no longer")
			}
			mark := fmt.Sprint(i)
			if piece {
				mark += "+"
			}
			a.begun <- mark
			return nil
		}})
		if err != nil {
			a.failed <- err
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(a.server.Close)
	return a
}

func (a *archived) get(t *testing.T, method string, header ...string) (*http.Response, []byte, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func (a *archived) begunNow() (all []string) {
	for {
		select {
		case mark := <-a.begun:
			all = append(all, mark)
		default:
			return all
		}
	}
}

// An archive has every file under a name that no system refuses and no unpacker follows out of its folder, and exactly the
// length that it promises.
func TestArchiveIsWhole(t *testing.T) {
	t.Parallel()
	names := []string{
		"logo.png", "Logo.PNG", "logo.png", "../../etc/passwd", "press/|a.txt", "press/../..|a.txt", "press|A.txt",
		"日本語.txt", "evil\u202egnp.exe", "", "C:\\boot.ini|x", "..|..", strings.Repeat("日", 200) + " v3.pdf",
	}
	want := []string{
		"logo.png", "Logo (2).PNG", "logo (3).png", "_.._etc_passwd", "press/a.txt", "press/file/file/a.txt", "press/A (2).txt",
		"日本語.txt", "evilgnp.exe", "file", "C__boot.ini/x", "file/file", "",
	}
	contents := make([][]byte, len(names))
	for i := range contents {
		contents[i] = randomBytes(byte(100+i), i*1000)
	}
	a := serveArchive(t, names, contents)
	response, body, err := a.get(t, http.MethodGet)
	if err != nil || response.StatusCode != http.StatusOK || response.ContentLength != a.archive.Size() || int64(len(body)) != a.archive.Size() {
		t.Fatal(response.Status, len(body), a.archive.Size(), err)
	}
	for name, value := range map[string]string{
		"Content-Type":           "application/zip",
		"Content-Disposition":    `attachment; filename="Posters v3.zip"`,
		"Accept-Ranges":          "bytes",
		"X-Content-Type-Options": "nosniff",
		"Cache-Control":          "private, no-store",
		"Etag":                   a.archive.tag,
	} {
		if got := response.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) != len(names) {
		t.Fatal(err)
	}
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(f.Name, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, contents[i]) || f.Method != zip.Store || f.Modified.Unix() != 1767323046 {
			t.Errorf("%s: %d bytes, %v, %v", f.Name, len(got), f.Modified, err)
		}
		if f.Name != want[i] && want[i] != "" || len(f.Name) > 255 {
			t.Errorf("%q is packed as %q, want %q", names[i], f.Name, want[i])
		}
	}
	head, none, _ := a.get(t, http.MethodHead)
	if head.ContentLength != a.archive.Size() || len(none) != 0 || head.Header.Get("Etag") != a.archive.tag {
		t.Errorf("head: %d bytes promised", head.ContentLength)
	}
	if again, err := NewArchive(a.archive.entries); err != nil || again.tag != a.archive.tag || again.size != a.archive.size {
		t.Errorf("the same files are another archive: %v", err)
	}
	other := slices.Clone(a.archive.entries)
	other[1].Name = "renamed"
	if renamed, err := NewArchive(other); err != nil || renamed.tag == a.archive.tag {
		t.Errorf("other names have the same tag: %v", err)
	}
}

// No path in an archive has a name that Windows can't store, or that it takes for a device. Names that become the same get
// a number, and ordinary names stay.
func TestArchiveNamesUnpackOnWindows(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{}
	for _, c := range []struct{ folder, name, want string }{
		{"", `a:b*c?d"e<f>g|h\i.txt`, "a_b_c_d_e_f_g_h_i.txt"},
		{"", `a?b*c?d"e<f>g|h\i.txt`, "a_b_c_d_e_f_g_h_i (2).txt"},
		{"", "A_b_c_d_e_f_g_h_i.txt", "A_b_c_d_e_f_g_h_i (3).txt"},
		{"C:", "x.txt", "C_/x.txt"},
		{"a:b/c|d", "x.txt", "a_b/c_d/x.txt"},
		{"a?b/c*d", "x.txt", "a_b/c_d/x (2).txt"},
		{"", "CON", "_CON"},
		{"", "con.txt", "_con.txt"},
		{"", "_con.txt", "_con (2).txt"},
		{"", "Nul .tar.gz", "_Nul .tar.gz"},
		{"aux/prn.d", "COM1", "_aux/_prn.d/_COM1"},
		{"", "lpt9.pdf", "_lpt9.pdf"},
		{"", "com¹.pdf", "_com¹.pdf"},
		{"", "conin$", "_conin$"},
		{"", "COM1:", "COM1_"},
		{"", "nul." + strings.Repeat("x", 251), "_nul." + strings.Repeat("x", 162) + "..." + strings.Repeat("x", 85)},
		{"dot./space ", "end. . ", "dot/space/end"},
		{"", "end.\u200b.", "end"},
		{"", "console.log", "console.log"},
		{"", "COM10.txt", "COM10.txt"},
		{"", "Com.txt", "Com.txt"},
		{"", "Größe; final (2), v3 & more.pdf", "Größe; final (2), v3 & more.pdf"},
	} {
		if got := freePath(taken, Entry{Folder: c.folder, Name: c.name}); got != c.want {
			t.Errorf("%q in %q is packed as %q, want %q", c.name, c.folder, got, c.want)
		}
	}
}

// A broken download goes on at any byte. Only the files that are sent are begun, and one that is entered in its middle is
// a piece.
func TestArchiveResumes(t *testing.T) {
	t.Parallel()
	contents := [][]byte{randomBytes(1, 3000), nil, randomBytes(2, 1), randomBytes(3, 5000)}
	a := serveArchive(t, []string{"a.bin", "empty", "one", "b.bin"}, contents)
	_, whole, err := a.get(t, http.MethodGet)
	if err != nil || !slices.Equal(a.begunNow(), []string{"0", "1", "2", "3"}) {
		t.Fatal(err)
	}
	at := []int64{0, 1, a.archive.size - 1}
	for _, s := range a.archive.segments {
		at = append(at, s.at, s.at+1, s.at+s.length/2, s.end()-1)
	}
	for _, from := range at {
		if from < 0 || from >= a.archive.size {
			continue
		}
		response, body, err := a.get(t, http.MethodGet, "Range", fmt.Sprintf("bytes=%d-", from), "If-Range", a.archive.tag)
		if err != nil || response.StatusCode != http.StatusPartialContent || !bytes.Equal(body, whole[from:]) {
			t.Errorf("from %d: %s, %d bytes, %v", from, response.Status, len(body), err)
		}
	}
	a.begunNow()
	file, directory := a.archive.segments[1], a.archive.segments[len(a.archive.segments)-1]
	for header, want := range map[string][]string{
		fmt.Sprintf("bytes=%d-%d", file.at, file.at):                    {"0"},
		fmt.Sprintf("bytes=%d-%d", file.at+7, file.at+9):                {"0+"},
		fmt.Sprintf("bytes=%d-%d", file.at+7, a.archive.segments[7].at): {"0+", "1", "2", "3"},
		fmt.Sprintf("bytes=%d-", directory.at):                          nil,
		"bytes=0-5":                                                     nil,
	} {
		response, _, err := a.get(t, http.MethodGet, "Range", header)
		if got := a.begunNow(); err != nil || response.StatusCode != http.StatusPartialContent || !slices.Equal(got, want) {
			t.Errorf("%s: %s, begun %v, want %v, %v", header, response.Status, got, want, err)
		}
	}
	for header, status := range map[string]int{
		"bytes=0-1,5-6":                              http.StatusOK,
		fmt.Sprintf("bytes=%d-", a.archive.size):     http.StatusRequestedRangeNotSatisfiable,
		fmt.Sprintf("bytes=%d-", a.archive.size-100): http.StatusPartialContent,
	} {
		if response, _, err := a.get(t, http.MethodGet, "Range", header); err != nil || response.StatusCode != status {
			t.Errorf("%s: %s, %v", header, response.Status, err)
		}
	}
	if response, body, _ := a.get(t, http.MethodGet, "Range", "bytes=5-", "If-Range", `"another"`); response.StatusCode != http.StatusOK || len(body) != len(whole) {
		t.Errorf("another archive's piece: %s", response.Status)
	}
}

// A refusal, a lost or a damaged file ends the archive visibly: before the first byte as an error, after it with a broken
// connection. It is never a whole archive with a gap.
func TestArchiveNeverHasAGap(t *testing.T) {
	t.Parallel()
	contents := func() [][]byte {
		return [][]byte{randomBytes(4, 600_000), randomBytes(5, 600_000), randomBytes(6, 600_000)}
	}
	for name, harm := range map[string]func(*testing.T, *archived, int){
		"refused": func(_ *testing.T, a *archived, i int) { a.refuse = i },
		"deleted": func(t *testing.T, a *archived, i int) { _ = a.vault.Delete(t.Context(), a.archive.entries[i].Key) },
		"cut":     func(t *testing.T, a *archived, i int) { a.truncateOnDisk(t, a.archive.entries[i].Key, 10) },
		"damaged": func(t *testing.T, a *archived, i int) { a.flipOnDisk(t, a.archive.entries[i].Key, 1000) },
	} {
		for _, i := range []int{0, 1, 2} {
			a := serveArchive(t, []string{"a", "b", "c"}, contents())
			harm(t, a, i)
			response, body, err := a.get(t, http.MethodGet)
			switch {
			case i == 0 && name != "damaged":
				if response.StatusCode != http.StatusTeapot || len(a.failed) != 1 {
					t.Errorf("%s, file %d: %s", name, i, response.Status)
				}
			case err == nil, int64(len(body)) >= a.archive.size:
				t.Errorf("%s, file %d: %s, %d of %d bytes without an error", name, i, response.Status, len(body), a.archive.size)
			}
		}
	}
	stranger := setup(t)
	a := serveArchive(t, []string{"a"}, [][]byte{[]byte("a")})
	err := stranger.vault.ServeArchive(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil),
		ArchiveDownload{Archive: a.archive, Begin: func(context.Context, int, bool) error { t.Error("begun"); return nil }})
	if !errors.Is(err, ErrWrongTenant) {
		t.Errorf("another tenant's files: %v", err)
	}
}

// zeros reads an archive whose files are all zeros.
type zeros struct{ *Archive }

// ReadAt implements io.ReaderAt.
func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	for _, s := range z.segments {
		if s.own != nil && s.at < off+int64(len(p)) && s.end() > off {
			copy(p[max(s.at-off, 0):], s.own[max(off-s.at, 0):])
		}
	}
	return len(p), nil
}

// Files beyond 4 GiB, and files that begin beyond 4 GiB, are found where the directory says, in the format that every
// unpacker since zip64 reads.
func TestArchiveBeyondFourGiB(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	sizes := []int64{10, 4*gib - 2, 4*gib - 1, 4 * gib, 60 * gib, 7, 0}
	entries := make([]Entry, len(sizes))
	for i, size := range sizes {
		entries[i] = Entry{Key: setup(t).key(), Name: fmt.Sprintf("file %d.mov", i), Size: size, Stored: time.Unix(1767323046, 0)}
	}
	a, err := NewArchive(entries)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(zeros{a}, a.size)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	for i, f := range z.File {
		offset, err := f.DataOffset()
		if err != nil || int64(f.UncompressedSize64) != sizes[i] || f.Name != entries[i].Name {
			t.Errorf("%s: %d bytes, %v", f.Name, f.UncompressedSize64, err)
		}
		place := slices.IndexFunc(a.segments, func(s segment) bool { return s.own == nil && s.entry == i })
		if a.segments[place].at != offset || offset < at {
			t.Errorf("%s: at %d, the directory says %d", f.Name, a.segments[place].at, offset)
		}
		at = offset + sizes[i]
		local := a.segments[place-1].own
		if large := bytes.Contains(local, zip64Sizes(sizes[i])); large != (sizes[i] >= 4*gib-1) {
			t.Errorf("%s: zip64 sizes in its own header: %t", f.Name, large)
		}
	}
}
