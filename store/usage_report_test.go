package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// reporter is a program that reports usage.
type reporter struct {
	store.Member
	runs atomic.Int64
}

func newReporter(t *testing.T, email, slug string) *reporter {
	t.Helper()
	token, _ := storetest.APIKey(t, email, slug, store.ScopeWriteUsage)
	me, err := identify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	return &reporter{Member: me}
}

// runsAt is a report that nobody sent before.
func (r *reporter) runsAt(n int64, at time.Time) store.UsageReport {
	key := fmt.Sprint("run ", r.runs.Add(1))
	return store.UsageReport{Metric: store.AIRuns, Quantity: n, At: at, IdempotencyKey: key, RequestHash: [32]byte{byte(n)}}
}

func (r *reporter) send(t *testing.T, report store.UsageReport) (store.CountedUsage, error) {
	t.Helper()
	return storetest.DB().ReportUsage(t.Context(), r.Member, report)
}

// used is the running count of AI runs in the month of a time.
func (r *reporter) used(t *testing.T, at time.Time) int64 {
	t.Helper()
	var months []store.MonthUsage
	if err := read(t, r.Member, store.ListMonthUsage(at, &months)); err != nil {
		t.Fatal(err)
	}
	return store.UsedIn(months, store.AIRuns, store.MonthOf(at))
}

// A report counts once for its idempotency key, also when it is sent many times at once.
func TestReportsCountOnce(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	r, now := newReporter(t, a.Dana, a.Acme), time.Now()
	report := r.runsAt(7, now)
	first, err := r.send(t, report)
	if err != nil || first.Used != 7 || first.Repeated {
		t.Fatalf("the first: %+v, %v", first, err)
	}
	if _, err := r.send(t, r.runsAt(3, now)); err != nil {
		t.Fatal(err)
	}
	again, err := r.send(t, report)
	if err != nil || !again.Repeated || again.ID != first.ID || again.Used != 7 {
		t.Errorf("again: %+v, %v", again, err)
	}
	other := report
	other.RequestHash = [32]byte{9}
	if _, err := r.send(t, other); !errors.Is(err, store.ErrKeyReused) {
		t.Errorf("another report with the key: %v", err)
	}
	if got := r.used(t, now); got != 10 {
		t.Errorf("%d are counted, want 10", got)
	}
	for range 10 {
		same := r.runsAt(1, now)
		var counted atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				switch c, err := r.send(t, same); {
				case err != nil:
					t.Error(err)
				case !c.Repeated:
					counted.Add(1)
				}
			})
		}
		all.Wait()
		if counted.Load() != 1 {
			t.Errorf("a report that came 20 times at once counts %d times", counted.Load())
		}
	}
	if got := r.used(t, now); got != 20 {
		t.Errorf("%d are counted, want 20", got)
	}
}

// Case 56: fifty reports at once at the limit minus one. One counts, the others are told
// what the plan allows.
func TestReportsAtOnceStayInThePlan(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	r, now := newReporter(t, a.Dana, a.Acme), time.Now()
	if _, err := r.send(t, r.runsAt(501, now)); !full(err, store.AIRuns) {
		t.Errorf("more than the plan allows in one report: %v", err)
	}
	if _, err := r.send(t, r.runsAt(499, now)); err != nil {
		t.Fatal(err)
	}
	var won, told atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := r.send(t, r.runsAt(1, now))
			var limit *store.PlanLimitError
			switch {
			case err == nil:
				won.Add(1)
			case errors.As(err, &limit) && limit.Limit == 500 && limit.Next == 501:
				told.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || told.Load() != 49 || r.used(t, now) != 500 {
		t.Errorf("%d counted, %d were refused, the sum is %d", won.Load(), told.Load(), r.used(t, now))
	}
	last := r.runsAt(1, store.MonthOf(now).Add(-time.Hour))
	if _, err := r.send(t, last); err != nil {
		t.Errorf("a late report for the last month, which has room: %v", err)
	}
	storetest.Plan(t, a.Acme, "growth")
	if _, err := r.send(t, r.runsAt(1, now)); err != nil {
		t.Errorf("on a larger plan: %v", err)
	}
	storetest.Plan(t, a.Agency, "starter")
	if _, err := r.send(t, r.runsAt(1, now)); !full(err, store.AIRuns) {
		t.Errorf("the agency's plan is smaller: %v", err)
	}
}

// Two of the same reports meet near the limit: the second one waits for the first, finds the
// plan full, and is still a repeat. A repeat that comes too late is one too.
func TestRepeatsAtTheLimitAreRepeats(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	r, now := newReporter(t, a.Dana, a.Acme), time.Now()
	if _, err := r.send(t, r.runsAt(1, now)); err != nil {
		t.Fatal(err)
	}
	admin := storetest.Admin(t)
	held, err := admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), `select from usage_months where tenant_id = $1 for update`, r.TenantID()); err != nil {
		t.Fatal(err)
	}
	report := r.runsAt(400, now)
	var counted, repeated atomic.Int64
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			switch c, err := r.send(t, report); {
			case err != nil:
				t.Error(err)
			case c.Repeated:
				repeated.Add(1)
			default:
				counted.Add(1)
			}
		})
	}
	for waiting := 0; waiting < 2; {
		if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%usage_months%'`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if counted.Load() != 1 || repeated.Load() != 1 || r.used(t, now) != 401 {
		t.Errorf("%d counted, %d repeated, the sum is %d", counted.Load(), repeated.Load(), r.used(t, now))
	}
	if _, err := r.send(t, r.runsAt(400, now)); !full(err, store.AIRuns) {
		t.Errorf("another report: %v", err)
	}
	old := r.runsAt(1, now.Add(-store.MaxReportAge+time.Hour))
	if _, err := r.send(t, old); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update usage_events set at = at - interval '2 hours' where tenant_id = $1 and key = $2`, r.TenantID(), old.IdempotencyKey); err != nil {
		t.Fatal(err)
	}
	old.At = old.At.Add(-2 * time.Hour)
	if c, err := r.send(t, old); err != nil || !c.Repeated {
		t.Errorf("a repeat that is too late: %+v, %v", c, err)
	}
}

// More bytes than one event may have are several events, and all of them count.
func TestLargeDownloadsCount(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia := a.Member(t, a.Mia, a.Acme)
	const bytes = 2*store.MaxQuantity + 7
	if counted, err := storetest.DB().CountTransfer(t.Context(), mia, bytes); err != nil || counted != bytes {
		t.Errorf("counted %d, %v", counted, err)
	}
	var events, sum int64
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*), sum(quantity)::bigint from usage_events where tenant_id = $1 and metric = 'transfer'`, mia.TenantID()).Scan(&events, &sum); err != nil || events != 3 || sum != bytes {
		t.Errorf("%d events of %d bytes, %v", events, sum, err)
	}
}

