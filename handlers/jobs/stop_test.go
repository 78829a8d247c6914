package jobs

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

func openWith(t *testing.T, signer queue.Signer) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: storetest.Server().AppURL(stack.DatabaseName), Signer: signer, MaxConns: 2})
	check(t, err)
	t.Cleanup(db.Close)
	return db
}

// onlyQueue limits a runner to a queue of its own.
func onlyQueue(name string) func(*Runner, *river.Config) {
	return func(_ *Runner, c *river.Config) {
		c.Queues = map[string]river.QueueConfig{queueName(name): {MaxWorkers: 2}}
		c.PeriodicJobs = nil
	}
}

func inQueue(name string) *river.InsertOpts { return &river.InsertOpts{Queue: queueName(name)} }

func queueName(name string) string { return strings.ReplaceAll(name, " ", "-") }

// probe is a platform job for tests.
type probe struct {
	queue.Platform
	Secret string `json:"secret"`
}

func (probe) Kind() string { return "probe" }

// The process stops while a job waits for a slow server: the job returns to the queue,
// its attempt is not counted, and the next process runs it.
func TestStopReturnsRunningJobsToTheQueue(t *testing.T) {
	t.Parallel()
	db := openWith(t, testSigner)
	running, done := make(chan struct{}), make(chan struct{})
	start := func(do func(context.Context, probe) error) *Runner {
		r := newTestRunner(t, db, testConfig(t, mails.URL(), &lockedBuffer{}), func(r *Runner, c *river.Config) {
			onlyQueue("stopping")(r, c)
			c.SoftStopTimeout = min(c.SoftStopTimeout, 50*time.Millisecond)
			platformJob(c.Workers, r, do)
		})
		check(t, r.Start(context.Background()))
		return r
	}
	first := start(func(ctx context.Context, _ probe) error {
		close(running)
		<-ctx.Done()
		return ctx.Err()
	})
	res, err := first.client.Insert(t.Context(), probe{}, inQueue("stopping"))
	check(t, err)
	<-running
	check(t, first.Stop(storetest.Within(t, 20*time.Second)))
	row, err := first.client.JobGet(t.Context(), res.Job.ID)
	check(t, err)
	if row.State != rivertype.JobStateAvailable || row.Attempt != 0 || len(row.Errors) != 0 {
		t.Errorf("the job is %s after %d attempts with %d errors", row.State, row.Attempt, len(row.Errors))
	}

	second := start(func(context.Context, probe) error { close(done); return nil })
	defer second.Stop(context.Background())
	select {
	case <-done:
	case <-storetest.Within(t, 20*time.Second).Done():
		t.Error("the second process did not run the job")
	}
}

// A job panics with a secret, as a text and as an error: it is retried, and neither the
// log nor the queue holds the secret.
func TestPanickingJobLeaksNoArguments(t *testing.T) {
	t.Parallel()
	db := openWith(t, testSigner)
	secret := "secret-" + store.NewID().String()
	var log lockedBuffer
	tries := 0
	r := newTestRunner(t, db, testConfig(t, mails.URL(), &log), func(r *Runner, c *river.Config) {
		onlyQueue("panics")(r, c)
		c.RetryPolicy = atOnce{}
		platformJob(c.Workers, r, func(_ context.Context, p probe) error {
			tries++
			switch tries {
			case 1:
				panic(p.Secret)
			case 2:
				panic(errors.New(p.Secret))
			}
			return nil
		})
	})
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	ended := endsOf(t, r)
	res, err := r.client.Insert(t.Context(), probe{Secret: secret}, inQueue("panics"))
	check(t, err)
	row := ended(res.Job.ID)

	if row.State != rivertype.JobStateCompleted || tries != 3 {
		t.Errorf("the job is %s after %d tries", row.State, tries)
	}
	for _, e := range row.Errors {
		if strings.Contains(e.Error+e.Trace, secret) {
			t.Error("the queue holds the secret")
		}
	}
	if strings.Contains(log.String(), secret) {
		t.Error("the log holds the secret")
	}
	failed := log.logged(t, func(line map[string]any) bool { return line["msg"] == "job failed" })
	if len(failed) != 2 || !strings.Contains(failed[0]["stack"].(string), "jobs.") {
		t.Errorf("%d failures are logged, want 2 with their stacks", len(failed))
	}
}

// A job whose last attempt fails is logged as an alert.
func TestExhaustedJobRaisesAnAlert(t *testing.T) {
	t.Parallel()
	db := openWith(t, testSigner)
	var log lockedBuffer
	r := newTestRunner(t, db, testConfig(t, mails.URL(), &log), func(r *Runner, c *river.Config) {
		onlyQueue("exhausted")(r, c)
		platformJob(c.Workers, r, func(context.Context, probe) error { return errInjected })
	})
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	ended := endsOf(t, r)
	opts := inQueue("exhausted")
	opts.MaxAttempts = 1
	res, err := r.client.Insert(t.Context(), probe{}, opts)
	check(t, err)

	if row := ended(res.Job.ID); row.State != rivertype.JobStateDiscarded {
		t.Errorf("the job is %s", row.State)
	}
	alerts := log.logged(t, func(line map[string]any) bool { return line["msg"] == "job discarded" && line["alert"] == true })
	if len(alerts) != 1 {
		t.Errorf("%d alerts, want 1", len(alerts))
	}
}

// The wait doubles after each failure up to a limit, which is short for urgent jobs.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		queue    string
		failures int
		want     time.Duration
	}{
		{river.QueueDefault, 0, 2 * time.Second},
		{river.QueueDefault, 3, 16 * time.Second},
		{river.QueueDefault, 24, time.Hour},
		{queue.Urgent, 0, 2 * time.Second},
		{queue.Urgent, 24, 20 * time.Second},
	} {
		before := time.Now()
		next := retryPolicy{}.NextRetry(&rivertype.JobRow{Queue: c.queue, Errors: make([]rivertype.AttemptError, c.failures)})
		if wait := next.Sub(before); wait < c.want*89/100 || wait > c.want*112/100 {
			t.Errorf("%s after %d failures: %v, want about %v", c.queue, c.failures, wait, c.want)
		}
	}
}
