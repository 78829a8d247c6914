//go:build long

package store_test

import (
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/store"
)

// A month of a million events, from keys of several people, adds up to its running sum and
// to the same hours, however often it is added up.
func TestLongMillionEventsAddUp(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	r := newReporter(t, a.Dana, a.Acme)
	month := store.MonthOf(time.Now())
	if _, err := storetest.AdminPool().Exec(t.Context(), `
with events as (
    insert into usage_events (tenant_id, id, metric, quantity, at, used, key, request_hash, api_key_id)
    select $1, gen_random_uuid(), 'ai_runs', 1 + n % 7, $3::timestamptz + n * (now() - $3::timestamptz) / 1000000, 10, 'event ' || n, sha256(n::text::bytea), $2
    from generate_series(1, 1000000) n
    returning quantity
)
insert into usage_months (tenant_id, metric, month, quantity)
select $1, 'ai_runs', $3::date, sum(quantity)
from events`, r.TenantID(), r.Key.ID, month); err != nil {
		t.Fatal(err)
	}
	running := r.used(t, month)
	if running < 3_900_000 {
		t.Fatalf("the events are %d", running)
	}
	for range 2 {
		began := time.Now()
		addUp(t, r.Member, time.Now().Add(time.Hour))
		t.Logf("a million events were added up in %s", time.Since(began).Round(time.Millisecond))
		if _, hours := hoursOf(t, r.Member, month, store.AIRuns); hours != running || r.used(t, month) != running {
			t.Errorf("the hours are %d, the running sum %d, want %d", hours, r.used(t, month), running)
		}
	}
	if n := corrections(t, r.Member); n != 0 {
		t.Errorf("%d corrections of a sum that is right", n)
	}
}
