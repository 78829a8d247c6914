// Package sealed reads the sealed trail of a tenant from the database and object storage, for
// proofs and for archives that are verified elsewhere.
package sealed

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
	"portico/trail"
)

// Event is an event as its leaf holds it.
func Event(e store.SealableEvent, position int64, detailHash []byte) trail.Event {
	return trail.Event{
		Actor: e.ActorID, At: trail.Time{Time: e.At}, Detail: detailHash, ID: e.ID, Key: e.APIKeyID, Party: e.Party, Position: position,
		Request: e.RequestID, Result: e.Result, Session: e.SupportSessionID, Subject: e.SubjectID,
		Target: e.TargetID, TargetKind: e.TargetKind, Verb: e.Verb,
	}
}

// Row is a sealed row as an archive has it.
func Row(s store.SealedRow) trail.Row {
	r := trail.Row{Position: &s.Position, Leaf: s.Leaf, Salt: s.Salt}
	if s.There {
		e := Event(s.SealableEvent, s.Position, s.DetailHash)
		r.Event, r.Detail = &e, s.Detail
	}
	return r
}

// Tiles reads the hashes of a log that had a size. read runs one read.
func Tiles(side store.TrailSide, size int64, read func(store.Read) error) trail.Tiles {
	return trail.Tiles{
		Size: size,
		Leaves: func(from, until int64) ([]trail.Hash, error) {
			var stored [][]byte
			if err := read(store.ListLeafHashes(side, from, until, &stored)); err != nil {
				return nil, err
			}
			var hashes []trail.Hash
			for _, h := range stored {
				hashes = append(hashes, trail.Hash(h))
			}
			return hashes, nil
		},
		Full: func(level int, from, until int64) (full [][]trail.Hash, err error) {
			var stored []store.SealTile
			if err := read(store.ListTiles(side, level, from, until, &stored)); err != nil {
				return nil, err
			}
			for _, t := range stored {
				hashes, err := trail.Split(t.Hashes)
				if err != nil {
					return nil, err
				}
				full = append(full, hashes)
			}
			return full, nil
		},
	}
}

// Prove makes the proof of an event, from the first checkpoint that holds it on. read runs one
// read. For an event that the reader can't read, or that isn't sealed yet, the error is
// [store.ErrNotFound].
func Prove(read func(store.Read) error, event uuid.UUID) ([]byte, error) {
	var place *store.SealedPlace
	if err := read(store.GetSealedPlace(event, &place)); err != nil {
		return nil, err
	}
	if place == nil {
		return nil, store.ErrNotFound
	}
	var rows []store.SealedRow
	var holding []store.SealCheckpoint
	err := errors.Join(read(store.ListSealedRows(place.Side, place.Position, 1, &rows)),
		read(store.ListCheckpoints(place.Side, place.Position, 1, &holding)))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || rows[0].Position != place.Position || len(holding) == 0 {
		return nil, store.ErrNotFound
	}
	return trail.Prove(Row(rows[0]), holding[0].Note, Tiles(place.Side, holding[0].Size, read))
}

// Source is where an archive is read from.
type Source struct {
	// Read runs one read.
	Read func(context.Context, store.Read) error
	// Storage has copies of the checkpoints; nil for none.
	Storage *files.Storage
	Tenant  uuid.UUID
	Name    string // of the tenant
	Keys    []byte // the public keys, in PEM
	// Sides are those that the reader may read.
	Sides []store.TrailSide
}

// pageRows is how many rows are in memory at a time.
const pageRows = 1000

// Archive writes the archive of a tenant's trail.
func (s Source) Archive(ctx context.Context, w trail.Writer) error {
	sides := map[trail.Side]trail.SideFiles{}
	// The copies first: of each of them the database has the checkpoint by now.
	copies, err := s.copies(ctx)
	if err != nil {
		return err
	}
	for _, side := range s.Sides {
		// What is sealed while the rows are read is not in the archive.
		var size int64
		checkpoints := pages(func(c *store.SealCheckpoint, page *[]store.SealCheckpoint) error {
			return s.Read(ctx, store.ListCheckpoints(side, sizeOf(c), pageRows, page))
		})
		var notes []string
		for c, err := range checkpoints {
			if err != nil {
				return err
			}
			notes, size = append(notes, c.Note), c.Size
		}
		sides[trail.Side(side)] = trail.SideFiles{
			Rows:        s.rows(ctx, side, size),
			Checkpoints: listed(notes),
			Copies:      listed(copiesOf(copies, s.Tenant, side)),
			Tiles:       s.tiles(ctx, side, size),
		}
	}
	return trail.Archive(w, trail.Manifest{Tenant: s.Tenant, Name: s.Name, ExportedAt: time.Now().UTC()}, s.Keys, sides)
}

