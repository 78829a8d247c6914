package store

import (
	"context"
	"time"

	"portico/store/engine"
)

// QueueLine is how many jobs of a kind are in a state.
type QueueLine struct {
	Queue string
	Kind  string
	State string
	Jobs  int64
	// Waiting is how long the oldest of them has been due, in whole seconds; 0 in
	// states that don't wait.
	Waiting time.Duration
}

// QueueLines counts the jobs in the queue by kind and state.
func (db *DB) QueueLines(ctx context.Context) (lines []QueueLine, err error) {
	err = db.engine.OutsideTenant(ctx, "queue", engine.Many(&lines), `
select queue,
       kind,
       state::text,
       count(*) as jobs,
       coalesce(extract(epoch from now() - min(scheduled_at) filter (
           where state in ('available', 'retryable', 'scheduled') and scheduled_at <= now())), 0)::bigint * 1000000000 as waiting
from river.river_job
group by queue, kind, state
order by queue, kind, state`)
	return lines, err
}

// RefusedJob is a job without a valid signature, without its arguments.
type RefusedJob struct {
	At     time.Time
	Kind   string
	Reason string
}

// RefusedJobs returns the last refused jobs, newest first. The queue keeps them for a
// day; [DB.RefuseJob] keeps a record.
func (db *DB) RefusedJobs(ctx context.Context, limit int) (jobs []RefusedJob, err error) {
	err = db.engine.OutsideTenant(ctx, "refused jobs", engine.Many(&jobs), `
select finalized_at as at,
       kind,
       substring(errors[array_length(errors, 1)] ->> 'error' from 'refused: ([a-z ]+)$') as reason
from river.river_job
where state = 'cancelled'
  and errors[array_length(errors, 1)] ->> 'error' ~ 'refused: [a-z ]+$'
order by finalized_at desc
limit $1`, limit)
	return jobs, err
}
