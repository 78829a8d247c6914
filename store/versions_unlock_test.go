package store_test

import (
	"context"
	"errors"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

func (b *reviewBundle) unlock(t *testing.T, me store.Member, number int) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { return tx.UnlockVersion(t.Context(), b.deliverable, number) })
}

func (b *reviewBundle) unlocks(number int) racer {
	return racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.UnlockVersion(ctx, b.deliverable, number) }}
}

// shown is the version that lists and the page show, and the latest one that is locked.
func (b *reviewBundle) shown(t *testing.T, want int) {
	t.Helper()
	var d store.Deliverable
	var versions []store.Version
	must(t, read(t, b.mia, store.GetDeliverable(b.deliverable, &d), store.ListVersions(b.deliverable, &versions)))
	for _, v := range versions {
		if v.Locked == (v.Number == want) {
			t.Errorf("version %d: locked %t", v.Number, v.Locked)
		}
	}
	if d.Version != want {
		t.Errorf("lists show version %d, want %d", d.Version, want)
	}
}

// Unlocking an earlier version locks the later one and ends what was asked about it. What was
// asked about the earlier goes on, with the answers that were given: nobody's silence
// approves it.
func TestEarlierVersionIsUnlocked(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.ask(t, 1, askOf(store.AskAll, b.mia, b.nora, b.omar)))
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.next(t, 2)
	must(t, b.ask(t, 2, askOf(store.AskAll, b.nora)))
	do(t, b.dana, func(tx *store.Tx) error { return tx.ChangeRole(t.Context(), b.omar.ID(), store.RoleViewer) })
	mails := func() (n int) {
		must(t, storetest.AdminPool().QueryRow(t.Context(), `
select count(*) from river.river_job j join review_requests r on r.id::text = j.args->>'request'
where j.kind = 'review_mail' and r.tenant_id = $1 and r.user_id = $2`, b.mia.TenantID(), b.nora.ID()).Scan(&n))
		return n
	}
	before := mails()
	must(t, b.unlock(t, b.ravi, 1))
	must(t, b.unlock(t, b.ravi, 1)) // the button was pressed twice
	b.shown(t, 1)
	b.wantOpen(t, "unlocked", "Nora")
	b.want(t, "unlocked", "in_review - -")
	if n := mails(); n != before+1 {
		t.Errorf("%d mails to Nora, want one", n-before)
	}
	locked, isLocked := errors.AsType[*store.LockedError](b.decide(t, b.nora, 2, store.Approved))
	if !isLocked || locked.Newest != 1 {
		t.Errorf("on the version that is locked now: %+v", locked)
	}
	must(t, b.decide(t, b.nora, 1, store.ApprovedWithChanges))
	b.want(t, "Nora answers too", "approved - approved_with_changes*")
	var d store.Deliverable
	must(t, read(t, b.mia, store.GetDeliverable(b.deliverable, &d)))
	if !d.WithChanges {
		t.Error("the deliverable doesn't say with changes")
	}
	var events int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where target_id = $1 and verb = 'version.unlocked'`, b.deliverable).Scan(&events))
	if events != 1 {
		t.Errorf("%d events", events)
	}
	must(t, b.unlock(t, b.ravi, 2))
	b.shown(t, 2)
	b.wantOpen(t, "back again", "Nora")
	b.want(t, "back again", "in_review - approved_with_changes*")
	b.next(t, 3)
	b.shown(t, 3)
}

// A version that was approved is approved again, unless another is approved.
func TestUnlockingApprovesNoSecondVersion(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.decide(t, b.mia, 1, store.Approved))
	b.next(t, 2)
	must(t, b.unlock(t, b.ravi, 1))
	b.want(t, "approved before, and the only one", "approved - approved*")
	must(t, b.unlock(t, b.ravi, 2))
	must(t, b.decide(t, b.mia, 2, store.Approved))
	b.want(t, "the later is approved", "approved approved* approved")
	two, refused := errors.AsType[*store.TwoApprovedError](b.unlock(t, b.ravi, 1))
	if !refused || two.Approved != 2 {
		t.Errorf("two approved versions: %+v", two)
	}
	b.shown(t, 2)
	b.want(t, "refused", "approved approved* approved")
	must(t, b.decide(t, b.mia, 2, store.ChangesRequired))
	must(t, b.unlock(t, b.ravi, 1))
	b.shown(t, 1)
	b.want(t, "the later needs changes", "approved changes_required approved*")
	b.next(t, 3)
	must(t, b.decide(t, b.mia, 3, store.Approved))
	must(t, b.unlock(t, b.ravi, 2)) // it is not approved, so there is still one
	b.want(t, "one that isn't approved", "changes approved* changes_required approved")
}

// Only staff of the tenant unlock, in person: not the client, a viewer, support, a program or
// another tenant. A draft and an invented version get the same refusal. The database has one
// open version.
func TestOnlyStaffUnlock(t *testing.T) {
	t.Parallel()
	b, other := setupReview(t), setupReview(t)
	b.next(t, 2)
	b.draftOf(t, 3)
	storetest.GrantSupport(t, b.mia)
	storetest.GrantSupport(t, b.dana)
	token, _ := storetest.SupportAs(t, storetest.Agent(t), b.Acme, b.dana.ID())
	support, ok := storetest.Visit(t, token, b.Acme).Member()
	if !ok || support.Support == nil {
		t.Fatal("no support session")
	}
	key, _ := storetest.APIKey(t, b.Dana, b.Acme, store.ScopeDeliverWork)
	program, err := identify(t, key)
	must(t, err)
	for who, me := range map[string]store.Member{"the client": b.mia, "a viewer": b.leo, "support": support, "a program": program} {
		if err := b.unlock(t, me, 1); !errors.Is(err, store.ErrForbidden) {
			t.Errorf("%s unlocks: %v", who, err)
		}
	}
	wantError(t, b.unlock(t, other.dana, 1), store.ErrNotFound)
	wantError(t, b.unlock(t, b.Member(t, b.Dana, b.Globex), 1), store.ErrNotFound)
	draft, invented := b.unlock(t, b.ravi, 3), b.unlock(t, b.ravi, 4)
	if draft == nil || invented == nil || draft.Error() != invented.Error() {
		t.Errorf("a draft: %v, an invented version: %v", draft, invented)
	}
	do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.deliverable, true) })
	wantError(t, b.unlock(t, b.ravi, 1), store.ErrNotFound)
	do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, b.deliverable, false) })
	conn := storetest.App(t)
	if _, err := try(t, conn, &b.dana, "update versions set locked_at = null where number = 1 and deliverable_id = $1", b.deliverable); sqlState(err) != "23505" {
		t.Errorf("two open versions: %v", err)
	}
	if n, err := try(t, conn, &b.mia, "update versions set locked_at = null where deliverable_id = $1", b.deliverable); n != 0 {
		t.Errorf("the client unlocks %d versions, %v", n, err)
	}
	b.shown(t, 2)
	must(t, b.unlock(t, b.ravi, 1))
}

// Notes go where the open version is: an unlocked one takes them again, the other doesn't, and
// the next version goes on with those of the open one.
func TestUnlockedVersionTakesNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.mia, "", "On the first")
	b.nextDraft(t, 2)
	must(t, b.publishWith(t, b.ravi, 2, store.Publication{}))
	if _, err := b.start(t, b.mia, 2, aNote("", "On the second")); err != nil {
		t.Fatal(err)
	}
	do(t, b.ravi, func(tx *store.Tx) error { return tx.UnlockVersion(t.Context(), b.deliverable, 1) })
	_, err := b.start(t, b.mia, 2, aNote("", "Too late"))
	if locked, ok := errors.AsType[*store.VersionLockedError](err); !ok || locked.Newest != 1 {
		t.Errorf("on the version that is locked now: %v", err)
	}
	if _, err := b.start(t, b.mia, 1, aNote("", "Back here")); err != nil {
		t.Fatal(err)
	}
	var notes []store.Note
	notes, _ = storetest.Notes(t, b.mia, b.deliverable, 0)
	if len(notes) != 2 {
		t.Errorf("the page shows %d notes, want those of version 1", len(notes))
	}
	b.nextDraft(t, 3)
	var open []store.OpenNote
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 2 || open[0].Words != "On the first" || open[1].Words != "Back here" {
		t.Errorf("what goes on: %+v", open)
	}
	must(t, b.publishWith(t, b.ravi, 3, store.Publication{Notes: []store.CarriedNote{{ID: open[0].ID, Done: true}}}))
	notes, _ = storetest.Notes(t, b.mia, b.deliverable, 3)
	if len(notes) != 2 {
		t.Errorf("version 3 has %d notes", len(notes))
	}
}

// Deeds that meet an unlocking leave one open version, and one approved version at most.
func TestUnlockingInRaces(t *testing.T) {
	t.Parallel()
	for what, meet := range map[string]func(*testing.T, *reviewBundle) (one, two error){
		"a publication": func(t *testing.T, b *reviewBundle) (error, error) {
			b.draftOf(t, 3)
			return race(t, b.unlocks(1), racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, b.deliverable, 3, "") }})
		},
		"a publication that is first": func(t *testing.T, b *reviewBundle) (error, error) {
			b.draftOf(t, 3)
			return race(t, racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, b.deliverable, 3, "") }}, b.unlocks(1))
		},
		"an approval of the later": func(t *testing.T, b *reviewBundle) (error, error) {
			return race(t, b.unlocks(1), b.decides(t, b.mia, 2, store.Approved))
		},
		"an approval of the later that is first": func(t *testing.T, b *reviewBundle) (error, error) {
			one, two := race(t, b.decides(t, b.mia, 2, store.Approved), b.unlocks(1))
			if refused, ok := errors.AsType[*store.TwoApprovedError](two); !ok || refused.Approved != 2 {
				t.Errorf("it is told %v", two)
			}
			return one, two
		},
		"another unlocking": func(t *testing.T, b *reviewBundle) (error, error) { return race(t, b.unlocks(1), b.unlocks(2)) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := setupReview(t)
			must(t, b.decide(t, b.nora, 1, store.Approved))
			b.next(t, 2)
			one, two := meet(t, b)
			for _, err := range []error{one, two} {
				if err != nil && !errors.Is(err, store.ErrConflict) {
					t.Errorf("refused with %v", err)
				}
			}
			var open, approved int
			must(t, storetest.AdminPool().QueryRow(t.Context(), `
select count(*) filter (where shared_at is not null and locked_at is null), count(*) filter (where approved_at is not null)
from versions where deliverable_id = $1`, b.deliverable).Scan(&open, &approved))
			if open != 1 || approved > 1 {
				t.Errorf("%d open versions, %d approved", open, approved)
			}
		})
	}
}