// A program works in one tenant. In its agency's name it neither enters a client nor
// changes or reads one, also not by a function that its maker may call.
func TestProgramsAreNoAgency(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Agency, store.ScopeDeliverWork)
	program, err := identify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	dana, acme, conn := a.Member(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Acme).TenantID(), storetest.App(t)
	for what, sql := range map[string]string{
		"the client's plan":    `select where lookup.set_client_plan($1, 'growth', '')`,
		"the client's door":    `select where lookup.is_my_client($1)`,
		"what its client uses": `select from lookup.my_clients_usage('2026-11-01') where id = $1`,
	} {
		if n, err := try(t, conn, &dana, sql, acme); n != 1 || err != nil {
			t.Errorf("%s, for the owner: %d rows, %v", what, n, err)
		}
		if n, err := try(t, conn, &program, sql, acme); n != 0 || err != nil {
			t.Errorf("%s, for the owner's program: %d rows, %v", what, n, err)
		}
	}
}

// A report that is too late, in the future, negative, or of what is counted otherwise
// doesn't count.
func TestWrongReportsAreRefused(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	r, now := newReporter(t, a.Dana, a.Acme), time.Now()
	for field, change := range map[string][]func(*store.UsageReport){
		"at": {
			func(u *store.UsageReport) { u.At = now.Add(-store.MaxReportAge - time.Minute) },
			func(u *store.UsageReport) { u.At = now.Add(store.MaxReportAhead + time.Minute) },
			func(u *store.UsageReport) { u.At = time.Time{} },
		},
		"quantity": {
			func(u *store.UsageReport) { u.Quantity = 0 },
			func(u *store.UsageReport) { u.Quantity = -5 }, // a meter that goes backwards, or a refund
			func(u *store.UsageReport) { u.Quantity = store.MaxQuantity + 1 },
		},
		"metric": {
			func(u *store.UsageReport) { u.Metric = store.Storage },
			func(u *store.UsageReport) { u.Metric = store.Transfer },
			func(u *store.UsageReport) { u.Metric = "" },
		},
	} {
		for i, spoil := range change {
			report := r.runsAt(1, now)
			spoil(&report)
			_, err := r.send(t, report)
			if invalid := (store.InvalidError{}); !errors.As(err, &invalid) || invalid[field] == "" {
				t.Errorf("%s %d: %v", field, i, err)
			}
		}
	}
	for what, at := range map[string]time.Time{"late": now.Add(-store.MaxReportAge + time.Minute), "a clock ahead": now.Add(store.MaxReportAhead - time.Minute)} {
		if _, err := r.send(t, r.runsAt(1, at)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Only a key for it reports usage, and only while it works and its maker may.
func TestOnlyKeysForUsageReport(t *testing.T) {
	t.Parallel()
	a, now := storetest.Agency(t), time.Now()
	r := newReporter(t, a.Dana, a.Acme)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	delivers, err := identify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]store.Member{"a key for work": delivers, "its maker in person": a.Member(t, a.Dana, a.Acme), "the client's owner": a.Member(t, a.Mia, a.Acme)}
	for who, me := range refused {
		if _, err := storetest.DB().ReportUsage(t.Context(), me, r.runsAt(1, now)); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := r.send(t, r.runsAt(1, now)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, since, back string }{
		{"a maker who became a viewer", `update memberships set role = 'viewer' where tenant_id = $1 and user_id = (select user_id from api_keys where id = $2)`,
			`update memberships set role = 'owner' where tenant_id = $1 and user_id = (select user_id from api_keys where id = $2)`},
		{"a revoked key", `update api_keys set revoked_at = now() where tenant_id = $1 and id = $2`, `update api_keys set revoked_at = null where tenant_id = $1 and id = $2`},
	} {
		change := func(sql string) {
			if _, err := storetest.AdminPool().Exec(t.Context(), sql, r.TenantID(), r.Key.ID); err != nil {
				t.Fatal(err)
			}
		}
		change(c.since)
		if _, err := r.send(t, r.runsAt(1, now)); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s, since the request began: %v", c.what, err)
		}
		change(c.back)
		if _, err := r.send(t, r.runsAt(1, now)); err != nil {
			t.Errorf("%s, and back again: %v", c.what, err)
		}
	}
}
