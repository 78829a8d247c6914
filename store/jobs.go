package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"portico/store/queue"
)

// Ask queues a tenant job in the transaction of the deed: rolled back with it,
// and there exactly once when it commits. The tenant, the asker and the support
// session are those of the transaction, whatever the arguments say.
func (tx *Tx) Ask(ctx context.Context, job queue.TenantJob) error {
	return tx.ask(ctx, job, nil)
}

// AskAt is [Tx.Ask] for a job that is to run no sooner than a time.
func (tx *Tx) AskAt(ctx context.Context, job queue.TenantJob, at time.Time) error {
	return tx.ask(ctx, job, &river.InsertOpts{ScheduledAt: at})
}

func (tx *Tx) ask(ctx context.Context, job queue.TenantJob, opts *river.InsertOpts) error {
	*job.Sealed() = queue.Seal{
		Tenant:  tx.scope.tenant,
		AskedBy: tx.scope.user,
		Actor:   tx.scope.actor,
		Support: tx.scope.support,
		Request: tx.request,
	}
	if err := tx.db.seal.Seal(job); err != nil {
		return err
	}
	if _, err := tx.db.jobs.InsertTx(ctx, tx.tx, job, opts); err != nil {
		return fmt.Errorf("ask %s: %w", job.Kind(), translate(err))
	}
	return nil
}

// AskPlatform queues a platform job.
func (db *DB) AskPlatform(ctx context.Context, job queue.PlatformJob) error {
	if _, err := db.jobs.Insert(ctx, job, nil); err != nil {
		return fmt.Errorf("ask %s: %w", job.Kind(), translate(err))
	}
	return nil
}

// askPlatform queues a platform job in the transaction.
func (tx *Tx) askPlatform(ctx context.Context, job queue.PlatformJob) error {
	if _, err := tx.db.jobs.InsertTx(ctx, tx.tx, job, nil); err != nil {
		return fmt.Errorf("ask %s: %w", job.Kind(), translate(err))
	}
	return nil
}

// once claims the effect of a job: true for the first who names the key in this
// tenant. Committed with the effect, so a retry finds it and does nothing.
func (tx *Tx) once(ctx context.Context, key string) (bool, error) {
	n, err := tx.exec(ctx, "job effect", `
insert into job_effects (tenant_id, key)
values (@tenant_id, @key)
on conflict do nothing`, pgx.StrictNamedArgs{"key": key})
	return n == 1, err
}

// ActiveTenants returns up to limit ids after the given one, in order, for the
// periodic jobs that ask for one tenant job each.
func (db *DB) ActiveTenants(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	rows, err := db.pool.Query(ctx, `select * from lookup.active_tenants($1, $2)`, nilIfZero(after), limit)
	if err != nil {
		return nil, fmt.Errorf("active tenants: %w", translate(err))
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return ids, translate(err)
}
