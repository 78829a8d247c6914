package jobs

import (
	"context"

	"portico/store"
)

// reconcileUsage counts anew what a tenant uses of its plan. A crash cannot make
// the count wrong, for it changes with the rows; a mistake of ours could.
func (r *Runner) reconcileUsage(ctx context.Context, j store.Job) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.ReconcileUsage(ctx) })
}
