package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// The proof of isolation holds on a database as we make it, and names each mistake in one
// that shows a tenant another's rows. It runs alone, because roles are the whole server's and
// other tests make wrong ones.
func TestIsolationIsProved(t *testing.T) {
	// A separate database, because a mistake locks what it changes.
	db, err := storetest.Open(t.Context(), "proved")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prove := func(t *testing.T) []string {
		t.Helper()
		wrong, err := db.ProveIsolation(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return wrong
	}
	if wrong := prove(t); len(wrong) != 0 {
		t.Fatalf("as we make it: %q", wrong)
	}
	conn, err := pgx.Connect(t.Context(), storetest.Server().AdminURL("proved"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	exec := func(t *testing.T, sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, `set session_replication_role = replica; insert into job_effects (tenant_id, key) values (gen_random_uuid(), 'x')`)
	for _, c := range []struct{ name, open, shut, says string }{
		{"policies are off", "alter table job_effects disable row level security", "alter table job_effects enable row level security", "job_effects shows rows to a tenant that doesn't exist"},
		{"a policy shows all", "create policy open on job_effects to portico_app using (true)", "drop policy open on job_effects", "job_effects shows rows to a tenant that doesn't exist"},
		{"the owner isn't bound", "alter table projects no force row level security", "alter table projects force row level security", "projects: lacks row level security"},
		{"the app may truncate", "grant truncate on files to portico_app", "revoke truncate on files from portico_app", "files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exec(t, c.open)
			if wrong := strings.Join(prove(t), "\n"); !strings.Contains(wrong, c.says) {
				t.Errorf("found %q, want %q", wrong, c.says)
			}
			exec(t, c.shut)
			if wrong := prove(t); len(wrong) != 0 {
				t.Errorf("mended: %q", wrong)
			}
		})
	}
}

// A support session counts against the claim if it began before or after its consent. One
// with consent doesn't. Only the schedule learns it.
func TestSupportWithoutConsentIsCounted(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.dana.ID())
	for _, c := range []struct {
		name, sql string
		more      int64
	}{
		{"with consent", "select $1::uuid, $2::uuid", 0},
		{"revoked later", "update support_grants set revoked_at = now() where tenant_id = $1 and $2::uuid is not null", 0},
		{"revoked before", "update support_grants set revoked_at = now() - interval '1 minute', created_at = now() - interval '2 minutes' where tenant_id = $1 and $2::uuid is not null", 1},
		{"ended before", "update support_grants set ends_at = now() - interval '1 minute', created_at = now() - interval '2 minutes' where tenant_id = $1 and $2::uuid is not null", 1},
		{"given afterwards", "update support_sessions set started_at = started_at - interval '5 minutes', ends_at = ends_at - interval '5 minutes' where tenant_id = $1 and id = $2", 1},
		{"long ago", "update support_sessions set started_at = started_at - interval '31 days', ends_at = ends_at - interval '31 days' where tenant_id = $1 and id = $2", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Repeatable read, because other tests start sessions meanwhile.
			tx, err := b.admin.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
			must(t, err)
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			count := func() (n int64) {
				must(t, tx.QueryRow(t.Context(), `select lookup.support_without_consent()`).Scan(&n))
				return n
			}
			before := count()
			_, err = tx.Exec(t.Context(), "set local session_replication_role = replica")
			must(t, err)
			_, err = tx.Exec(t.Context(), c.sql, b.mia.TenantID(), id)
			must(t, err)
			if after := count(); after-before != c.more {
				t.Errorf("%d more, want %d", after-before, c.more)
			}
			_, err = tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true)`, b.mia.TenantID().String())
			must(t, err)
			if told := count(); told != 0 {
				t.Errorf("a tenant is told of %d sessions", told)
			}
		})
	}
}

// The schedule records proofs, a failed try doesn't move the time when a claim last held,
// and nobody in a tenant can record one.
func TestProofsAreRecorded(t *testing.T) {
	t.Parallel()
	db, err := storetest.Open(t.Context(), "proofs")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	proofs := func() []store.Proof {
		all, err := db.Proofs(t.Context())
		must(t, err)
		return all
	}
	if all := proofs(); len(all) != 0 {
		t.Fatalf("before any try: %+v", all)
	}
	must(t, db.RecordProof(t.Context(), store.ClaimSupport, false))
	if all := proofs(); len(all) != 1 || all[0].HeldAt != nil {
		t.Fatalf("after a failed try: %+v", all)
	}
	must(t, db.RecordProof(t.Context(), store.ClaimSupport, true))
	held := proofs()[0]
	if held.HeldAt == nil || !held.HeldAt.Equal(held.TriedAt) {
		t.Fatalf("after a good one: %+v", held)
	}
	must(t, db.RecordProof(t.Context(), store.ClaimSupport, false))
	if now := proofs()[0]; !now.HeldAt.Equal(*held.HeldAt) || !now.TriedAt.After(held.TriedAt) {
		t.Errorf("after another failed one: %+v, before %+v", now, held)
	}

	before := proofs()[0]
	conn, err := pgx.Connect(t.Context(), storetest.Server().AppURL("proofs"))
	must(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, set := range []string{"app.tenant_id", "app.user_id", "app.party"} {
		_, err = conn.Exec(t.Context(), `select set_config($1, '00000000-0000-7000-8000-000000000001', false)`, set)
		must(t, err)
		_, err = conn.Exec(t.Context(), `select lookup.record_proof('support', true)`)
		must(t, err)
		_, err = conn.Exec(t.Context(), `select set_config($1, '', false)`, set)
		must(t, err)
	}
	if now := proofs()[0]; !now.TriedAt.Equal(before.TriedAt) {
		t.Errorf("somebody in a tenant recorded %+v", now)
	}
	if _, err := conn.Exec(t.Context(), `update proofs set held_at = now()`); err == nil {
		t.Error("the app may write to the table itself")
	}
}