func sizeOf(c *store.SealCheckpoint) int64 {
	if c == nil {
		return 0
	}
	return c.Size
}

func listed(all []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// pages goes through a list page by page. read gets the last of the page before.
func pages[T any](read func(last *T, page *[]T) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			var page []T
			if err := read(last, &page); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			if len(page) < pageRows {
				return
			}
			last = &page[len(page)-1]
		}
	}
}

// rows are the rows of a log, and then those that aren't sealed.
func (s Source) rows(ctx context.Context, side store.TrailSide, size int64) iter.Seq2[trail.Row, error] {
	sealed := pages(func(last *store.SealedRow, page *[]store.SealedRow) error {
		from := int64(0)
		if last != nil {
			from = last.Position + 1
		}
		return s.Read(ctx, store.ListSealedRows(side, from, pageRows, page))
	})
	unsealed := pages(func(last *store.SealableEvent, page *[]store.SealableEvent) error {
		var after store.Cursor
		if last != nil {
			after = store.Cursor{At: last.At, ID: last.ID}
		}
		return s.Read(ctx, store.ListUnsealed(side, after, pageRows, page))
	})
	return func(yield func(trail.Row, error) bool) {
		for r, err := range sealed {
			if err == nil && r.Position == size && s.sealedMeanwhile(ctx, side, size) {
				break
			}
			if !yield(Row(r), err) || err != nil {
				return
			}
		}
		for e, err := range unsealed {
			event := Event(e, 0, nil)
			if !yield(trail.Row{Event: &event, Detail: e.Detail}, err) || err != nil {
				return
			}
		}
	}
}

// sealedMeanwhile says that a checkpoint was signed since the log had a size. Rows beyond the
// newest checkpoint without that belong into the archive: they were added.
func (s Source) sealedMeanwhile(ctx context.Context, side store.TrailSide, size int64) bool {
	var newer []store.SealCheckpoint
	err := s.Read(ctx, store.ListCheckpoints(side, size, 1, &newer))
	return err == nil && len(newer) > 0
}

func (s Source) tiles(ctx context.Context, side store.TrailSide, size int64) iter.Seq2[trail.Tile, error] {
	return func(yield func(trail.Tile, error) bool) {
		full := trail.FullTiles(0, size)
		for from := int64(0); from < full; from += trail.TileWidth {
			var page []store.SealTile
			if err := s.Read(ctx, store.ListTiles(side, 0, from, min(from+trail.TileWidth, full), &page)); err != nil {
				yield(trail.Tile{}, err)
				return
			}
			for _, t := range page {
				if !yield(trail.Tile{Level: t.Level, Number: t.Number, Hashes: t.Hashes}, nil) {
					return
				}
			}
		}
	}
}

// copiesRead is how many of the checkpoints in object storage an archive has, the newest.
const copiesRead = 200

// copies are the newest checkpoints in object storage.
func (s Source) copies(ctx context.Context) (notes []string, err error) {
	if s.Storage == nil {
		return nil, nil
	}
	vault := s.Storage.For(s.Tenant)
	var newest []files.Key // ids made later sort later
	for o, err := range vault.ListKind(ctx, files.KindCheckpoint) {
		switch {
		case errors.Is(err, files.ErrMalformedKey):
			continue
		case err != nil:
			return nil, err
		case len(newest) == copiesRead:
			newest = newest[1:]
		}
		newest = append(newest, o.Key)
	}
	for _, key := range newest {
		note, err := readSmall(ctx, vault, key)
		if err != nil {
			return nil, err
		}
		notes = append(notes, string(note))
	}
	return notes, nil
}

// copiesOf are those of one log.
func copiesOf(copies []string, tenant uuid.UUID, side store.TrailSide) (of []string) {
	for _, note := range copies {
		c, err := trail.OpenCheckpoint(note, nil)
		if (err == nil || errors.Is(err, trail.ErrUnsigned)) && trail.IsOrigin(c.Origin, tenant, trail.Side(side)) {
			of = append(of, note)
		}
	}
	return of
}

// maxNote is the size of the longest checkpoint, in bytes.
const maxNote = 8192

func readSmall(ctx context.Context, vault files.Vault, key files.Key) ([]byte, error) {
	object, err := vault.Get(ctx, key, files.ReadOptions{})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	return io.ReadAll(io.LimitReader(object.Body, maxNote))
}
