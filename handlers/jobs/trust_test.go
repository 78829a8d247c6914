package jobs

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// The hourly job tries each claim and records that it held.
func TestClaimsAreProvedHourly(t *testing.T) {
	t.Parallel()
	db, r, _ := proving(t, "claims")
	check(t, r.hourlyProofs(t.Context(), queue.HourlyProofs{}))
	proofs, err := db.Proofs(t.Context())
	check(t, err)
	held := map[store.Claim]bool{}
	for _, p := range proofs {
		held[p.Claim] = p.HeldAt != nil && p.HeldAt.Equal(p.TriedAt)
	}
	if !held[store.ClaimIsolation] || !held[store.ClaimSupport] {
		t.Errorf("held: %v", held)
	}
}

// A claim that doesn't hold is recorded so, and the log alerts the operators with the reason.
func TestClaimThatDoesNotHoldIsRecorded(t *testing.T) {
	t.Parallel()
	db, r, log := proving(t, "broken_claims")
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL("broken_claims"))
	check(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), `alter table files no force row level security`)
	check(t, err)
	check(t, r.hourlyProofs(t.Context(), queue.HourlyProofs{}))
	proofs, err := db.Proofs(t.Context())
	check(t, err)
	for _, p := range proofs {
		if holds := p.HeldAt != nil; holds != (p.Claim == store.ClaimSupport) {
			t.Errorf("%s holds: %v", p.Claim, holds)
		}
	}
	alerts := log.logged(t, func(line map[string]any) bool { return line["alert"] == true })
	if len(alerts) != 1 || !strings.Contains(alerts[0]["why"].(string), "files") {
		t.Errorf("alerts: %v", alerts)
	}
}

// proving returns a runner over a database of its own.
func proving(t *testing.T, name string) (*store.DB, *Runner, *lockedBuffer) {
	t.Helper()
	db, err := storetest.Open(t.Context(), name)
	check(t, err)
	t.Cleanup(db.Close)
	var log lockedBuffer
	return db, newTestRunner(t, db, testConfig(t, mails.URL(), &log), nil), &log
}
