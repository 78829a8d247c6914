package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/store"
	"portico/store/queue"
)

// envelope stands for arguments of type T before they are decoded. It accepts any
// JSON, so that the adapter can refuse invalid arguments. Otherwise the queue would
// retry them for days.
type envelope[T river.JobArgs] struct{}

// Kind implements river.JobArgs.
func (envelope[T]) Kind() string {
	var args T
	return args.Kind()
}

// UnmarshalJSON implements json.Unmarshaler.
func (*envelope[T]) UnmarshalJSON([]byte) error { return nil }

// tenantArgs are the arguments of a tenant job, by pointer.
type tenantArgs[T any] interface {
	*T
	queue.TenantJob
}

type tenantWorker[T river.JobArgs, P tenantArgs[T]] struct {
	river.WorkerDefaults[envelope[T]]
	r      *Runner
	policy store.JobPolicy
	do     func(context.Context, store.Job, T) error
}

// tenantJob registers the work of a tenant job, which runs once its signature is
// verified.
func tenantJob[T river.JobArgs, P tenantArgs[T]](w *river.Workers, r *Runner, d store.JobPolicy, do func(context.Context, store.Job, T) error) {
	river.AddWorker(w, &tenantWorker[T, P]{r: r, policy: d, do: do})
}

// Work implements river.Worker. It verifies the signature first. Then each transaction
// that do opens with the job checks the policy again in the database.
func (w *tenantWorker[T, P]) Work(ctx context.Context, job *river.Job[envelope[T]]) error {
	return w.r.run(ctx, job.JobRow, func(ctx context.Context) error {
		var args T
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return refusal{reason: "its arguments cannot be read"}
		}
		claimed := P(&args).JobSignature().Tenant
		if claimed == uuid.Nil {
			return refusal{reason: "it names no tenant"}
		}
		j, err := w.r.db.VerifyJob(P(&args), w.policy)
		if err != nil {
			return refusal{claimed, "its signature is not valid"}
		}
		err = w.do(ctx, j, args)
		switch {
		case errors.Is(err, store.ErrStale):
			return w.r.cancelStale(ctx, job.JobRow, j, err)
		case errors.Is(err, store.ErrNotFound):
			return refusal{claimed, "it refers to something outside its tenant"}
		case errors.Is(err, store.ErrInvalid):
			return refusal{claimed, "it requests something no one can do"}
		}
		return err
	})
}

// Timeout implements river.Worker. It returns 0, which means the runner's default,
// except for a [queue.LongJob].
func (w *tenantWorker[T, P]) Timeout(*river.Job[envelope[T]]) time.Duration {
	var args T
	if long, ok := any(args).(queue.LongJob); ok {
		return long.Timeout()
	}
	return 0
}

type platformWorker[T queue.PlatformJob] struct {
	river.WorkerDefaults[envelope[T]]
	r  *Runner
	do func(context.Context, T) error
}

// platformJob registers the work of a job without a tenant.
func platformJob[T queue.PlatformJob](w *river.Workers, r *Runner, do func(context.Context, T) error) {
	river.AddWorker(w, &platformWorker[T]{r: r, do: do})
}

// Work implements river.Worker.
func (w *platformWorker[T]) Work(ctx context.Context, job *river.Job[envelope[T]]) error {
	return w.r.run(ctx, job.JobRow, func(ctx context.Context) error {
		var args T
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return refusal{reason: "its arguments cannot be read"}
		}
		return w.do(ctx, args)
	})
}

// refusal is the error of a job that the application did not enqueue, or that names
// something outside its tenant.
type refusal struct {
	claimed uuid.UUID // the tenant its arguments name, if any
	reason  string
}

func (r refusal) Error() string { return "refused: " + r.reason }

// run works one job, logs and counts the result, and returns the error that the queue
// expects.
func (r *Runner) run(ctx context.Context, row *rivertype.JobRow, do func(context.Context) error) error {
	began := time.Now()
	watched, end := r.cfg.Metrics.Job(ctx, row.Kind, row.ID, row.Attempt)
	err := recoverPanic(func() error { return do(watched) })
	defer func() { end(outcome(row, err)) }()
	var no refusal
	var mail *SendError
	switch {
	case err == nil:
		r.log.LogAttrs(ctx, slog.LevelInfo, "job done", append(jobAttrs(row), slog.Duration("took", time.Since(began)))...)
		return nil
	case errors.As(err, &no):
		return r.refuse(ctx, row, no)
	case errors.As(err, &mail) && mail.Permanent:
		r.log.LogAttrs(ctx, slog.LevelWarn, "mail not accepted", append(jobAttrs(row), slog.Int("answer", mail.Code))...)
		return river.JobCancel(err)
	}
	return err
}

// outcome returns the label of a job's result in the metrics.
func outcome(row *rivertype.JobRow, err error) string {
	var no refusal
	var mail *SendError
	var over *river.JobCancelError
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &no):
		return "refused"
	case errors.As(err, &mail) && mail.Permanent:
		return "mail_refused"
	case errors.As(err, &over):
		return "cancelled"
	case row.Attempt >= row.MaxAttempts:
		return "discarded"
	}
	return "failed"
}

// recoverPanic turns a panic into an error. A panic value can hold secrets, so the
// error has only its type and the stack, which holds no values.
func recoverPanic(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicError{fmt.Sprintf("%T", v), string(debug.Stack())}
		}
	}()
	return do()
}

type panicError struct{ kind, stack string }

func (p panicError) Error() string { return "panic of type " + p.kind }

// refuse records the job in job_refusals, alerts the operators and cancels the job. If
// recording fails, the job is retried and refused again.
func (r *Runner) refuse(ctx context.Context, row *rivertype.JobRow, no refusal) error {
	if err := r.db.RefuseJob(ctx, row.ID, row.Kind, no.claimed, no.reason); err != nil {
		return err
	}
	r.refused.Add(1)
	r.log.LogAttrs(ctx, slog.LevelError, "job refused",
		append(jobAttrs(row), slog.Bool("alert", true), slog.String("reason", no.reason))...)
	if r.cfg.AlertTo != "" {
		err := r.db.EnqueuePlatform(ctx, queue.AlertMail{Job: row.ID, JobKind: row.Kind, Reason: no.reason})
		if err != nil {
			r.log.LogAttrs(ctx, slog.LevelError, "alert not queued", append(jobAttrs(row), slog.String("err", err.Error()))...)
		}
	}
	return river.JobCancel(no)
}

// cancelStale cancels a job that was valid when it was enqueued but no longer is, and
// records that in the tenant's audit trail.
func (r *Runner) cancelStale(ctx context.Context, row *rivertype.JobRow, j store.Job, why error) error {
	if err := r.db.CancelStale(ctx, j, row.Kind); err != nil {
		return err
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "job cancelled",
		append(jobAttrs(row), slog.String("tenant", j.TenantID().String()), slog.String("why", why.Error()))...)
	return river.JobCancel(why)
}

// jobAttrs returns the log attributes of a job, never its arguments.
func jobAttrs(row *rivertype.JobRow) []slog.Attr {
	return []slog.Attr{
		slog.Int64("job", row.ID),
		slog.String("kind", row.Kind),
		slog.Int("attempt", row.Attempt),
	}
}
