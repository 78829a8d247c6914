package store_test

import (
	"database/sql"
	"testing"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"portico/e2e/storetest"
	"portico/migrations"
	"portico/store"
)

// Migration 23 renames stored verbs in every tenant, under forced row level security.
// Afterwards the table is as closed as before.
func TestStoredVerbsAreRenamed(t *testing.T) {
	t.Parallel()
	db, err := storetest.Open(t.Context(), "verbs")
	must(t, err)
	db.Close()
	owner, err := sql.Open("pgx", storetest.Server().OwnerURL("verbs"))
	must(t, err)
	t.Cleanup(func() { _ = owner.Close() })
	schema, err := goose.NewProvider(goose.DialectPostgres, owner, migrations.Files, goose.WithTableName("schema_migrations"))
	must(t, err)
	_, err = schema.DownTo(t.Context(), 22)
	must(t, err)

	admin, err := sql.Open("pgx", storetest.Server().AdminURL("verbs"))
	must(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	tenant := store.NewID()
	_, err = admin.ExecContext(t.Context(), `insert into tenants (id, kind, slug, name) values ($1, 'agency', 'verbs', 'Verbs')`, tenant)
	must(t, err)
	events := map[uuid.UUID]struct{ verb, kind string }{}
	for _, e := range []struct{ old, oldKind, detail, plain, kind string }{
		{"file.upload_given_up", "file", `{}`, "file.upload_cancelled", "file"},
		{"file.swept", "file", `{}`, "file.upload_cancelled", "file"},
		{"file.found", "file", `{}`, "file.recovered", "file"},
		{"file.forgotten", "file", `{}`, "file.marked_lost", "file"},
		{"member.came_in", "membership", `{}`, "member.staff_joined", "membership"},
		{"member.went_out", "membership", `{}`, "member.staff_left", "membership"},
		{"tenant.client_manages", "tenant", `{"may": true}`, "tenant.people_managers_changed", "tenant"},
		{"job.let_go", "", `{}`, "job.cancelled", ""},
		{"support.asked", "support_ask", `{}`, "support.access_requested", "access_request"},
		{"support.ask_mail_sent", "membership", `{}`, "support.request_mail_sent", "membership"},
		{"support.write_asked", "support_session", `{}`, "support.write_requested", "support_session"},
		{"support.answered", "support_ask", `{"answer": "granted"}`, "support.access_approved", "access_request"},
		{"support.answered", "support_ask", `{"answer": "denied"}`, "support.access_denied", "access_request"},
		{"support.asking_set", "", `{"may": true}`, "support.requests_allowed", ""},
		{"support.asking_set", "", `{"may": false}`, "support.requests_blocked", ""},
		{"project.created", "project", `{}`, "project.created", "project"},
	} {
		id := store.NewID()
		events[id] = struct{ verb, kind string }{e.plain, e.kind}
		_, err := admin.ExecContext(t.Context(), `insert into audit_events (tenant_id, id, party, verb, target_kind, detail) values ($1, $2, 'agency', $3, $4, $5)`,
			tenant, id, e.old, e.oldKind, e.detail)
		must(t, err)
	}

	agent := store.NewID()
	_, err = admin.ExecContext(t.Context(), `insert into users (id, name) values ($1, 'Sam')`, agent)
	must(t, err)
	for _, verb := range []string{"support.asked", "support.write_asked", "support.started"} {
		_, err = admin.ExecContext(t.Context(), `insert into account_events (id, user_id, verb) values ($1, $2, $3)`, store.NewID(), agent, verb)
		must(t, err)
	}

	_, err = schema.Up(t.Context())
	must(t, err)
	var own string
	must(t, admin.QueryRowContext(t.Context(), `select string_agg(verb, ' ' order by id) from account_events`).Scan(&own))
	if own != "support.access_requested support.write_requested support.started" {
		t.Errorf("the agent's own history: %s", own)
	}
	for id, want := range events {
		var verb, kind string
		must(t, admin.QueryRowContext(t.Context(), `select verb, target_kind from audit_events where id = $1`, id).Scan(&verb, &kind))
		if verb != want.verb || kind != want.kind {
			t.Errorf("%s of %q, want %s of %q", verb, kind, want.verb, want.kind)
		}
	}
	var forced bool
	must(t, admin.QueryRowContext(t.Context(), `select bool_and(relrowsecurity and relforcerowsecurity) from pg_class where oid in ('audit_events'::regclass, 'account_events'::regclass)`).Scan(&forced))
	if !forced {
		t.Error("a trail is open to its owner afterwards")
	}
}
