package archive

import (
	"archive/zip"
	"compress/flate"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// Writer writes an archive as a stream. It holds no more than a line of it.
type Writer struct {
	zip      *zip.Writer
	at       time.Time
	manifest Manifest
	objects  []Object
	missing  []Missing
}

// NewWriter begins an archive of the tenant, as it was at that time.
func NewWriter(w io.Writer, tenant any, schema int64, at time.Time) (*Writer, error) {
	text, err := json.Marshal(tenant)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	a := &Writer{zip: z, at: at, manifest: Manifest{Format: Format, Schema: schema, At: at.UTC(), Tenant: text}}
	readme, err := a.create(readmeName, zip.Deflate)
	if err == nil {
		_, err = io.WriteString(readme, readmeText)
	}
	return a, err
}

func (a *Writer) create(name string, method uint16) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: method, Modified: a.at.UTC().Truncate(time.Second)}
	h.SetMode(0o644)
	w, err := a.zip.CreateHeader(h)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return w, nil
}

// lines writes an entry of lines and counts them.
type lines struct {
	to   io.Writer
	sum  hash.Hash
	list List
}

func (a *Writer) lines(name string) (*lines, error) {
	w, err := a.create(name, zip.Deflate)
	return &lines{to: w, sum: sha256.New()}, err
}

func (l *lines) add(line []byte) error {
	for _, part := range [][]byte{line, {'\n'}} {
		l.sum.Write(part)
		l.list.Bytes += int64(len(part))
		if _, err := l.to.Write(part); err != nil {
			return err
		}
	}
	l.list.Rows++
	return nil
}

func (l *lines) done() List {
	l.list.SHA256 = hex.EncodeToString(l.sum.Sum(nil))
	return l.list
}

// Rows writes the entry of a table. rows passes each line to its argument, and returns the names
// of the columns.
func (a *Writer) Rows(table string, rows func(add func(line []byte) error) (columns []string, err error)) error {
	l, err := a.lines(rowsName(table))
	if err != nil {
		return err
	}
	columns, err := rows(l.add)
	if err != nil {
		return err
	}
	a.manifest.Tables = append(a.manifest.Tables, Table{Name: table, Columns: columns, List: l.done()})
	return nil
}

// errBytes says that the bytes of an object are not those that its row names.
var errBytes = errors.New("the bytes are not those that were stored")

// Object writes the bytes of an object. If they are not of that size and SHA-256 the error is
// not nil, and the archive is spoilt: read them once before.
func (a *Writer) Object(o Object, body io.Reader) error {
	w, err := a.create(objectName(o.SHA256), zip.Store)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), body)
	if err == nil && (n != o.Size || hex.EncodeToString(sum.Sum(nil)) != o.SHA256) {
		err = errBytes
	}
	if err != nil {
		return fmt.Errorf("archive: object %s: %w", o.SHA256, err)
	}
	a.objects = append(a.objects, o)
	return nil
}

// Missing notes an object that a row names and storage doesn't have.
func (a *Writer) Missing(m Missing) { a.missing = append(a.missing, m) }

// Close writes the lists and the signed manifest, and returns the manifest. The archive is whole
// only then.
func (a *Writer) Close(key ed25519.PrivateKey, keyID string) (Manifest, error) {
	var err error
	if a.manifest.Objects, err = list(a, objectsName, a.objects); err != nil {
		return Manifest{}, err
	}
	if a.manifest.Missing, err = list(a, missingName, a.missing); err != nil {
		return Manifest{}, err
	}
	text, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return Manifest{}, fmt.Errorf("archive: %w", err)
	}
	for _, e := range []struct {
		name string
		text []byte
	}{{manifestName, text}, {signatureName, sign(key, keyID, text)}} {
		w, err := a.create(e.name, zip.Deflate)
		if err == nil {
			_, err = w.Write(e.text)
		}
		if err != nil {
			return Manifest{}, err
		}
	}
	return a.manifest, a.zip.Close()
}

func list[T any](a *Writer, name string, of []T) (List, error) {
	l, err := a.lines(name)
	if err != nil {
		return List{}, err
	}
	for _, o := range of {
		line, err := json.Marshal(o)
		if err == nil {
			err = l.add(line)
		}
		if err != nil {
			return List{}, fmt.Errorf("archive: %w", err)
		}
	}
	return l.done(), nil
}
