package work

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
)

// strayAfter is how long storage may have something that no row leads to. A row
// comes before its object, so even a minute would do.
const strayAfter = 24 * time.Hour

// strays are objects and uploads of storage, by the file they should belong to.
type strays struct {
	ids     []uuid.UUID
	uploads map[uuid.UUID]string
}

// straysAtOnce bounds how many ids are compared in one statement.
const straysAtOnce = 500

// sweepStrays removes the objects and uploads from before a time that no row
// leads to: of a process that died between storage and database.
func (r *Runner) sweepStrays(ctx context.Context, j store.Job, before time.Time) error {
	vault := r.cfg.Storage.For(j.TenantID())
	found := strays{uploads: map[uuid.UUID]string{}}
	for u, err := range vault.Uploads(ctx) {
		if err != nil && !errors.Is(err, files.ErrStray) {
			return err
		}
		if err == nil && u.Key.Kind() == files.KindFile && u.Begun.Before(before) {
			found.uploads[u.Key.ID()] = u.ID
			found.ids = append(found.ids, u.Key.ID())
		}
	}
	for o, err := range vault.List(ctx) {
		if err != nil && !errors.Is(err, files.ErrStray) {
			return err
		}
		if err == nil && ofFile(o.Key) && o.Modified.Before(before) {
			found.ids = append(found.ids, o.Key.ID())
		}
		if len(found.ids) >= straysAtOnce {
			if err := r.removeStrays(ctx, j, found); err != nil {
				return err
			}
			found.ids = nil
		}
	}
	return r.removeStrays(ctx, j, found)
}

// ofFile says of an object that it goes with the row of a file.
func ofFile(key files.Key) bool {
	return key.Kind() == files.KindFile || key.Kind() == files.KindPreview
}

func (r *Runner) removeStrays(ctx context.Context, j store.Job, found strays) error {
	if len(found.ids) == 0 {
		return nil
	}
	var without []uuid.UUID
	err := r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Read(ctx, store.WithoutRow(found.ids, &without)) })
	if err != nil {
		return err
	}
	for _, id := range without {
		if err := r.removeBytes(ctx, j, store.Leftover{FileID: id, StorageID: found.uploads[id]}); err != nil {
			return err
		}
	}
	return nil
}
