// Package archive writes and reads the archive of a tenant: a ZIP file with the rows of each
// table as lines of JSON, the files by the SHA-256 of their bytes, and a signed manifest with the
// number and the SHA-256 of everything. It knows neither the database nor object storage.
package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Format is the version of the form of archives, in their manifests.
const Format = 1

// The entries of an archive besides rows/<table>.jsonl and objects/<SHA-256>.
const (
	readmeName    = "README.txt"
	objectsName   = "objects.jsonl"
	missingName   = "missing.jsonl"
	manifestName  = "manifest.json"
	signatureName = "manifest.json.sig"
)

// Limits of what is read, in bytes.
const (
	maxManifest = 4 << 20
	maxRow      = 96 << 20 // a certificate may have 32 MiB, which JSON may write as twice as many
)

// The ways in which an archive fails. Each error names the entry.
var (
	// ErrFormat means that the file is no archive, or not a whole one.
	ErrFormat = errors.New("this is no archive of a tenant, or not a whole one")
	// ErrVersion means that another version of Portico made the archive.
	ErrVersion = errors.New("the archive is of another version")
	// ErrSignature means that none of the known keys signed the manifest as it is.
	ErrSignature = errors.New("the signature of the archive doesn't match")
	// ErrChanged means that an entry is not as the manifest says.
	ErrChanged = errors.New("the archive was changed, cut or damaged")
	// ErrExtra means that there is something in the archive that the manifest doesn't name.
	ErrExtra = errors.New("the archive holds something that doesn't belong there")
)

// Manifest says what is in an archive.
type Manifest struct {
	Format int   `json:"format"`
	Schema int64 `json:"schema"` // the newest migration of the database
	// At is the moment of which everything in the archive is.
	At     time.Time       `json:"at"`
	Tenant json.RawMessage `json:"tenant"`
	Tables []Table         `json:"tables"`
	// Objects and Missing are lists of objects, one a line of their entries.
	Objects List `json:"objects"`
	Missing List `json:"missing"`
}

// Table is the entry with the rows of a table.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	List
}

// List is an entry of lines.
type List struct {
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Object is a line of the list of objects.
type Object struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // in bytes
}

// Missing is a line of the list of what a row names and storage didn't have.
type Missing struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // in bytes, as the row says
	Why    string `json:"why"`
}

// Table returns the entry of a table, if the archive has it.
func (m *Manifest) Table(name string) (Table, bool) {
	for _, t := range m.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

var (
	tablePattern  = regexp.MustCompile(`\A[a-z][a-z0-9_]{0,62}\z`)
	columnPattern = regexp.MustCompile(`\A[a-z][a-z0-9_]{0,62}\z`)
	sumPattern    = regexp.MustCompile(`\A[0-9a-f]{64}\z`)
)

func rowsName(table string) string { return "rows/" + table + ".jsonl" }

func objectName(sum string) string { return "objects/" + sum }

// check refuses a manifest whose form is wrong.
func (m *Manifest) check() error {
	if m.Format != Format {
		return fmt.Errorf("%w: format %d, not %d", ErrVersion, m.Format, Format)
	}
	seen := map[string]bool{}
	for _, t := range m.Tables {
		if !tablePattern.MatchString(t.Name) || seen[t.Name] || len(t.Columns) == 0 {
			return fmt.Errorf("%w: a table in the manifest", ErrFormat)
		}
		seen[t.Name] = true
		columns := map[string]bool{}
		for _, c := range t.Columns {
			if !columnPattern.MatchString(c) || columns[c] {
				return fmt.Errorf("%w: a column of %s in the manifest", ErrFormat, t.Name)
			}
			columns[c] = true
		}
	}
	lists := []List{m.Objects, m.Missing}
	for _, t := range m.Tables {
		lists = append(lists, t.List)
	}
	for _, l := range lists {
		if l.Rows < 0 || l.Bytes < 0 || !sumPattern.MatchString(l.SHA256) {
			return fmt.Errorf("%w: a count in the manifest", ErrFormat)
		}
	}
	return nil
}
