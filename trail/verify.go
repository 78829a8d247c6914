package trail

import (
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Kind is what is wrong with a trail.
type Kind string

// What can be wrong.
const (
	Changed   Kind = "changed"   // a row isn't as it was sealed
	Missing   Kind = "missing"   // a row that was sealed is gone
	Added     Kind = "added"     // a row was never sealed where it stands, or should have been sealed
	Moved     Kind = "moved"     // a row stands at another's place
	Cut       Kind = "cut"       // rows at the end are gone
	Fork      Kind = "fork"      // two checkpoints tell of different trails
	Older     Kind = "older"     // the archive is older than a checkpoint
	Late      Kind = "late"      // a row is dated long before the checkpoint that first holds it
	Unsigned  Kind = "unsigned"  // no known key signed a checkpoint
	Rewritten Kind = "rewritten" // rows and their hashes were changed together
)

// LateAfter is how much earlier than its first checkpoint a row may be dated.
const LateAfter = 10 * time.Minute

// Finding is something wrong.
type Finding struct {
	Kind     Kind
	Side     Side
	Position int64 // -1 for none
	Event    uuid.UUID
	Says     string
}

func (f Finding) String() string {
	s := fmt.Sprintf("%s log: %s", f.Side, f.Says)
	if f.Event != uuid.Nil {
		s += " (event " + f.Event.String() + ")"
	}
	return s
}

// LogReport is what was found of one log.
type LogReport struct {
	Side        Side
	Origin      string
	Rows        int64 // that are sealed
	Unsealed    int64
	Erased      int64 // of which the detail is erased
	Checkpoints int
	SealedAt    time.Time // of the newest checkpoint
	Before      int64     // rows that are older than the log itself
	BeganAt     time.Time // of the first checkpoint
}

// Report is the result of [Verify].
type Report struct {
	Manifest Manifest
	Logs     []LogReport
	Findings []Finding // the first of each log first
}

// OK says that nothing is wrong.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Options say how to verify.
type Options struct {
	Keys []ed25519.PublicKey // that the verifier knows to be the log's
	Old  []string            // checkpoints that the verifier kept, as notes
}

// mostNamed is how many rows of a log are named one by one.
const mostNamed = 1000

// Verify checks an archive. The error says that it can't be read. What is wrong with the trail
// is in the report.
func Verify(archive fs.FS, o Options) (Report, error) {
	m, err := ReadManifest(archive)
	r := Report{Manifest: m}
	if err != nil {
		return r, err
	}
	for _, side := range m.Sides {
		if !slices.Contains(Sides, side) {
			return r, fmt.Errorf("this program knows no log of the side %q", side)
		}
		v := verification{side: side, archive: archive, manifest: m, trusted: trusted{o.Keys}}
		if err := v.run(o.Old); err != nil {
			return r, fmt.Errorf("%s log: %w", side, err)
		}
		r.Logs = append(r.Logs, v.log)
		r.Findings = append(r.Findings, v.found...)
	}
	for _, old := range o.Old {
		c, err := OpenCheckpoint(old, o.Keys)
		if _, side := sideOf(c.Origin); err == nil && (!IsOrigin(c.Origin, m.Tenant, side) || !slices.Contains(m.Sides, side)) {
			err = fmt.Errorf("it is one of %s, which isn't in this archive", c.Origin)
		}
		if err != nil {
			return r, fmt.Errorf("the checkpoint that you kept: %w", err)
		}
	}
	return r, nil
}

// verification is the check of one log.
type verification struct {
	side     Side
	archive  fs.FS
	manifest Manifest
	trusted  trusted
	log      LogReport
	found    []Finding

	checkpoints []Checkpoint // by size
	rows        []sealedRow  // by position
	unsealed    []Row
	proven      int64  // how many of the leaves below were proven
	leaves      []Hash // as they were sealed
}

// sealedRow is what is kept of each row.
type sealedRow struct {
	id      uuid.UUID
	at      int64 // microseconds since 1970
	there   bool  // the archive has a line for it
	event   bool  // with the event
	detail  bool  // whose detail is right, or erased
	claimed Hash  // what the archive says that its leaf is
	hash    Hash  // what its leaf is
}

func (v *verification) find(k Kind, position int64, event uuid.UUID, format string, args ...any) {
	v.found = append(v.found, Finding{k, v.side, position, event, fmt.Sprintf(format, args...)})
}

func (v *verification) file(name string) string { return path.Join(string(v.side), name) }

func (v *verification) run(old []string) error {
	if err := v.readCheckpoints(); err != nil {
		return err
	}
	if err := v.readRows(); err != nil {
		return err
	}
	if err := v.prove(); err != nil {
		return err
	}
	if err := v.nameRows(); err != nil {
		return err
	}
	v.checkEnd()
	v.checkTimes()
	v.checkUnsealed()
	return v.checkKept(old)
}

// readCheckpoints reads what was signed, in order: an earlier checkpoint can name the key of a
// later one.
func (v *verification) readCheckpoints() error {
	for line, err := range readLines[signedNote](v.archive, v.file(checkpointsFile)) {
		if err != nil {
			return err
		}
		c, err := v.trusted.open(line.Note)
		tenant, side := sideOf(c.Origin)
		switch {
		case err != nil:
			v.find(Unsigned, -1, uuid.Nil, "the checkpoint of %d rows: %v", c.Size, err)
			continue
		case tenant != v.manifest.Tenant.String() || side != v.side:
			v.find(Unsigned, -1, uuid.Nil, "a checkpoint of another log is among its checkpoints: %s", c.Origin)
			continue
		}
		if n := len(v.checkpoints); n > 0 {
			if before := v.checkpoints[n-1]; c.Size < before.Size || c.At.Before(before.At) || c.Size == before.Size && c.Root != before.Root {
				v.find(Fork, -1, uuid.Nil, "the checkpoint of %d rows, signed at %s, doesn't follow the one of %d rows, signed at %s",
					c.Size, stamp(c.At), before.Size, stamp(before.At))
				continue
			}
		}
		v.checkpoints = append(v.checkpoints, c)
	}
	v.log = LogReport{Side: v.side, Checkpoints: len(v.checkpoints)}
	if n := len(v.checkpoints); n > 0 {
		v.log.Origin, v.log.SealedAt, v.log.BeganAt = v.checkpoints[0].Origin, v.checkpoints[n-1].At, v.checkpoints[0].At
	}
	return nil
}

// readRows reads the rows and hashes each.
func (v *verification) readRows() error {
	var last int64 = -1
	for r, err := range readLines[Row](v.archive, v.file(eventsFile)) {
		if err != nil {
			return err
		}
		if r.Position == nil {
			v.unsealed = append(v.unsealed, r)
			v.log.Unsealed++
			continue
		}
		p := *r.Position
		if p <= last || p > last+maxGap {
			v.find(Added, p, eventID(r), "row %d stands after row %d", p, last)
			continue
		}
		for last++; last < p; last++ {
			v.rows = append(v.rows, sealedRow{})
		}
		v.rows = append(v.rows, sealed(r))
		if r.Event != nil && len(r.Salt) == 0 {
			v.log.Erased++
		}
	}
	v.log.Rows = int64(len(v.rows))
	return nil
}

// maxGap keeps a doctored position from filling the memory.
const maxGap = 1 << 24

func sealed(r Row) sealedRow {
	s := sealedRow{there: true}
	if len(r.Leaf) == len(s.claimed) {
		s.claimed = Hash(r.Leaf)
	}
	if r.Event != nil {
		s.event, s.id, s.at = true, r.Event.ID, r.Event.At.UnixMicro()
		s.hash = r.Event.Leaf()
		s.detail = r.check() == nil
		if r.Event.Position != *r.Position {
			s.hash = Hash{}
		}
	}
	return s
}

func eventID(r Row) uuid.UUID {
	if r.Event == nil {
		return uuid.Nil
	}
	return r.Event.ID
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
