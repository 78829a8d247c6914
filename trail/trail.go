// Package trail hashes, seals and verifies the audit trail of a tenant. To verify one takes
// neither the server nor a database.
//
// A tenant has two logs, by side: what its client's people may read, and the rest. Each is a
// Merkle tree as in RFC 6962. A leaf is the hash of one event as JSON. A checkpoint says how
// many leaves the tree has and its root, in C2SP's format (tlog-checkpoint), and is signed
// with Ed25519. docs/audit.md describes the archive that [Verify] reads.
package trail

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"
)

// Side is one of the two logs of a tenant.
type Side string

// The sides.
const (
	Client Side = "client" // what the client's people may read
	Agency Side = "agency" // the rest
)

// Sides are all sides, in the order of an archive.
var Sides = []Side{Agency, Client}

// Event is one row of the trail as its leaf holds it. Its JSON is canonical: these keys in
// this order, as RFC 8785 has them.
type Event struct {
	Actor      *uuid.UUID `json:"actor"`
	At         Time       `json:"at"`
	Detail     []byte     `json:"detail"` // [DetailHash] of the detail
	ID         uuid.UUID  `json:"id"`
	Key        *uuid.UUID `json:"key"` // the API key of a program
	Party      string     `json:"party"`
	Position   int64      `json:"position"` // in its log, from 0
	Request    string     `json:"request"`
	Result     string     `json:"result"`
	Session    *uuid.UUID `json:"session"` // the support session
	Subject    *uuid.UUID `json:"subject"`
	Target     *uuid.UUID `json:"target"`
	TargetKind string     `json:"target_kind"`
	Verb       string     `json:"verb"`
}

// Time is a time in UTC, to the microsecond, as the database keeps it.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000000Z"

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(timeLayout) + `"`), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(b []byte) (err error) {
	t.Time, err = time.Parse(`"`+timeLayout+`"`, string(b))
	return err
}

// SaltSize is the length of a salt in bytes.
const SaltSize = 16

// DetailHash is SHA-256 over the salt and the detail. Without the salt nobody can guess the
// detail from it, so both can be erased and the leaf stays.
func DetailHash(salt []byte, detail string) []byte {
	sum := sha256.New()
	sum.Write(salt)
	sum.Write([]byte(detail))
	return sum.Sum(nil)
}

// Canonical is the event as its leaf hashes it.
func (e Event) Canonical() []byte {
	b, err := encode(e)
	if err != nil {
		panic(err) // every event has a JSON
	}
	return b
}

// Leaf is the hash of the event: SHA-256 over a zero byte and [Event.Canonical].
func (e Event) Leaf() tlog.Hash { return tlog.RecordHash(e.Canonical()) }

// Row is one line of an archive: an event, and what is known of it besides.
type Row struct {
	// Position is nil for an event that isn't sealed yet.
	Position *int64 `json:"position"`
	Leaf     []byte `json:"leaf,omitempty"`
	// Event is nil if only the leaf is left.
	Event *Event `json:"event"`
	// Salt is nil once the detail is erased, and for an event that isn't sealed yet.
	Salt   []byte `json:"salt,omitempty"`
	Detail string `json:"detail"` // JSON, as the database prints it
}

// errOtherDetail means that the detail isn't the one that was sealed.
var errOtherDetail = errors.New("its detail was changed")

// check compares the detail with its hash.
func (r Row) check() error {
	if len(r.Salt) == 0 {
		if !erased(r.Detail) {
			return errOtherDetail
		}
		return nil
	}
	if !bytes.Equal(DetailHash(r.Salt, r.Detail), r.Event.Detail) {
		return errOtherDetail
	}
	return nil
}

// erased says that a detail holds nothing but the mark of the team's own notes, which the
// database needs to hide them.
func erased(detail string) bool { return detail == "{}" || detail == `{"team": true}` }

// encode is json.Marshal without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("trail: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
