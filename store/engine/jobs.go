package engine

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
)

// InsertJob enqueues a job in the transaction.
func (tx *Tx) InsertJob(ctx context.Context, job river.JobArgs, opts *river.InsertOpts) error {
	if _, err := tx.jobs.InsertTx(ctx, tx.tx, job, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", job.Kind(), Translate(err))
	}
	return nil
}

// InsertJob enqueues a job in a transaction of its own.
func (db *DB) InsertJob(ctx context.Context, job river.JobArgs) error {
	if _, err := db.jobs.Insert(ctx, job, nil); err != nil {
		return fmt.Errorf("enqueue %s: %w", job.Kind(), Translate(err))
	}
	return nil
}

// InsertJobs enqueues many jobs in one statement.
func (db *DB) InsertJobs(ctx context.Context, jobs []river.InsertManyParams) error {
	if _, err := db.jobs.InsertManyFast(ctx, jobs); err != nil {
		return fmt.Errorf("enqueue for each tenant: %w", Translate(err))
	}
	return nil
}
