package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/store/queue"
)

// errorHandler logs why a job failed and whether it will be retried. The queue calls it
// for every error except a cancellation.
type errorHandler struct{ log *slog.Logger }

// HandleError implements river.ErrorHandler.
func (f errorHandler) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	attrs := append(jobAttrs(job), slog.String("err", err.Error()))
	var p panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", p.stack))
	}
	if job.Attempt >= job.MaxAttempts {
		f.log.LogAttrs(ctx, slog.LevelError, "job discarded", append(attrs, slog.Bool("alert", true))...)
		return nil
	}
	f.log.LogAttrs(ctx, slog.LevelWarn, "job failed", attrs...)
	return nil
}

// HandlePanic implements river.ErrorHandler. It handles panics outside our adapters.
func (f errorHandler) HandlePanic(ctx context.Context, job *rivertype.JobRow, _ any, trace string) *river.ErrorHandlerResult {
	f.log.LogAttrs(ctx, slog.LevelError, "job panicked", append(jobAttrs(job), slog.String("stack", trace))...)
	return nil
}

// riverLogFilter limits the queue's own log to warnings and errors. [errorHandler] logs
// job errors.
type riverLogFilter struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q riverLogFilter) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (q riverLogFilter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return riverLogFilter{q.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (q riverLogFilter) WithGroup(name string) slog.Handler {
	return riverLogFilter{q.Handler.WithGroup(name)}
}

// retryPolicy doubles the wait after each failure, from two seconds up to an hour, so
// that 25 attempts outlast a night without a mail server. It retries urgent jobs at
// least every 20 seconds, because somebody waits for them and a sign-in flow expires
// after ten minutes, and those that seal, because the trail is sealed within five.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	longest := time.Hour
	if job.Queue == queue.Urgent || job.Queue == queue.Seals {
		longest = 20 * time.Second
	}
	wait := min(2*time.Second<<min(len(job.Errors), 12), longest)
	// Jitter of at most a tenth, so that jobs that failed together don't retry together.
	wait += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(wait))
	return time.Now().Add(wait)
}

// Digests are enqueued at six, UTC. If no process ran then, they are enqueued at a later
// full hour before noon, and not at all after that.
const (
	digestFromHour  = 6
	digestUntilHour = 12
)

func (r *Runner) periodicJobs() []*river.PeriodicJob {
	jobs := []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return queue.Sweep{}, nil },
			&river.PeriodicJobOpts{ID: "sweep", RunOnStart: true}),
		river.NewPeriodicJob(river.PeriodicInterval(time.Minute),
			func() (river.JobArgs, *river.InsertOpts) { return queue.DomainsDue{}, nil },
			&river.PeriodicJobOpts{ID: "domains_due", RunOnStart: true}),
		river.NewPeriodicJob(river.PeriodicInterval(time.Minute),
			func() (river.JobArgs, *river.InsertOpts) { return queue.SealDue{}, nil },
			&river.PeriodicJobOpts{ID: "seal_due"}),
		river.NewPeriodicJob(hourly{},
			func() (river.JobArgs, *river.InsertOpts) { return digestsDue(time.Now().UTC()), nil },
			&river.PeriodicJobOpts{ID: "daily_digests"}),
		river.NewPeriodicJob(hourly{},
			func() (river.JobArgs, *river.InsertOpts) { return cleanupDue(time.Now().UTC()), nil },
			&river.PeriodicJobOpts{ID: "daily_tidy"}),
		river.NewPeriodicJob(hourly{},
			func() (river.JobArgs, *river.InsertOpts) {
				return queue.HourlyUsage{Hour: time.Now().UTC().Format("2006-01-02T15")}, nil
			},
			&river.PeriodicJobOpts{ID: "hourly_usage", RunOnStart: true}),
		river.NewPeriodicJob(hourly{},
			func() (river.JobArgs, *river.InsertOpts) {
				return queue.HourlyProofs{Hour: time.Now().UTC().Format("2006-01-02T15")}, nil
			},
			&river.PeriodicJobOpts{ID: "hourly_proofs", RunOnStart: true}),
	}
	if r.cfg.Stripe != nil {
		jobs = append(jobs, river.NewPeriodicJob(river.PeriodicInterval(time.Minute),
			func() (river.JobArgs, *river.InsertOpts) { return queue.BillingDue{}, nil },
			&river.PeriodicJobOpts{ID: "billing_due", RunOnStart: true}),
			river.NewPeriodicJob(hourly{after: 30 * time.Minute}, // the hour before is added up by then
				func() (river.JobArgs, *river.InsertOpts) { return billingHour(time.Now().UTC()), nil },
				&river.PeriodicJobOpts{ID: "daily_billing", RunOnStart: true}))
	}
	return jobs
}

// digestsDue returns the digest job of the day, or nil outside its hours. The queue
// accepts one for each day.
func digestsDue(now time.Time) river.JobArgs {
	if now.Hour() < digestFromHour || now.Hour() >= digestUntilHour {
		return nil
	}
	return queue.DailyDigests{Day: now.Format(time.DateOnly)}
}

// cleanupHour is when the load is lowest, UTC.
const cleanupHour = 3

func cleanupDue(now time.Time) river.JobArgs {
	if now.Hour() != cleanupHour {
		return nil
	}
	return queue.DailyCleanup{Day: now.Format(time.DateOnly)}
}

// comparingHour is two hours after the clean-up, UTC.
const comparingHour = cleanupHour + 2

// billingHour returns the job of the hour. The queue accepts one for each.
func billingHour(now time.Time) river.JobArgs {
	return queue.HourlyBilling{Hour: now.Format("2006-01-02T15"), Compare: now.Hour() == comparingHour}
}

// hourly is a schedule of every hour, at a time after the full one.
type hourly struct{ after time.Duration }

// Next implements river.PeriodicSchedule.
func (h hourly) Next(now time.Time) time.Time {
	return now.Add(-h.after).Truncate(time.Hour).Add(time.Hour + h.after)
}
