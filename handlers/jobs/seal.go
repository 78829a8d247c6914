package jobs

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/sealed"
	"portico/store"
	"portico/store/queue"
	"portico/trail"
)

// sealBatch is how many events are sealed in one transaction.
const sealBatch = 5000

// sealDue enqueues the sealing of each tenant that has something to seal.
func (r *Runner) sealDue(ctx context.Context, _ queue.SealDue) error {
	return eachOf(ctx, r.db.UnsealedTenants, r.db.EnqueueSeals)
}

// Sealer seals the trails of tenants.
type Sealer struct {
	DB *store.DB
	// Keys sign the checkpoints, newest first. Those that signed earlier ones are needed too.
	Keys []ed25519.PrivateKey
	// Host begins the names of new logs.
	Host string
	// Storage gets a copy of each checkpoint; nil for none.
	Storage *files.Storage
	Log     *slog.Logger
}

func (r *Runner) sealer() Sealer {
	return Sealer{DB: r.db, Keys: r.cfg.SigningKeys, Host: r.cfg.URL.Host, Storage: r.cfg.Storage, Log: r.log}
}

func (r *Runner) seal(ctx context.Context, j store.Job, job queue.Seal) error {
	return r.sealer().Seal(ctx, j, job.All)
}

// Seal appends the events of the job's tenant that aren't sealed to its two logs, signs a
// checkpoint of each, and keeps a copy of it in object storage. With all it looks at the whole
// trail, and not only at the newest events. If the tenant is being sealed already, it does
// nothing.
func (r Sealer) Seal(ctx context.Context, j store.Job, all bool) error {
	s := sealing{keys: r.Keys, host: r.Host, tenant: j.TenantID(), all: all}
	for !s.done {
		var signed []store.SealCheckpoint
		err := r.DB.Work(ctx, j, func(tx *store.Tx) (err error) {
			signed, err = s.batch(ctx, tx)
			return err
		})
		if errors.Is(err, errOtherLog) {
			r.Log.LogAttrs(ctx, slog.LevelError, "the audit trail's log was changed", slog.String("tenant", j.TenantID().String()), slog.Bool("alert", true))
		}
		if err != nil {
			return err
		}
		for _, c := range signed {
			if err := r.copyCheckpoint(ctx, j.TenantID(), c); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyCheckpoint keeps a checkpoint in object storage. Whoever changes the database has to
// change that too.
func (r Sealer) copyCheckpoint(ctx context.Context, tenant uuid.UUID, c store.SealCheckpoint) error {
	if r.Storage == nil {
		return nil
	}
	_, err := r.Storage.For(tenant).Put(ctx, files.NewKey(tenant, files.KindCheckpoint, c.ID), []byte(c.Note))
	return err
}

// copyCheckpoints copies the checkpoints that object storage doesn't have.
func (r Sealer) copyCheckpoints(ctx context.Context, j store.Job) error {
	if r.Storage == nil {
		return nil
	}
	there := map[uuid.UUID]bool{}
	for o, err := range r.Storage.For(j.TenantID()).ListKind(ctx, files.KindCheckpoint) {
		if errors.Is(err, files.ErrMalformedKey) {
			continue
		}
		if err != nil {
			return err
		}
		there[o.Key.ID()] = true
	}
	for _, side := range []store.TrailSide{store.AgencySide, store.ClientSide} {
		for after, more := int64(0), true; more; {
			var page []store.SealCheckpoint
			if err := r.DB.Work(ctx, j, func(tx *store.Tx) error { return tx.Read(ctx, store.ListCheckpoints(side, after, 1000, &page)) }); err != nil {
				return err
			}
			for _, c := range page {
				after = c.Size
				if there[c.ID] {
					continue
				}
				if err := r.copyCheckpoint(ctx, j.TenantID(), c); err != nil {
					return err
				}
			}
			more = len(page) == 1000
		}
	}
	return nil
}

// errOtherLog means that a log isn't as its newest checkpoint says. It is not continued:
// a signature under it would hide that.
var errOtherLog = errors.New("the newest checkpoint isn't signed with one of SIGNING_KEYS, or the log is another")

// sealing seals one tenant's trail, batch by batch.
type sealing struct {
	keys   []ed25519.PrivateKey
	host   string
	tenant uuid.UUID
	all    bool // from the beginning

	begun, done bool
	after       store.Cursor
}

// batch seals the next events, and returns what it signed.
func (s *sealing) batch(ctx context.Context, tx *store.Tx) (signed []store.SealCheckpoint, err error) {
	locked, err := tx.LockSeal(ctx)
	if err != nil || !locked {
		s.done = true
		return nil, err
	}
	from, until, err := tx.SealFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !s.begun && !s.all {
		s.after.At = from
	}
	events, err := tx.Unsealed(ctx, s.after, sealBatch)
	if err != nil || len(events) == 0 {
		s.done = true
		return nil, err
	}
	last := events[len(events)-1]
	if len(events) == sealBatch {
		until = last.At
	}
	for _, side := range []store.TrailSide{store.AgencySide, store.ClientSide} {
		c, err := s.append(ctx, tx, side, until, events)
		if err != nil {
			return nil, err
		}
		if c != nil {
			signed = append(signed, *c)
		}
	}
	s.begun, s.done = true, len(events) < sealBatch
	s.after = store.Cursor{At: last.At, ID: last.ID}
	return signed, nil
}

// append appends the events of a side to its log. Without any it returns nil.
func (s *sealing) append(ctx context.Context, tx *store.Tx, side store.TrailSide, until time.Time, events []store.SealableEvent) (*store.SealCheckpoint, error) {
	if !slices.ContainsFunc(events, func(e store.SealableEvent) bool { return e.Side == side }) {
		return nil, nil
	}
	log, err := s.open(ctx, tx, side)
	if err != nil {
		return nil, err
	}
	before := log.tree.Size()
	var leaves []store.SealLeaf
	for _, e := range events {
		if e.Side != side {
			continue
		}
		salt := make([]byte, trail.SaltSize)
		_, _ = rand.Read(salt) // it never fails
		event := sealed.Event(e, log.tree.Size(), trail.DetailHash(salt, e.Detail))
		leaf := event.Leaf()
		leaves = append(leaves, store.SealLeaf{EventID: e.ID, Position: event.Position, Leaf: leaf[:], DetailHash: event.Detail, Salt: salt})
		log.append(leaf)
	}
	tiles, err := log.newTiles(ctx, tx, before)
	if err != nil {
		return nil, err
	}
	root := log.tree.Root()
	signed, err := trail.Sign(trail.Checkpoint{Origin: log.origin, Size: log.tree.Size(), Root: root, At: time.Now()}, s.keys, log.note)
	if err != nil {
		return nil, err
	}
	c := store.SealCheckpoint{ID: store.NewID(), Side: side, Size: log.tree.Size(), Root: root[:], Edge: log.tree.Edge(), Note: signed, Until: until}
	tx.SaveSeal(c, leaves, tiles)
	return &c, nil
}

// open reads the head of a log. It refuses one that isn't as it was signed. A log keeps its
// origin, even if the installation moves to another host.
func (s *sealing) open(ctx context.Context, tx *store.Tx, side store.TrailSide) (*openLog, error) {
	log := &openLog{side: side, origin: trail.Origin(s.host, s.tenant, trail.Side(side))}
	head, err := tx.SealHead(ctx, side)
	if err != nil || head == nil {
		return log, err
	}
	var public []ed25519.PublicKey
	for _, k := range s.keys {
		public = append(public, k.Public().(ed25519.PublicKey))
	}
	c, err := trail.OpenCheckpoint(head.Note, public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errOtherLog, err)
	}
	tree, err := trail.OpenTree(head.Size, head.Edge)
	if err != nil || c.Size != head.Size || tree.Root() != c.Root || !trail.IsOrigin(c.Origin, s.tenant, trail.Side(side)) {
		return nil, errOtherLog
	}
	log.origin, log.note, log.tree = c.Origin, head.Note, tree
	return log, nil
}

// openLog is a log to which leaves are appended.
type openLog struct {
	side   store.TrailSide
	origin string
	note   string // the newest checkpoint; "" for none
	tree   trail.Tree
	leaves []trail.Hash // that were appended
}

func (l *openLog) append(leaf trail.Hash) {
	l.leaves = append(l.leaves, leaf)
	l.tree.Append(leaf)
}

// newTiles makes the tiles that became full since the log had a size.
func (l *openLog) newTiles(ctx context.Context, tx *store.Tx, before int64) (tiles []store.SealTile, err error) {
	stored := sealed.Tiles(l.side, before, func(read store.Read) error { return tx.Read(ctx, read) })
	fresh := map[int]map[int64][]trail.Hash{}
	all := trail.Tiles{
		Leaves: func(from, until int64) ([]trail.Hash, error) {
			var hashes []trail.Hash
			if from < before {
				if hashes, err = stored.Leaves(from, min(until, before)); err != nil {
					return nil, err
				}
			}
			return append(hashes, l.leaves[max(from-before, 0):max(until-before, 0)]...), nil
		},
		Full: func(level int, from, until int64) (full [][]trail.Hash, err error) {
			old := trail.FullTiles(level, before)
			if from < old {
				if full, err = stored.Full(level, from, min(until, old)); err != nil {
					return nil, err
				}
			}
			for n := max(from, old); n < until; n++ {
				full = append(full, fresh[level][n])
			}
			return full, nil
		},
	}
	for level := 0; trail.FullTiles(level, l.tree.Size()) > trail.FullTiles(level, before); level++ {
		fresh[level] = map[int64][]trail.Hash{}
		for n := trail.FullTiles(level, before); n < trail.FullTiles(level, l.tree.Size()); n++ {
			if fresh[level][n], err = all.Tile(level, n); err != nil {
				return nil, err
			}
			tiles = append(tiles, store.SealTile{Level: level, Number: n, Hashes: trail.Join(fresh[level][n])})
		}
	}
	return tiles, nil
}
