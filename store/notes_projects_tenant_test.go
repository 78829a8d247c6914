package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// clientTalk is everything that a client reads about a project, its notes and its workspace,
// as one text.
func (b *noteBundle) clientTalk(t *testing.T, me store.Member) string {
	t.Helper()
	notes, comments := b.talks(t, me, b.project)
	var p store.Project
	must(t, read(t, me, store.GetProject(b.project, &p)))
	text, err := json.Marshal([]any{notes, comments, p})
	must(t, err)
	return string(text) + b.clientReads(t, me)
}

// What the team says among itself about a project changes nothing that a client reads: no
// word, count, number, order or time. In raw SQL neither the client nor anybody else finds it.
func TestTeamWordsOnProjectsReachNoClient(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	const secret = "cnrytalk"
	shown, err := b.talk(t, b.mia, "", "When is the fair?")
	must(t, err)
	before := b.clientTalk(t, b.mia)
	own, err := b.talk(t, b.ravi, store.TeamOnly, secret)
	must(t, err)
	must(t, reply(t, b.dana, own.ID, store.TeamOnly, secret))
	must(t, reply(t, b.dana, shown.ID, store.TeamOnly, secret+", @Ravi"))
	must(t, resolve(t, b.ravi, own.ID, true))
	if after := b.clientTalk(t, b.mia); after != before {
		t.Errorf("the client reads something else:\n%s\n%s", before, after)
	}
	if staff := b.clientTalk(t, b.dana); !strings.Contains(staff, secret) {
		t.Error("staff don't read their own words, so the test proves nothing")
	}
	leo, gus, odd := b.Member(t, b.Leo, b.Acme), b.Member(t, b.Gus, b.Globex), b.mia
	odd.Party = "superclient"
	conn := storetest.App(t)
	for who, me := range map[string]*store.Member{"Mia": &b.mia, "a viewer": &leo, "another client": &gus, "an unknown party": &odd, "nobody": nil} {
		for _, from := range []string{"threads where visibility = 'team'", "comments where body like '" + secret + "%'", "audit_events where detail ? 'team'"} {
			if n, err := try(t, conn, me, "select from "+from); n != 0 || err != nil {
				t.Errorf("%s finds %d rows of %s, %v", who, n, from, err)
			}
		}
	}
	if n, err := try(t, conn, &b.dana, "select from comments where body like '"+secret+"%'"); n != 3 || err != nil {
		t.Errorf("staff find %d of their own, %v", n, err)
	}
}

