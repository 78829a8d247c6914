package jobs

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// overdue lets the mails about notes of a tenant be written now.
func overdue(t *testing.T, r *Runner, tenant uuid.UUID) {
	t.Helper()
	do(t, admin(t), `update river.river_job set scheduled_at = now(), state = 'available' where kind = 'notes_written' and state = 'scheduled' and args ->> 'tenant' = $1`, tenant.String())
	waitIdle(t, r, []uuid.UUID{tenant})
}

// What a client writes is mailed to the agency's people in the workspace, and an answer to
// those of the client who took part: one mail each for all notes of ten minutes. Nobody gets
// their own words, and no mail has what the team says among itself.
func TestNotesAreMailedToWhomTheyConcern(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	ravi, mia := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Mia, a.Acme)
	tina := "tina@" + a.Suffix + ".test"
	dana := a.Member(t, a.Dana, a.Acme)
	write := func(me store.Member, fn func(*store.Tx) error) {
		t.Helper()
		check(t, storetest.DB().Write(t.Context(), me, fn))
	}
	write(dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Tina", Email: tina, Party: store.PartyClient, Role: store.RoleMember})
		return err
	})
	version := published(t, dana, "Poster "+a.Suffix)
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, version)
	waitIdle(t, r, []uuid.UUID{dana.TenantID()})
	var note uuid.UUID
	start := func(me store.Member, v store.Visibility, words string) {
		write(me, func(tx *store.Tx) error {
			at, err := tx.StartNote(t.Context(), deliverable, 1, store.NewNote{Visibility: v, Words: words + " " + a.Suffix, FormKey: uuid.New()})
			note = at.ID
			return err
		})
	}
	reply := func(me store.Member, v store.Visibility, words string) {
		write(me, func(tx *store.Tx) error {
			_, err := tx.ReplyToNote(t.Context(), note, store.NewReply{Visibility: v, Words: words + " " + a.Suffix, FormKey: uuid.New()})
			return err
		})
	}
	start(ravi, store.TeamOnly, "cnryteamnote")
	if n := ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'notes_written' and args ->> 'tenant' = $1`, dana.TenantID().String()); n != 0 {
		t.Errorf("a team note queued %d jobs", n)
	}
	start(ravi, store.ClientVisible, "Nobody took part")
	start(mia, "", "Darker, please")
	reply(mia, "", "Much darker")
	reply(ravi, store.TeamOnly, "cnryaside")
	reply(ravi, store.ClientVisible, "In version 2")
	// Ravi leaves before the mails are written.
	write(dana, func(tx *store.Tx) error { return tx.RemovePerson(t.Context(), ravi.ID()) })
	if n := ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'notes_written' and args ->> 'tenant' = $1`, dana.TenantID().String()); n > 2 {
		t.Errorf("the notes queued %d jobs", n) // 2 if a window ended meanwhile
	}
	overdue(t, r, dana.TenantID())
	about := func(email string) (texts []string) {
		for _, m := range mailsTo(t, email) {
			if strings.Contains(m.Subject(), "new note") {
				texts = append(texts, allParts(m))
			}
		}
		return texts
	}
	for email, want := range map[string][]string{a.Dana: {"Darker, please", "Much darker", "Mia"}, a.Mia: {"In version 2", "Ravi"}, a.Ravi: nil, a.Leo: nil, tina: nil, a.Gus: nil} {
		got := strings.Join(about(email), "")
		if (got != "") != (want != nil) || len(about(email)) > 2 {
			t.Errorf("%s gets %d mails about notes", email, len(about(email)))
		}
		for _, words := range want {
			if !strings.Contains(got, words) {
				t.Errorf("the mail to %s lacks %q", email, words)
			}
		}
		if strings.Contains(got, "cnry") || (email == a.Mia && (strings.Contains(got, "Darker, please") || strings.Contains(got, "Nobody took part"))) {
			t.Errorf("the mail to %s has what isn't news for them", email)
		}
	}
	n := len(about(a.Dana))
	overdue(t, r, dana.TenantID())
	if len(about(a.Dana)) != n {
		t.Error("the mail was sent twice")
	}
}

// Notes of a deliverable in the bin are mailed to nobody.
func TestNotesOfBinnedWorkAreNotMailed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	version := published(t, dana, "Poster "+a.Suffix)
	deliverable := ask[uuid.UUID](t, admin(t), `select deliverable_id from versions where id = $1`, version)
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error {
		_, err := tx.StartNote(t.Context(), deliverable, 1, store.NewNote{Words: "Darker", FormKey: uuid.New()})
		return err
	}))
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, deliverable, true) }))
	overdue(t, r, dana.TenantID())
	for _, m := range mailsTo(t, a.Dana) {
		if strings.Contains(m.Subject(), "new note") {
			t.Errorf("Dana gets %q", m.Subject())
		}
	}
}
