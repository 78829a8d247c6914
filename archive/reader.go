package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Reader reads an archive. Nothing that it returns is believed before [Open] has checked the
// signature of the manifest, and each list is checked against the manifest whenever it is read.
type Reader struct {
	Manifest Manifest
	Sum      string // the SHA-256 of the manifest, which names the archive
	entries  map[string]*zip.File
	objects  map[string]int64 // size by SHA-256
	missing  map[string]bool  // SHA-256
}

// Open reads the directory and the manifest of an archive that is size bytes long. It refuses what
// is no archive, holds anything else, or was signed by none of the keys.
func Open(f io.ReaderAt, size int64, keys Keys) (*Reader, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	r := &Reader{entries: map[string]*zip.File{}, objects: map[string]int64{}, missing: map[string]bool{}}
	var stored uint64
	for _, e := range z.File {
		if err := r.addEntry(e); err != nil {
			return nil, err
		}
		// Entries that share bytes are a small archive that unpacks to a huge one.
		if stored += e.CompressedSize64; stored > uint64(size) {
			return nil, fmt.Errorf("%w: its entries overlap", ErrFormat)
		}
	}
	return r, r.readManifest(keys)
}

func (r *Reader) addEntry(e *zip.File) error {
	name := e.Name
	table, isRows := strings.CutPrefix(name, "rows/")
	table, isLines := strings.CutSuffix(table, ".jsonl")
	sum, isObject := strings.CutPrefix(name, "objects/")
	switch {
	case isObject && sumPattern.MatchString(sum) && e.Method == zip.Store:
	case isRows && isLines && tablePattern.MatchString(table):
	case name == readmeName || name == objectsName || name == missingName || name == manifestName || name == signatureName:
	default:
		return fmt.Errorf("%w: %.100q", ErrExtra, name)
	}
	if r.entries[name] != nil {
		return fmt.Errorf("%w: %q twice", ErrExtra, name)
	}
	if e.Flags&1 != 0 || (e.Method != zip.Store && e.Method != zip.Deflate) {
		return fmt.Errorf("%w: %q is encrypted or packed in an unknown way", ErrFormat, name)
	}
	r.entries[name] = e
	return nil
}

func (r *Reader) readManifest(keys Keys) error {
	text, err := r.small(manifestName)
	if err != nil {
		return err
	}
	signature, err := r.small(signatureName)
	if err != nil {
		return err
	}
	if err := keys.verify(text, signature); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r.Manifest); err != nil || d.More() {
		return fmt.Errorf("%w: %s", ErrFormat, manifestName)
	}
	sum := sha256.Sum256(text)
	r.Sum = hex.EncodeToString(sum[:])
	if err := r.Manifest.check(); err != nil {
		return err
	}
	return r.checkDirectory()
}

// small reads an entry that fits in memory.
func (r *Reader) small(name string) ([]byte, error) {
	e := r.entries[name]
	if e == nil {
		return nil, fmt.Errorf("%w: it has no %s", ErrFormat, name)
	}
	body, err := e.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrFormat, name)
	}
	defer func() { _ = body.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(body, maxManifest+1))
	if err != nil || len(text) > maxManifest {
		return nil, fmt.Errorf("%w: %s", ErrFormat, name)
	}
	return text, nil
}

