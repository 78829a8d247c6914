package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// canaryJob creates one project of a given name in its tenant, an effect that can be
// counted.
type canaryJob struct {
	queue.Signature
	Number int    `json:"number"`
	Name   string `json:"name"`
}

func (canaryJob) Kind() string { return "canary" }

func (canaryJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "canaries"} }

var errInjected = errors.New("injected failure")

// canaries works canaryJobs and makes the first attempt of each fail: a third before the
// effect, a third within its transaction and a third after the commit, as if the
// process had died before it could tell the queue.
type canaries struct {
	db    *store.DB
	mu    sync.Mutex
	tried map[string]bool
}

func (c *canaries) first(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.tried[key]
	c.tried[key] = true
	return !was
}

func (c *canaries) work(ctx context.Context, j store.Job, job canaryJob) error {
	key := fmt.Sprintf("canary:%d", job.Number)
	fails := c.first(j.TenantID().String() + key)
	if fails && job.Number%3 == 0 {
		return errInjected
	}
	err := c.db.Work(ctx, j, func(tx *store.Tx) error {
		first, err := tx.ClaimEffect(ctx, key)
		if err != nil || !first {
			return err
		}
		if _, err := tx.CreateProject(ctx, store.ProjectInput{Name: job.Name}); err != nil {
			return err
		}
		if fails && job.Number%3 == 1 {
			return errInjected
		}
		return nil
	})
	if err == nil && fails {
		return errInjected
	}
	return err
}

// A thousand jobs of two tenants run interleaved on one connection, and the first
// attempt of each fails. Every effect happens once, in its own tenant.
func TestThousandJobsOnOneConnection(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: testSigner, MaxConns: 1})
	check(t, err)
	t.Cleanup(db.Close)
	c := &canaries{db: db, tried: map[string]bool{}}
	var log lockedBuffer
	r := newTestRunner(t, db, testConfig(t, mails.URL(), &log), func(r *Runner, cfg *river.Config) {
		cfg.Queues = map[string]river.QueueConfig{"canaries": {MaxWorkers: 40}}
		cfg.FetchCooldown = 5 * time.Millisecond
		cfg.RetryPolicy = atOnce{}
		tenantJob(cfg.Workers, r, store.JobPolicy{}, c.work)
	})

	const each = 500
	for _, me := range []store.Member{acme, globex} {
		check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			for n := range each {
				if err := tx.Enqueue(t.Context(), &canaryJob{Number: n, Name: fmt.Sprintf("canary %d of %s", n, me.Tenant.Slug)}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	// Interleave the jobs of both tenants.
	do(t, admin(t), `update river.river_job set scheduled_at = date_trunc('day', now()) + make_interval(secs => (args ->> 'number')::int / 1000.0)
		where kind = 'canary'`)

	events, stop := r.client.Subscribe(river.EventKindJobCompleted, river.EventKindJobCancelled)
	defer stop()
	check(t, r.Start(t.Context()))
	defer r.Stop(context.Background())
	ctx := storetest.Within(t, 2*time.Minute)
	for done := 0; done < 2*each; done++ {
		select {
		case e := <-events:
			if e.Kind != river.EventKindJobCompleted {
				t.Fatalf("job %d is %s", e.Job.ID, e.Job.State)
			}
		case <-ctx.Done():
			t.Fatalf("only %d jobs ended", done)
		}
	}
	for _, me := range []store.Member{acme, globex} {
		var names []string
		rows, err := admin(t).Query(t.Context(), `select name from projects where tenant_id = $1`, me.TenantID())
		check(t, err)
		count := map[string]int{}
		for rows.Next() {
			var name string
			check(t, rows.Scan(&name))
			names = append(names, name)
			count[name]++
		}
		if len(names) != each {
			t.Errorf("%s has %d projects, want %d", me.Tenant.Slug, len(names), each)
		}
		for n := range each {
			if name := fmt.Sprintf("canary %d of %s", n, me.Tenant.Slug); count[name] != 1 {
				t.Errorf("%q is there %d times", name, count[name])
			}
		}
	}
}

// A transaction that is rolled back enqueues nothing; one that commits enqueues its job
// once.
func TestRolledBackDeedEnqueuesNothing(t *testing.T) {
	t.Parallel()
	theRunner(t)
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	version := draft(t, dana, "Poster "+a.Suffix)
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, version)
	jobs := func() int {
		return ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'version_published' and args ->> 'version' = $1`, version.String())
	}

	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		if err := tx.Publish(t.Context(), deliverable, 1, ""); err != nil {
			return err
		}
		return errInjected
	})
	if !errors.Is(err, errInjected) || jobs() != 0 {
		t.Fatalf("err = %v with %d jobs, want the injected one and none", err, jobs())
	}
	publish(t, dana, version)
	mailTo(t, a.Mia, "Poster "+a.Suffix)
	if n := jobs(); n != 1 {
		t.Errorf("%d jobs, want exactly one", n)
	}
}

// The process dies after a mail was sent and recorded, or after the mails were enqueued,
// before it can tell the queue. The jobs run again and send nothing twice.
func TestRepeatedJobsSendNoSecondMail(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	ended := endsOf(t, r)
	a := storetest.Agency(t)
	version := published(t, a.Member(t, a.Dana, a.Acme), "Poster "+a.Suffix)
	mailTo(t, a.Mia, "Poster "+a.Suffix)
	mailTo(t, a.Leo, "Poster "+a.Suffix)

	conn := admin(t)
	again := ask[[]int64](t, conn, `select array_agg(id) from river.river_job where args ->> 'version' = $1`, version.String())
	if len(again) != 3 {
		t.Fatalf("%d jobs, want one for the version and one for each of two people", len(again))
	}
	for _, id := range again {
		ended(id)
		_, err := r.client.JobRetry(t.Context(), id)
		check(t, err)
	}
	again = append(again, insertCopies(t, r, again)...)
	for _, id := range again {
		if row := ask[string](t, conn, `select kind from river.river_job where id = $1`, id); row == "" {
			t.Fatal("no such job")
		}
	}
	waitCompleted(t, r, again)
	for _, who := range []string{a.Mia, a.Leo} {
		if n := len(mailsTo(t, who)); n != 1 {
			t.Errorf("%d mails to %s, want 1", n, who)
		}
	}
	if n := ask[int](t, conn, `select count(*)::int from audit_events where verb = 'version.mail_sent' and tenant_id = (select tenant_id from versions where id = $1)`, version); n != 2 {
		t.Errorf("%d lines in the trail, want 2", n)
	}
}

// insertCopies replays jobs as an attacker who copies rows of the queue could. The
// signatures are valid, and still nothing happens twice.
func insertCopies(t *testing.T, r *Runner, ids []int64) []int64 {
	t.Helper()
	var copies []int64
	for _, id := range ids {
		row, err := r.client.JobGet(t.Context(), id)
		check(t, err)
		copies = append(copies, insert(t, r, rawJob{row.Kind, string(row.EncodedArgs)}))
	}
	return copies
}

func waitCompleted(t *testing.T, r *Runner, ids []int64) {
	t.Helper()
	waitFor(t, r, `select not exists (select 1 from river.river_job where id = any ($1) and state <> 'completed')`, ids)
}

// atOnce retries without waiting.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }
