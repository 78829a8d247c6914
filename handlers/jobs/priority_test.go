package jobs

import (
	"context"
	"testing"

	"github.com/riverqueue/river"

	"portico/store/queue"
)

// ignore registers a worker that does nothing.
func ignore[T river.JobArgs](w *river.Workers) {
	river.AddWorker(w, river.WorkFunc(func(context.Context, *river.Job[T]) error { return nil }))
}

// A tenant fills the queue of urgent mails. Who signs in is mailed before all those that
// wait.
func TestSignInMailOvertakesOtherMail(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	r := newTestRunner(t, openWith(t, testSigner), testConfig(t, mails.URL(), &log), func(r *Runner, c *river.Config) {
		onlyQueue("overtaken")(r, c)
		c.Workers = river.NewWorkers()
		ignore[queue.SignInMail](c.Workers)
		ignore[queue.InviteMail](c.Workers)
		ignore[queue.AccessRequested](c.Workers)
		ignore[queue.AccessRequestMail](c.Workers)
		ignore[queue.AccessAnswered](c.Workers)
	})
	ended := endsOf(t, r)
	insert := func(job river.JobArgs) int64 {
		res, err := r.client.Insert(t.Context(), job, inQueue("overtaken"))
		check(t, err)
		return res.Job.ID
	}
	var others []int64
	for range 10 {
		for _, job := range []river.JobArgs{queue.InviteMail{}, queue.AccessRequested{}, queue.AccessRequestMail{}, queue.AccessAnswered{}} {
			others = append(others, insert(job))
		}
	}
	signIn := insert(queue.SignInMail{})
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	began, before := ended(signIn).AttemptedAt, 0
	for _, id := range others {
		if ended(id).AttemptedAt.Before(*began) {
			before++
		}
	}
	if before > 2 { // one for each worker
		t.Errorf("%d mails began before the sign-in mail", before)
	}
}
