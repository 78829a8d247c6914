package store_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// addUp runs the nightly sums of the member's tenant.
func addUp(t *testing.T, me store.Member, now time.Time) {
	t.Helper()
	job := &queue.Cleanup{Signature: queue.Signature{Tenant: me.TenantID()}}
	if err := queue.NewSigner(storetest.SigningKey).Sign(job); err != nil {
		t.Fatal(err)
	}
	j, err := storetest.DB().VerifyJob(job, store.JobPolicy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := storetest.DB().Work(t.Context(), j, func(tx *store.Tx) error { return tx.AddUpUsage(t.Context(), now) }); err != nil {
		t.Fatal(err)
	}
}

func hoursOf(t *testing.T, me store.Member, month time.Time, m store.Metric) (hours map[time.Time]int64, sum int64) {
	t.Helper()
	var all []store.HourUsage
	if err := read(t, me, store.ListHourUsage(month, &all)); err != nil {
		t.Fatal(err)
	}
	hours = map[time.Time]int64{}
	for _, h := range all {
		if h.Metric == m {
			hours[h.Hour.UTC()] = h.Quantity
			sum += h.Quantity
		}
	}
	return hours, sum
}

func corrections(t *testing.T, me store.Member) (n int) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'plan.usage_corrected'`, me.TenantID()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The sums of hours and the running sums of months agree with the events, in whichever
// order and however late they came. A month that was changed is corrected, once, with an
// audit row.
func TestUsageSumsAgreeWithEvents(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	r, now := newReporter(t, a.Dana, a.Acme), time.Now()
	want := map[time.Time]int64{}
	for range 200 {
		at := now.Add(-time.Duration(rand.Int64N(int64(store.MaxReportAge - time.Hour))))
		n := 1 + rand.Int64N(50)
		if _, err := r.send(t, r.runsAt(n, at)); err != nil {
			t.Fatal(err)
		}
		want[store.MonthOf(at)] += n
	}
	until := now.Add(time.Hour) // the hour of the newest event is over then
	for range 2 {
		addUp(t, r.Member, until)
		for month, n := range want {
			if _, hours := hoursOf(t, r.Member, month, store.AIRuns); hours != n || r.used(t, month) != n {
				t.Errorf("%s: the events are %d, the hours %d, the running sum %d", month.Format("2006-01"), n, hours, r.used(t, month))
			}
		}
	}
	if n := corrections(t, r.Member); n != 0 {
		t.Errorf("%d sums were corrected that were right", n)
	}
	wrong := now.AddDate(0, 0, -15) // on the first of a month few events are of that month
	if _, err := storetest.AdminPool().Exec(t.Context(), `update usage_months set quantity = quantity + 1 where tenant_id = $1 and metric = 'ai_runs' and month = $2`, r.TenantID(), store.MonthOf(wrong)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		addUp(t, r.Member, until)
	}
	if got := r.used(t, wrong); got != want[store.MonthOf(wrong)] || corrections(t, r.Member) != 1 {
		t.Errorf("the changed month is %d, want %d, corrected %d times", got, want[store.MonthOf(wrong)], corrections(t, r.Member))
	}
}

// Storage is byte-hours of what lay there: the area below its levels. People and projects
// count by the most in an hour and in a month.
func TestLevelsAreAddedUpByTime(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	pool := storetest.AdminPool()
	if _, err := pool.Exec(t.Context(), `delete from usage_levels where tenant_id = $1`, dana.TenantID()); err != nil {
		t.Fatal(err)
	}
	month := store.MonthOf(time.Now()).AddDate(0, -1, 0).AddDate(0, 0, 25)
	level := func(m store.Metric, after time.Duration, level int64) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), `insert into usage_levels (tenant_id, metric, at, level) values ($1, $2, $3, $4)`, dana.TenantID(), m, month.Add(after), level); err != nil {
			t.Fatal(err)
		}
	}
	level(store.Storage, 30*time.Minute, 1000)
	level(store.Storage, 90*time.Minute, 3000)
	level(store.Storage, 105*time.Minute, 0)
	level(store.Storage, 4*time.Hour, 600)
	level(store.Projects, 10*time.Minute, 4)
	level(store.Projects, 20*time.Minute, 9)
	level(store.Projects, 30*time.Minute, 2)
	addUp(t, dana, month.Add(6*time.Hour+30*time.Minute))
	storage, sum := hoursOf(t, dana, month, store.Storage)
	projects, _ := hoursOf(t, dana, month, store.Projects)
	for hour, want := range map[int][2]int64{0: {500, 9}, 1: {500 + 750, 2}, 2: {0, 2}, 3: {0, 2}, 4: {600, 2}, 5: {600, 2}, 6: {0, 0}} {
		at := month.Add(time.Duration(hour) * time.Hour)
		if storage[at] != want[0] || projects[at] != want[1] {
			t.Errorf("hour %d: %d byte-hours and %d projects, want %v", hour, storage[at], projects[at], want)
		}
	}
	var months []store.MonthUsage
	if err := read(t, dana, store.ListMonthUsage(month, &months)); err != nil {
		t.Fatal(err)
	}
	if s, p := store.UsedIn(months, store.Storage, store.MonthOf(month)), store.UsedIn(months, store.Projects, store.MonthOf(month)); s != sum || s != 2950 || p != 9 {
		t.Errorf("the month has %d byte-hours (hours %d) and %d projects", s, sum, p)
	}
}

// Every deed that changes a count also notes the level, so that no time is missing.
func TestEveryCountIsALevel(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newRaceScene(t, a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme))
	same := func(what string) {
		t.Helper()
		var wrong int
		if err := storetest.AdminPool().QueryRow(t.Context(), `
select count(*) from plan_usage u
where tenant_id = $1 and metric <> 'ai_runs'
  and used is distinct from (select level from usage_levels l where l.tenant_id = u.tenant_id and l.metric = u.metric order by at desc limit 1)`, s.dana.TenantID()).Scan(&wrong); err != nil || wrong != 0 {
			t.Errorf("after %s %d levels differ from the counts, %v", what, wrong, err)
		}
	}
	same("the scene")
	for what, deed := range storageDeeds {
		_ = write(t, s.dana, func(tx *store.Tx) error { return deed(s, t.Context(), tx) }) // some are refused after others
		same(what)
	}
	for _, person := range []string{"more@" + a.Suffix + ".test", "another@" + a.Suffix + ".test"} {
		do(t, s.dana, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "One more", Email: person, Party: store.PartyClient, Role: store.RoleViewer})
			return err
		})
		same("a person")
	}
}