// A project that the client can't see, one of another tenant and one that doesn't exist take
// no note, with one and the same refusal, by deed and by raw SQL. So it is with notes on
// them, and nobody gives a note of a hidden project to the client.
func TestHiddenAndInventedProjectsAreRefusedAlike(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	hidden := b.hiddenProject(t)
	own, err := b.talkOn(t, b.dana, hidden, aNote(store.TeamOnly, "Ours"))
	must(t, err)
	gus := b.Member(t, b.Gus, b.Globex)
	shown, err := b.talk(t, b.mia, "", "Hello")
	must(t, err)
	for what, c := range map[string]struct {
		me      store.Member
		project uuid.UUID
	}{"hidden": {b.mia, hidden}, "invented": {b.mia, uuid.New()}, "another tenant's": {gus, b.project}} {
		_, err := b.talkOn(t, c.me, c.project, aNote("", "x"))
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a note on a project that is %s: %v", what, err)
		}
		if notes, comments := b.talks(t, c.me, c.project); len(notes)+len(comments) != 0 {
			t.Errorf("%s: %d notes, %d comments are read", what, len(notes), len(comments))
		}
	}
	for what, c := range map[string]struct {
		me   store.Member
		note uuid.UUID
	}{"hidden": {b.mia, own.ID}, "invented": {b.mia, uuid.New()}, "another tenant's": {gus, shown.ID}} {
		wantNotFound(t, reply(t, c.me, c.note, "", "x "+what))
		wantNotFound(t, resolve(t, c.me, c.note, true))
	}
	conn := storetest.App(t)
	insert := func(me store.Member, project uuid.UUID, shown bool, v string) string {
		_, err := try(t, conn, &me, fmt.Sprintf(`
insert into threads (tenant_id, id, project_id, project_shown, visibility, number) values ('%s', gen_random_uuid(), '%s', %t, '%s', 77)`, me.TenantID(), project, shown, v))
		return sqlState(err)
	}
	for _, shown := range []bool{true, false} {
		for _, v := range []string{"client", "team"} {
			invented := insert(b.mia, uuid.New(), shown, v)
			if got := insert(b.mia, hidden, shown, v); got != invented || got == "" {
				t.Errorf("on a hidden project (%t, %s): %q, invented: %q", shown, v, got, invented)
			}
			if got := insert(gus, b.project, shown, v); got != invented {
				t.Errorf("on another tenant's (%t, %s): %q, invented: %q", shown, v, got, invented)
			}
		}
	}
	if state := insert(b.dana, hidden, false, "client"); state == "" {
		t.Error("staff write for the client on a hidden project")
	}
	if n, err := try(t, conn, &b.dana, `update threads set visibility = 'client', number = 77 where id = '`+own.ID.String()+`'`); n != 0 || err == nil {
		t.Errorf("staff show a note on a hidden project: %d, %v", n, err)
	}
	if state := insert(b.mia, b.project, true, "client"); state != "" {
		t.Errorf("Mia on a project that she sees: %q", state)
	}
}

// Nobody writes notes on a project in a session as somebody, or in somebody else's name.
// Support without consent to see drafts reads none of the team's.
func TestProjectNotesAreWrittenInPerson(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	conn := storetest.App(t)
	sql := fmt.Sprintf(`insert into threads (tenant_id, id, project_id, project_shown, visibility, number) values ('%s', gen_random_uuid(), '%s', true, 'client', 77)`, b.mia.TenantID(), b.project)
	for _, me := range []store.Member{b.mia, b.ravi} {
		n, err := trySession(t, conn, me, sql)
		wantNoEffect(t, "in a session", sql, n, err)
		if n, err := try(t, conn, &me, sql); n != 1 || err != nil {
			t.Errorf("in person: %d, %v", n, err)
		}
	}
	other := strings.Replace(strings.Replace(sql, "number)", "number, created_by)", 1), "77)", "77, '"+b.dana.ID().String()+"')", 1)
	if _, err := try(t, conn, &b.mia, other); sqlState(err) != insufficientPrivilege {
		t.Errorf("Mia writes as Dana: %v", err)
	}
}

// Support without consent to see drafts reads no team note on a project.
func TestSupportReadsNoTeamNotesOnProjects(t *testing.T) {
	t.Parallel()
	b := setupDrafts(t)
	ravi := b.Member(t, b.Ravi, b.Acme)
	var d store.Deliverable
	must(t, read(t, ravi, store.GetDeliverable(b.shown, &d)))
	for v, me := range map[store.Visibility]store.Member{store.TeamOnly: ravi, store.ClientVisible: b.mia} {
		do(t, me, func(tx *store.Tx) error {
			return errOf(tx.StartProjectNote(t.Context(), d.ProjectID, aNote(v, "Words")))
		})
	}
	storetest.GrantSupport(t, b.mia)
	b.startAs(t, b.dana.ID())
	sam := b.inside(t)
	var notes []store.Note
	var open int
	must(t, read(t, sam, store.ListProjectNotes(d.ProjectID, &notes), store.CountProjectNotes(d.ProjectID, &open)))
	if len(notes) != 1 || open != 1 || notes[0].Visibility != store.ClientVisible {
		t.Errorf("support reads %+v, and counts %d", notes, open)
	}
}
