package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

func (b *reviewBundle) agree(t *testing.T, me store.Member, rounds int) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error {
		return tx.UpdateDeliverable(t.Context(), b.deliverable, store.DeliverableInput{Title: "Poster", Rounds: &rounds})
	})
}

func (b *reviewBundle) draftOf(t *testing.T, number int) {
	t.Helper()
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
	storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "next.txt")
}

// A version beyond the agreed rounds is published only if that is confirmed, and the trail
// says so. Rounds count publications: unlocking an earlier version is none.
func TestRoundsBeyondThoseAgreedAreConfirmed(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	must(t, b.agree(t, b.ravi, 2))
	var d store.Deliverable
	must(t, read(t, b.mia, store.GetDeliverable(b.deliverable, &d)))
	if d.Rounds == nil || *d.Rounds != 2 {
		t.Errorf("the client reads %v rounds", d.Rounds)
	}
	b.next(t, 2)
	do(t, b.ravi, func(tx *store.Tx) error { return tx.UnlockVersion(t.Context(), b.deliverable, 1) })
	b.draftOf(t, 3)
	publish := func(in store.Publication) error {
		return write(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.PublishWith(t.Context(), b.deliverable, 3, in)) })
	}
	wantInvalid(t, "by a program or a form without the tick", b.publish(t, 3), "beyond_rounds")
	wantInvalid(t, "not confirmed", publish(store.Publication{}), "beyond_rounds")
	var versions []store.Version
	must(t, read(t, b.mia, store.ListVersions(b.deliverable, &versions)))
	if len(versions) != 2 {
		t.Errorf("after the refusal the client sees %d versions", len(versions))
	}
	must(t, publish(store.Publication{BeyondRounds: true}))
	var events int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `
select count(*) from audit_events where target_id = $1 and verb = 'version.beyond_rounds' and detail ->> 'round' = '3' and detail ->> 'agreed' = '2'`, b.deliverable).Scan(&events))
	if events != 1 {
		t.Errorf("%d events", events)
	}
	must(t, b.agree(t, b.ravi, 4))
	b.next(t, 4)
}

// Only staff agree on rounds, from 1 to 99.
func TestOnlyStaffAgreeOnRounds(t *testing.T) {
	t.Parallel()
	b := setupReview(t)
	conn := storetest.App(t)
	for who, me := range map[string]store.Member{"the client": b.mia, "another client": b.Member(t, b.Gus, b.Globex)} {
		if err := b.agree(t, me, 9); err == nil {
			t.Errorf("%s agrees", who)
		}
		if n, err := try(t, conn, &me, "update deliverables set rounds = 9 where id = $1", b.deliverable); n != 0 {
			t.Errorf("%s changes %d rows, %v", who, n, err)
		}
	}
	for _, n := range []int{0, -1, 100} {
		if err := b.agree(t, b.ravi, n); err == nil {
			t.Errorf("%d rounds are agreed", n)
		}
	}
	must(t, b.agree(t, b.ravi, 99))
}
