package jobs

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"portico/files"
	"portico/store"
	"portico/store/queue"
)

// dailyCleanup asks each tenant to clear away what is over.
func (r *Runner) dailyCleanup(ctx context.Context, _ queue.DailyCleanup) error {
	return r.eachTenant(ctx, r.db.EnqueueCleanups)
}

// eachTenant asks by pages: an installation may have more tenants than one
// transaction should hold.
func (r *Runner) eachTenant(ctx context.Context, ask func(context.Context, []uuid.UUID) error) error {
	var after uuid.UUID
	for {
		tenants, err := r.db.ActiveTenants(ctx, after, tenantsAtOnce)
		if err != nil {
			return err
		}
		if err := ask(ctx, tenants); err != nil {
			return err
		}
		if len(tenants) < tenantsAtOnce {
			return nil
		}
		after = tenants[len(tenants)-1]
	}
}

// cleanUp empties a tenant's bin of what has lain there for its days and brings rows
// and storage together. What it cannot mend is told to whoever runs the
// installation; `portico files check` names it.
func (r *Runner) cleanUp(ctx context.Context, j store.Job, _ queue.Cleanup) error {
	err := r.Reconcile(ctx, j, Reconcile{Grace: fileGrace, Mend: true, Found: func(f Finding) {
		level := slog.LevelInfo
		if !f.Mended {
			level = slog.LevelError
		}
		r.log.LogAttrs(ctx, level, "files reconciled", slog.String("tenant", j.TenantID().String()),
			slog.String("file", f.File.String()), slog.String("what", string(f.Kind)),
			slog.Bool("mended", f.Mended), slog.Bool("alert", !f.Mended))
	}})
	return errors.Join(err, r.reconcileUsage(ctx, j))
}

// purge empties the bin of what has lain there for its days. Rows above files go
// even when no file is left to remove.
func (r *Runner) purge(ctx context.Context, j store.Job) error {
	for {
		var left []store.RemovableFile
		if err := r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Read(ctx, store.ExpiredFiles(&left)) }); err != nil {
			return err
		}
		ids := make([]uuid.UUID, len(left))
		for i, l := range left {
			if err := r.removeBytes(ctx, j, l); err != nil {
				return err
			}
			ids[i] = l.FileID
		}
		if err := r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Purge(ctx, ids) }); err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
	}
}

// removeBytes makes object storage forget a file, whatever state it is in there.
func (r *Runner) removeBytes(ctx context.Context, j store.Job, l store.RemovableFile) error {
	vault := r.cfg.Storage.For(j.TenantID())
	key := files.NewKey(j.TenantID(), files.KindFile, l.FileID)
	if l.StorageID != "" {
		if err := vault.Abort(ctx, key, l.StorageID); err != nil {
			return err
		}
	}
	for _, key := range files.FileKeys(j.TenantID(), l.FileID) {
		if err := vault.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
