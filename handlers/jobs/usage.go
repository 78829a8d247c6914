package jobs

import (
	"context"
	"time"

	"portico/store"
	"portico/store/queue"
)

// reconcileUsage recounts what a tenant uses of its plan. The count changes in the same
// transaction as the rows, so only a bug could make it wrong.
func (r *Runner) reconcileUsage(ctx context.Context, j store.Job) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.ReconcileUsage(ctx) })
}

// hourlyUsage enqueues the sums of each tenant.
func (r *Runner) hourlyUsage(ctx context.Context, _ queue.HourlyUsage) error {
	return r.eachTenant(ctx, r.db.EnqueueUsage)
}

// addUpUsage adds up what a tenant used in hours and months.
func (r *Runner) addUpUsage(ctx context.Context, j store.Job, _ queue.AddUpUsage) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.AddUpUsage(ctx, time.Now()) })
}
