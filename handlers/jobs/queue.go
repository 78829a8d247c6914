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

// failures logs what went wrong with a job, and whether it will be tried again.
// The queue calls it for whatever is not refused or let go.
type failures struct{ log *slog.Logger }

// HandleError implements river.ErrorHandler.
func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	attrs := append(jobAttrs(job), slog.String("err", err.Error()))
	var p panicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", p.stack))
	}
	if job.Attempt >= job.MaxAttempts {
		f.log.LogAttrs(ctx, slog.LevelError, "job given up", append(attrs, slog.Bool("alert", true))...)
		return nil
	}
	f.log.LogAttrs(ctx, slog.LevelWarn, "job failed", attrs...)
	return nil
}

// HandlePanic implements river.ErrorHandler, for panics outside our adapters.
func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, _ any, trace string) *river.ErrorHandlerResult {
	f.log.LogAttrs(ctx, slog.LevelError, "job panicked", append(jobAttrs(job), slog.String("stack", trace))...)
	return nil
}

// riverLogFilter keeps the queue's own log to what an operator must know. Job errors are
// logged by [failures].
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

// backoff doubles the wait after each failure, from two seconds up to an hour,
// so that 25 attempts outlast a night without a mail server. Somebody waits for
// an urgent job, and its flow is over in ten minutes: it is tried every 20
// seconds.
type backoff struct{}

// NextRetry implements river.ClientRetryPolicy.
func (backoff) NextRetry(job *rivertype.JobRow) time.Time {
	longest := time.Hour
	if job.Queue == queue.Urgent {
		longest = 20 * time.Second
	}
	wait := min(2*time.Second<<min(len(job.Errors), 12), longest)
	// A tenth to either side, so that what failed together does not return together.
	wait += time.Duration((rand.Float64() - 0.5) * 0.2 * float64(wait))
	return time.Now().Add(wait)
}

// Digests are asked for at six, UTC. If nobody was up then, the full hours until
// noon make up for it; later than that it would be yesterday's news.
const (
	digestHour = 6
	digestLate = 12
)

func periodicJobs() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return queue.Sweep{}, nil },
			&river.PeriodicJobOpts{ID: "sweep", RunOnStart: true}),
		river.NewPeriodicJob(river.PeriodicInterval(time.Minute),
			func() (river.JobArgs, *river.InsertOpts) { return queue.DomainsDue{}, nil },
			&river.PeriodicJobOpts{ID: "domains_due", RunOnStart: true}),
		river.NewPeriodicJob(everyFullHour{},
			func() (river.JobArgs, *river.InsertOpts) { return digestsDue(time.Now().UTC()), nil },
			&river.PeriodicJobOpts{ID: "daily_digests"}),
		river.NewPeriodicJob(everyFullHour{},
			func() (river.JobArgs, *river.InsertOpts) { return cleanupDue(time.Now().UTC()), nil },
			&river.PeriodicJobOpts{ID: "daily_tidy"}),
	}
}

// digestsDue is the job of the day, or nil outside its hours. The queue takes
// one for each day.
func digestsDue(now time.Time) river.JobArgs {
	if now.Hour() < digestHour || now.Hour() >= digestLate {
		return nil
	}
	return queue.DailyDigests{Day: now.Format(time.DateOnly)}
}

// tidyHour is when there is least else to do.
const tidyHour = 3

func cleanupDue(now time.Time) river.JobArgs {
	if now.Hour() != tidyHour {
		return nil
	}
	return queue.DailyCleanup{Day: now.Format(time.DateOnly)}
}

type everyFullHour struct{}

// Next implements river.PeriodicSchedule.
func (everyFullHour) Next(now time.Time) time.Time { return now.Truncate(time.Hour).Add(time.Hour) }
