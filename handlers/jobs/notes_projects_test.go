package jobs

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// What a client writes about a project is mailed to the agency's people, how a note of the
// agency begins to everybody of the client, and answers to whoever took part. No mail has
// what the team says among itself. Whom a note names gets a mail at once.
func TestNotesOnProjectsAreMailed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana, ravi, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Mia, a.Acme)
	project := storetest.SharedProject(t, dana, "Spring "+a.Suffix)
	var note uuid.UUID
	say := func(me store.Member, v store.Visibility, words string) {
		t.Helper()
		check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			at, err := tx.StartProjectNote(t.Context(), project, store.NewNote{Visibility: v, Words: words + " " + a.Suffix, FormKey: uuid.New()})
			note = at.ID
			return err
		}))
	}
	reply := func(me store.Member, v store.Visibility, words string) {
		t.Helper()
		check(t, storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error {
			_, err := tx.ReplyToNote(t.Context(), note, store.NewReply{Visibility: v, Words: words + " " + a.Suffix, FormKey: uuid.New()})
			return err
		}))
	}
	say(ravi, store.TeamOnly, "cnryteamnote, @Dana")
	if n := ask[int](t, admin(t), `select count(*)::int from river.river_job where kind = 'notes_written' and args ->> 'tenant' = $1`, dana.TenantID().String()); n != 0 {
		t.Errorf("a team note queued %d jobs", n)
	}
	say(mia, "", "When is the fair?")
	reply(ravi, store.TeamOnly, "cnryaside")
	reply(ravi, store.ClientVisible, "In March")
	say(dana, store.ClientVisible, "Who orders labels? @Leo")
	overdue(t, r, dana.TenantID())
	waitIdle(t, r, []uuid.UUID{dana.TenantID()})
	url := "/projects/" + project.String() + "/discussion#note-"
	about := func(email, subject string) string {
		var texts []string
		for _, m := range mailsTo(t, email) {
			if strings.Contains(m.Subject(), subject) {
				texts = append(texts, allParts(m))
			}
		}
		return strings.Join(texts, "")
	}
	for email, want := range map[string][]string{a.Dana: {"When is the fair?", url + "1"}, a.Ravi: {"When is the fair?"}, a.Mia: {"In March", "Who orders labels?", url + "2", "you can see this project"}, a.Leo: nil, a.Gus: nil} {
		got := about(email, "new note")
		if (got != "") != (want != nil) {
			t.Errorf("%s is told %q", email, got)
		}
		for _, words := range want {
			if !strings.Contains(got, words) {
				t.Errorf("the mail to %s lacks %q:\n%s", email, words, got)
			}
		}
		if strings.Contains(got, "cnry") || strings.Contains(about(email, ""), "cnryaside") || email != a.Dana && strings.Contains(about(email, ""), "cnry") {
			t.Errorf("%s gets what the team says", email)
		}
	}
	for email, want := range map[string][]string{a.Dana: {"cnryteamnote", url + "t1"}, a.Leo: {"Who orders labels?", url + "2", "Spring " + a.Suffix}} {
		got := about(email, "mentioned you")
		for _, words := range want {
			if !strings.Contains(got, words) {
				t.Errorf("the mention for %s lacks %q:\n%s", email, words, got)
			}
		}
	}
}

// Notes on a project in the bin are mailed to nobody.
func TestNotesOnBinnedProjectsAreNotMailed(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	dana, mia := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme)
	project := storetest.SharedProject(t, dana, "Spring "+a.Suffix)
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error {
		_, err := tx.StartProjectNote(t.Context(), project, store.NewNote{Words: "When is the fair?", FormKey: uuid.New()})
		return err
	}))
	check(t, storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, project, true) }))
	overdue(t, r, dana.TenantID())
	for _, m := range mailsTo(t, a.Dana) {
		if strings.Contains(m.Subject(), "new note") {
			t.Errorf("Dana gets %q", m.Subject())
		}
	}
}
