package jobs

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"

	"portico/store"
	"portico/store/queue"
)

// dailyCleanup enqueues the clean-up of each tenant.
func (r *Runner) dailyCleanup(ctx context.Context, _ queue.DailyCleanup) error {
	return r.eachTenant(ctx, r.db.EnqueueCleanups)
}

// eachTenant enqueues by pages: an installation may have more tenants than one
// transaction should hold.
func (r *Runner) eachTenant(ctx context.Context, enqueue func(context.Context, []uuid.UUID) error) error {
	return eachOf(ctx, r.db.ActiveTenants, enqueue)
}

// eachOf is eachTenant for the tenants of another list.
func eachOf(ctx context.Context, list func(context.Context, uuid.UUID, int) ([]uuid.UUID, error), enqueue func(context.Context, []uuid.UUID) error) error {
	var after uuid.UUID
	for {
		tenants, err := list(ctx, after, tenantBatch)
		if err != nil {
			return err
		}
		if err := enqueue(ctx, tenants); err != nil {
			return err
		}
		if len(tenants) < tenantBatch {
			return nil
		}
		after = tenants[len(tenants)-1]
	}
}

// cleanUp removes what a tenant's bin no longer keeps, and reconciles rows with
// storage. What it can't repair is logged as an alert for the operator;
// `portico files check` names it.
func (r *Runner) cleanUp(ctx context.Context, j store.Job, _ queue.Cleanup) error {
	err := r.Reconcile(ctx, j, Reconcile{Grace: fileGrace, Repair: true, Found: func(f Finding) {
		level := slog.LevelInfo
		if !f.Repaired {
			level = slog.LevelError
		}
		r.log.LogAttrs(ctx, level, "files reconciled", slog.String("tenant", j.TenantID().String()),
			slog.String("file", f.File.String()), slog.String("what", string(f.Kind)),
			slog.Bool("repaired", f.Repaired), slog.Bool("alert", !f.Repaired))
	}})
	return errors.Join(err, r.reconcileUsage(ctx, j), r.sweepResponses(ctx, j),
		r.sealer().Seal(ctx, j, true), r.sealer().copyCheckpoints(ctx, j),
		r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.DrawMissingPages(ctx) }),
		r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.LookAtMissing(ctx) }),
		r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.CertifyMissing(ctx) }))
}

// sweepResponses deletes what programs got more than a day ago.
func (r *Runner) sweepResponses(ctx context.Context, j store.Job) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		tx.SweepResponses()
		return nil
	})
}
