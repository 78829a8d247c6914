package trail

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"time"

	"github.com/google/uuid"
)

// The files of an archive. Each side has a directory with the last four.
const (
	manifestFile    = "audit.json"
	keysFile        = "keys.pem"
	readmeFile      = "README.txt"
	eventsFile      = "events.jsonl"
	checkpointsFile = "checkpoints.jsonl"
	copiesFile      = "copies.jsonl"
	tilesFile       = "tiles.jsonl"
)

// Format is the version of the archive's format.
const Format = 1

// Manifest says what an archive is.
type Manifest struct {
	Format     int       `json:"format"`
	Tenant     uuid.UUID `json:"tenant"`
	Name       string    `json:"name"`  // of the tenant, for people
	Sides      []Side    `json:"sides"` // the logs that its reader may read
	ExportedAt time.Time `json:"exported_at"`
}

// Tile is a full tile of a log: a second copy of the leaves, which helps to name a row
// that was changed together with its leaf.
type Tile struct {
	Level  int    `json:"level"`
	Number int64  `json:"number"`
	Hashes []byte `json:"hashes"` // as [Join] writes them
}

// signedNote is a line of checkpoints.jsonl.
type signedNote struct {
	Note string `json:"note"`
}

// SideFiles are what an archive has of one side, each in order. Each is read once.
type SideFiles struct {
	Rows        iter.Seq2[Row, error]    // by position, then those that aren't sealed
	Checkpoints iter.Seq2[string, error] // by size
	Copies      iter.Seq2[string, error] // checkpoints that were kept elsewhere
	Tiles       iter.Seq2[Tile, error]   // of level 0, by number
}

// Writer creates the files of an archive one after the other, such as a [zip.Writer].
type Writer interface {
	Create(name string) (io.Writer, error)
}

// Archive writes an archive.
func Archive(w Writer, m Manifest, keys []byte, sides map[Side]SideFiles) error {
	m.Format, m.Sides = Format, nil
	for _, side := range Sides {
		if _, ok := sides[side]; ok {
			m.Sides = append(m.Sides, side)
		}
	}
	manifest, err := encode(m)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{manifestFile, append(manifest, '\n')}, {keysFile, keys}, {readmeFile, []byte(readme)}} {
		if err := writeFile(w, f.name, f.content); err != nil {
			return err
		}
	}
	for _, side := range Sides {
		of, ok := sides[side]
		if !ok {
			continue
		}
		at := func(name string) string { return path.Join(string(side), name) }
		if err := errors.Join(
			writeLines(w, at(eventsFile), of.Rows),
			writeLines(w, at(checkpointsFile), notes(of.Checkpoints)),
			writeLines(w, at(copiesFile), notes(of.Copies)),
			writeLines(w, at(tilesFile), of.Tiles)); err != nil {
			return err
		}
	}
	return nil
}

const readme = `The audit trail of one workspace of a Portico.

agency/ is what only the agency reads, client/ what the client's people read too. In each:
  events.jsonl       one event a line, by its position in the log; then those not sealed yet
  checkpoints.jsonl  what was signed: how many events there were, and the root of their tree
  copies.jsonl       the same, as kept in object storage
  tiles.jsonl        a second copy of the hashes of the events, 256 a line
keys.pem has the public keys. Compare them with those that you know from before.

To verify it, without any server:
  portico audit verify THIS-ARCHIVE --keys KEYS-THAT-YOU-KEPT --old A-CHECKPOINT-THAT-YOU-KEPT

A leaf is SHA-256 over a zero byte and the JSON of "event", as it stands. The tree is that of
RFC 6962. The "detail" in an event is SHA-256 over the salt and the detail; where both were
erased, the event still proves what it says. docs/audit.md of Portico says more.
`

func writeFile(w Writer, name string, content []byte) error {
	f, err := w.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return err
}

func notes(all iter.Seq2[string, error]) iter.Seq2[signedNote, error] {
	return func(yield func(signedNote, error) bool) {
		if all == nil {
			return
		}
		for n, err := range all {
			if !yield(signedNote{n}, err) {
				return
			}
		}
	}
}

func writeLines[T any](w Writer, name string, lines iter.Seq2[T, error]) error {
	f, err := w.Create(name)
	if err != nil || lines == nil {
		return err
	}
	out := bufio.NewWriter(f)
	for line, err := range lines {
		if err != nil {
			return err
		}
		b, err := encode(line)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// maxLine is the longest line that is read, in bytes.
const maxLine = 1 << 20

// readLines reads a file of an archive. A file that isn't there has no lines.
func readLines[T any](archive fs.FS, name string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		f, err := archive.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(none, err)
			return
		}
		defer func() { _ = f.Close() }() // it was only read
		lines := bufio.NewScanner(f)
		lines.Buffer(make([]byte, 64<<10), maxLine)
		for n := 1; lines.Scan(); n++ {
			var line T
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				yield(none, fmt.Errorf("%s, line %d, can't be read: %w", name, n, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(none, fmt.Errorf("%s: %w", name, err))
		}
	}
}

// ReadManifest reads what an archive is.
func ReadManifest(archive fs.FS) (m Manifest, err error) {
	b, err := fs.ReadFile(archive, manifestFile)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, fmt.Errorf("this is no archive of an audit trail: %w", err)
	}
	if m.Format != Format {
		return m, fmt.Errorf("this archive has format %d; this program reads format %d", m.Format, Format)
	}
	return m, nil
}

// ReadKeys reads the public keys that came with an archive, with a function that parses
// them.
func ReadKeys(archive fs.FS, parse func([]byte) ([]ed25519.PublicKey, error)) ([]ed25519.PublicKey, error) {
	b, err := fs.ReadFile(archive, keysFile)
	if err != nil {
		return nil, err
	}
	return parse(b)
}