// checkDirectory compares the entries with the manifest, and reads the two lists of objects.
func (r *Reader) checkDirectory() error {
	lists := map[string]List{objectsName: r.Manifest.Objects, missingName: r.Manifest.Missing}
	for _, t := range r.Manifest.Tables {
		lists[rowsName(t.Name)] = t.List
	}
	for name, l := range lists {
		e := r.entries[name]
		if e == nil || e.UncompressedSize64 != uint64(l.Bytes) {
			return fmt.Errorf("%w: %s", ErrChanged, name)
		}
	}
	err := r.lines(missingName, r.Manifest.Missing, func(line []byte) error {
		var m Missing
		if err := json.Unmarshal(line, &m); err != nil || !sumPattern.MatchString(m.SHA256) {
			return fmt.Errorf("%w: %s", ErrFormat, missingName)
		}
		r.missing[m.SHA256] = true
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.lines(objectsName, r.Manifest.Objects, r.addObject); err != nil {
		return err
	}
	for name := range r.entries {
		sum, isObject := strings.CutPrefix(name, "objects/")
		_, listed := r.objects[sum]
		// The bytes of an object that was damaged when the archive was made are in it, and of no use.
		if _, isList := lists[name]; strings.HasPrefix(name, "rows/") && !isList || isObject && !listed && !r.missing[sum] {
			return fmt.Errorf("%w: %s", ErrExtra, name)
		}
	}
	return nil
}

func (r *Reader) addObject(line []byte) error {
	var o Object
	if err := json.Unmarshal(line, &o); err != nil || !sumPattern.MatchString(o.SHA256) {
		return fmt.Errorf("%w: %s", ErrFormat, objectsName)
	}
	if _, twice := r.objects[o.SHA256]; twice {
		return fmt.Errorf("%w: %s names %s twice", ErrExtra, objectsName, o.SHA256)
	}
	e := r.entries[objectName(o.SHA256)]
	if e == nil || o.Size < 0 || e.UncompressedSize64 != uint64(o.Size) {
		return fmt.Errorf("%w: object %s", ErrChanged, o.SHA256)
	}
	r.objects[o.SHA256] = o.Size
	return nil
}

// lines passes each line of an entry to each, and returns [ErrChanged] if the entry as a whole is
// not as the manifest says. So what each does must not last before lines returns.
func (r *Reader) lines(name string, want List, each func(line []byte) error) error {
	body, err := r.entries[name].Open()
	if err != nil {
		return fmt.Errorf("%w: %s", ErrChanged, name)
	}
	defer func() { _ = body.Close() }() // it was only read
	sum := sha256.New()
	var got List
	s := bufio.NewScanner(io.TeeReader(io.LimitReader(body, want.Bytes+1), sum))
	s.Buffer(make([]byte, 64<<10), maxRow)
	s.Split(wholeLines)
	for s.Scan() {
		got.Rows++
		got.Bytes += int64(len(s.Bytes())) + 1
		if err := each(s.Bytes()); err != nil {
			return err
		}
	}
	if got.SHA256 = hex.EncodeToString(sum.Sum(nil)); s.Err() != nil || got != want {
		return fmt.Errorf("%w: %s", ErrChanged, name)
	}
	return nil
}

var errNoEnd = errors.New("the last line has no end")

// wholeLines is bufio.ScanLines for lines that all end in \n.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errNoEnd
	}
	return 0, nil, nil
}

// Rows passes each line of a table to each. A line is the callee's only until it returns. At the
// end it returns [ErrChanged] if the lines were not those of the manifest.
func (r *Reader) Rows(table string, each func(line []byte) error) error {
	t, ok := r.Manifest.Table(table)
	if !ok {
		return nil
	}
	return r.lines(rowsName(table), t.List, each)
}

// Has says whether the archive has the bytes of an object, and of which size.
func (r *Reader) Has(sum string) (size int64, ok bool) {
	size, ok = r.objects[sum]
	return size, ok
}

// IsMissing says that the bytes were missing when the archive was made.
func (r *Reader) IsMissing(sum string) bool { return r.missing[sum] }

// Object opens the bytes of an object that the archive has. What was read is only believed at the
// end: then an error says if it was changed.
func (r *Reader) Object(sum string) (io.ReadCloser, error) {
	size, ok := r.objects[sum]
	if !ok {
		return nil, fmt.Errorf("%w: object %s", ErrChanged, sum)
	}
	body, err := r.entries[objectName(sum)].Open()
	if err != nil {
		return nil, fmt.Errorf("%w: object %s", ErrChanged, sum)
	}
	return &checkedBody{body: body, want: sum, left: size, sum: sha256.New()}, nil
}

// CheckObjects reads every object and compares its SHA-256.
func (r *Reader) CheckObjects() error {
	for sum := range r.objects {
		body, err := r.Object(sum)
		if err == nil {
			_, err = io.Copy(io.Discard, body)
			_ = body.Close() // it was only read
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Fields splits a line of a table into the values of its columns. A line with other columns, in
// another order, or with one of them twice is [ErrChanged].
func Fields(columns []string, line []byte) ([]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	values := make([]json.RawMessage, len(columns))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: a row is no object", ErrChanged)
	}
	for i, c := range columns {
		t, err := d.Token()
		if err == nil && t == c {
			err = d.Decode(&values[i])
		} else if err == nil {
			err = fmt.Errorf("%w: a row has %.40q in place of %s", ErrChanged, fmt.Sprint(t), c)
		}
		if err != nil {
			return nil, err
		}
	}
	if t, err := d.Token(); err != nil || t != json.Delim('}') || d.InputOffset() != int64(len(line)) {
		return nil, fmt.Errorf("%w: a row has more than its columns", ErrChanged)
	}
	return values, nil
}
