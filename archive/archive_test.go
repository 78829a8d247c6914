package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"portico/archive"
)

const (
	keyID = "0123456789abcdef"
	body  = "the bytes of a file"
)

var (
	sum     = sha256.Sum256([]byte(body))
	bodySum = hex.EncodeToString(sum[:])
)

func newKey(t *testing.T) (ed25519.PrivateKey, archive.Keys) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	check(t, err)
	return private, archive.Keys{keyID: public}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made returns an archive with two rows and one object.
func made(t *testing.T, key ed25519.PrivateKey) []byte {
	t.Helper()
	var out bytes.Buffer
	a, err := archive.NewWriter(&out, map[string]string{"id": "1"}, 79, time.Unix(0, 0))
	check(t, err)
	check(t, a.Rows("projects", func(add func([]byte) error) ([]string, error) {
		return []string{"id", "name"}, errors.Join(add([]byte(`{"id":"1","name":"One"}`)), add([]byte(`{"id":"2","name":"Two"}`)))
	}))
	check(t, a.Object(archive.Object{SHA256: bodySum, Size: int64(len(body))}, strings.NewReader(body)))
	a.Missing(archive.Missing{Kind: "files", ID: "3", SHA256: strings.Repeat("0", 64), Why: "not in storage"})
	_, err = a.Close(key, keyID)
	check(t, err)
	return out.Bytes()
}

func open(b []byte, keys archive.Keys) (*archive.Reader, error) {
	return archive.Open(bytes.NewReader(b), int64(len(b)), keys)
}

// What was written is read again, whole.
func TestArchivesComeBack(t *testing.T) {
	t.Parallel()
	key, keys := newKey(t)
	r, err := open(made(t, key), keys)
	check(t, err)
	var lines []string
	check(t, r.Rows("projects", func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	}))
	if len(lines) != 2 || lines[1] != `{"id":"2","name":"Two"}` {
		t.Errorf("rows: %q", lines)
	}
	o, err := r.Object(bodySum)
	check(t, err)
	if got, err := io.ReadAll(o); err != nil || string(got) != body {
		t.Errorf("object: %q, %v", got, err)
	}
	check(t, r.CheckObjects())
	if !r.IsMissing(strings.Repeat("0", 64)) || r.IsMissing(bodySum) {
		t.Error("the list of what is missing is wrong")
	}
}

// entry is one file of a ZIP archive.
type entry struct{ name, text string }

// changed packs an archive again after change.
func changed(t *testing.T, whole []byte, change func([]entry) []entry) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	check(t, err)
	var entries []entry
	for _, f := range z.File {
		r, err := f.Open()
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		entries = append(entries, entry{f.Name, string(text)})
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range change(entries) {
		to, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		check(t, err)
		_, err = io.WriteString(to, e.text)
		check(t, err)
	}
	check(t, w.Close())
	return out.Bytes()
}

// replaced changes the text of one entry.
func replaced(name, old, text string) func([]entry) []entry {
	return func(entries []entry) []entry {
		for i, e := range entries {
			if e.name == name {
				entries[i].text = strings.Replace(e.text, old, text, 1)
			}
		}
		return entries
	}
}

func added(name, text string) func([]entry) []entry {
	return func(entries []entry) []entry { return append(entries, entry{name, text}) }
}

func without(name string) func([]entry) []entry {
	return func(entries []entry) (left []entry) {
		for _, e := range entries {
			if e.name != name {
				left = append(left, e)
			}
		}
		return left
	}
}

