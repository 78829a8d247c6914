package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// review returns what comes of a member's review.
func (b *supportBundle) review(t *testing.T, me store.Member, session uuid.UUID, verdict store.SupportVerdict, words string) error {
	t.Helper()
	return b.write(t, me, func(tx *store.Tx) error { return tx.ReviewSupport(t.Context(), session, verdict, words) })
}

// An owner says once that a session was in order, after it ended, and both sides read it.
func TestOwnersReviewSupportSessions(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.dana.ID())
	wantErr(t, "accepted while it runs", b.review(t, b.mia, id, store.SupportAccepted, ""), store.ErrConflict)
	must(t, b.write(t, b.mia, func(tx *store.Tx) error { return tx.EndSupportSession(t.Context(), id) }))
	must(t, b.review(t, b.mia, id, store.SupportAccepted, ""))
	wantErr(t, "a second review", b.review(t, b.dana, id, store.SupportFlagged, "No"), store.ErrConflict)
	row := b.ledger(t)[0]
	if row.Verdict != store.SupportAccepted || row.ReviewedBy != b.mia.Name || row.Words != "" {
		t.Errorf("the ledger says %+v", row)
	}
	if n := len(b.trail(t, b.mia, "support.session_accepted")); n != 1 {
		t.Errorf("the trail has %d reviews, want one", n)
	}
}

// Anybody but an owner or admin, in person, of the session's own tenant is refused.
func TestOthersDoNotReviewSupportSessions(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.mia.ID())
	inside := b.inside(t)
	for who, me := range map[string]store.Member{"a viewer": b.Member(t, b.Leo, b.Acme), "staff without the role": b.Member(t, b.Ravi, b.Acme), "support inside": inside} {
		wantErr(t, who, b.review(t, me, id, store.SupportFlagged, "It was wrong"), store.ErrForbidden)
	}
	other := b.Member(t, b.Gus, b.Globex)
	wantErr(t, "another tenant", b.review(t, other, id, store.SupportFlagged, "It was wrong"), store.ErrNotFound)
	wantErr(t, "an invented session", b.review(t, b.mia, store.NewID(), store.SupportFlagged, "It was wrong"), store.ErrNotFound)
	wantErr(t, "no words", b.review(t, b.mia, id, store.SupportFlagged, " \n "), store.ErrInvalid)
	wantErr(t, "too many words", b.review(t, b.mia, id, store.SupportFlagged, strings.Repeat("x", store.MaxFlag+1)), store.ErrInvalid)
	wantErr(t, "an unknown verdict", b.review(t, b.mia, id, "fine", ""), store.ErrInvalid)
	if row := b.ledger(t)[0]; row.Verdict != "" {
		t.Fatalf("after refusals only the ledger says %+v", row)
	}
	must(t, b.review(t, b.mia, id, store.SupportFlagged, "It was wrong"))

	// The database refuses too: a review in somebody's name, from inside a session, or changed.
	conn := storetest.App(t)
	for what, set := range map[string]string{
		"from inside a session": "app.support_session_id",
		"by a program":          "app.api_key_id",
	} {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		for key, value := range map[string]string{"app.tenant_id": b.mia.TenantID().String(), "app.user_id": b.mia.ID().String(), "app.party": "client", set: store.NewID().String()} {
			_, err = tx.Exec(t.Context(), `select set_config($1, $2, true)`, key, value)
			must(t, err)
		}
		_, err = tx.Exec(t.Context(), `insert into support_reviews (tenant_id, id, verdict) values ($1, $2, 'accepted')`, b.mia.TenantID(), store.NewID())
		if err == nil || !strings.Contains(err.Error(), "row-level security") {
			t.Errorf("%s: %v", what, err)
		}
		must(t, tx.Rollback(t.Context()))
	}
	for _, sql := range []string{`update support_reviews set words = ''`, `delete from support_reviews`} {
		if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// An agent reads which of their sessions were flagged. No other agent does, and nobody else.
// Operators list all.
func TestAgentsReadWhatWasFlagged(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	id := b.startAs(t, b.dana.ID())
	must(t, b.review(t, b.mia, id, store.SupportFlagged, "It looked at the wrong project"))
	listed := func(me store.Person) (found *store.FlaggedSupport) {
		var all []store.FlaggedSupport
		must(t, b.db.ReadOwn(t.Context(), me, store.ListFlaggedSupport(100, &all)))
		for _, f := range all {
			if f.ID == id {
				found = &f
			}
		}
		return found
	}
	sam := storetest.Person(t, b.token)
	if f := listed(sam); f == nil || f.Words != "It looked at the wrong project" || f.ByName != b.mia.Name || f.AgentName == "" {
		t.Errorf("the agent reads %+v", f)
	}
	op, err := store.OpenOperator(t.Context(), storetest.Server().OwnerURL(stack.DatabaseName))
	must(t, err)
	defer op.Close(context.WithoutCancel(t.Context()))
	flags, err := op.Flags(t.Context())
	must(t, err)
	if !slices.ContainsFunc(flags, func(f store.Flag) bool { return f.ID == id && f.Slug == b.Acme && f.Words != "" }) {
		t.Errorf("operators list %+v", flags)
	}
	for _, email := range []string{storetest.Agent(t), b.Mia, b.Dana, b.Gus} {
		if f := listed(storetest.Person(t, storetest.SignIn(t, email))); f != nil {
			t.Errorf("%s reads %+v", email, f)
		}
	}
	storetest.DisableAgent(t, b.agent)
	if f := listed(sam); f != nil {
		t.Errorf("a disabled agent reads %+v", f)
	}
}