// An archive that is not as its manifest says, or whose manifest nobody we know signed, is refused.
func TestDoctoredArchivesAreNotRead(t *testing.T) {
	t.Parallel()
	key, keys := newKey(t)
	whole := made(t, key)
	if r, err := open(changed(t, whole, func(e []entry) []entry { return e }), keys); err != nil || r.CheckObjects() != nil {
		t.Fatalf("packed again without a change: %v", err)
	}
	for name, c := range map[string]struct {
		change func([]entry) []entry
		want   error
	}{
		"a changed row":             {replaced("rows/projects.jsonl", "One", "Own"), archive.ErrChanged},
		"a row more":                {replaced("rows/projects.jsonl", "{", "{\"id\":\"9\",\"name\":\"Nine\"}\n{"), archive.ErrChanged},
		"a last line without end":   {replaced("rows/projects.jsonl", "Two\"}\n", "Two\"} "), archive.ErrChanged},
		"changed bytes":             {replaced("objects/"+bodySum, "bytes", "Bytes"), archive.ErrChanged},
		"a changed manifest":        {replaced("manifest.json", `"schema": 79`, `"schema": 78`), archive.ErrSignature},
		"a changed tenant":          {replaced("manifest.json", `"id": "1"`, `"id": "2"`), archive.ErrSignature},
		"a changed signature":       {replaced("manifest.json.sig", keyID, "fedcba9876543210"), archive.ErrSignature},
		"no signature":              {without("manifest.json.sig"), archive.ErrFormat},
		"no manifest":               {without("manifest.json"), archive.ErrFormat},
		"no rows":                   {without("rows/projects.jsonl"), archive.ErrChanged},
		"no object":                 {without("objects/" + bodySum), archive.ErrChanged},
		"a name that leads outside": {added("../evil", "x"), archive.ErrExtra},
		"rows that lead outside":    {added("rows/../../evil.jsonl", "x"), archive.ErrExtra},
		"an absolute name":          {added("/etc/passwd", "x"), archive.ErrExtra},
		"another object":            {added("objects/"+strings.Repeat("a", 64), "x"), archive.ErrExtra},
		"another table":             {added("rows/sessions.jsonl", "{}\n"), archive.ErrExtra},
		"an entry twice":            {added("rows/projects.jsonl", "{}\n"), archive.ErrExtra},
		"a directory":               {added("rows/", ""), archive.ErrExtra},
	} {
		r, err := open(changed(t, whole, c.change), keys)
		if err == nil {
			err = errors.Join(r.Rows("projects", func([]byte) error { return nil }), r.CheckObjects())
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := open(whole[:len(whole)-100], keys); !errors.Is(err, archive.ErrFormat) {
		t.Errorf("cut short: %v", err)
	}
	_, others := newKey(t)
	if _, err := open(whole, others); !errors.Is(err, archive.ErrSignature) {
		t.Errorf("signed by another: %v", err)
	}
}

// A row has the columns of its table, each once.
func TestRowsHaveTheirColumns(t *testing.T) {
	t.Parallel()
	columns := []string{"id", "name"}
	if v, err := archive.Fields(columns, []byte(`{"id":1,"name":{"a":[1]}}`)); err != nil || string(v[1]) != `{"a":[1]}` {
		t.Errorf("a right one: %s, %v", v, err)
	}
	for _, line := range []string{
		`{"id":1}`, `{"name":1,"id":1}`, `{"id":1,"name":2,"tenant_id":3}`, `{"id":1,"id":2,"name":3}`, `{"id":1,"name":2} {}`,
		`[1,2]`, `{"id":1,"name":2`, ``, `{"id":1,"name":}`,
	} {
		if _, err := archive.Fields(columns, []byte(line)); err == nil {
			t.Errorf("taken: %s", line)
		}
	}
}

// Small archives that would unpack to huge ones are refused before they are unpacked.
func TestOverlappingEntriesAreRefused(t *testing.T) {
	t.Parallel()
	key, keys := newKey(t)
	whole := made(t, key)
	// The directory says that the first entry is larger than the file.
	at := bytes.Index(whole, []byte("PK\x01\x02"))
	huge := bytes.Clone(whole)
	copy(huge[at+20:], []byte{0xff, 0xff, 0xff, 0x7f})
	if _, err := open(huge, keys); !errors.Is(err, archive.ErrFormat) {
		t.Errorf("taken: %v", err)
	}
}
