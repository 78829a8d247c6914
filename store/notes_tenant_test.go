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

// clientReads is everything that a client reads about a deliverable and its workspace, as
// one text.
func (b *noteBundle) clientReads(t *testing.T, me store.Member) string {
	t.Helper()
	var all struct {
		Notes        []store.Note
		Comments     []store.ExportedComment
		Listed       []store.ListedNote
		Counts       []store.NoteCount
		Deliverable  store.Deliverable
		Versions     []store.Version
		Files        []store.File
		Deliverables []store.DeliverableLine
		Shown        []store.DeliverableLine
		New          []store.DeliverableLine
		Projects     []store.Project
		Trail        []store.Activity
		Workspaces   []store.Workspace
		Usage        []store.Usage
		People       []store.Membership
		Bin          []store.BinItem
	}
	at := store.NotesAt{Deliverable: b.deliverable, Version: 1, AllFiles: true}
	must(t, read(t, me, store.ExportNotes(b.deliverable, 0, &all.Notes), store.ExportComments(b.deliverable, 0, &all.Comments),
		store.ListNotes(at, &all.Listed), store.CountNotes(at, &all.Counts),
		store.GetDeliverable(b.deliverable, &all.Deliverable), store.ListVersions(b.deliverable, &all.Versions),
		store.ListFilesOf(b.deliverable, &all.Files), store.ListDeliverables(b.project, store.Current, &all.Deliverables),
		store.ListShown("", 100, &all.Shown), store.ListNew(100, &all.New), store.ListProjects(store.Current, &all.Projects),
		store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &all.Trail),
		store.SwitcherWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 50}}, &all.Workspaces),
		store.ListUsage(&all.Usage), store.ListPeople(&all.People), store.ListBin(&all.Bin)))
	text, err := json.Marshal(all)
	must(t, err)
	return string(text)
}

// What the team says among itself changes nothing that a client reads: no word, count,
// number, order or time. In raw SQL the client finds none of its rows either, nor do other
// tenants and unknown parties.
func TestTeamWordsReachNoClient(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	const secret = "cnryaside"
	shown := b.note(t, b.mia, "", "Darker")
	before := b.clientReads(t, b.mia)
	n := 5000
	in := aNote(store.TeamOnly, secret)
	in.Anchor = store.Anchor{FileID: &b.picture, X: &n, Y: &n}
	own, err := b.start(t, b.ravi, 1, in)
	must(t, err)
	must(t, reply(t, b.dana, own.ID, store.TeamOnly, secret))
	must(t, reply(t, b.ravi, shown.ID, store.TeamOnly, secret)) // an aside
	_, comments := b.notes(t, b.ravi)
	must(t, reword(t, b.ravi, comments[1].ID, secret+" edited"))
	must(t, resolve(t, b.ravi, own.ID, true))
	must(t, resolve(t, b.ravi, own.ID, false))
	if after := b.clientReads(t, b.mia); after != before {
		t.Errorf("the client reads something else:\n%s\n%s", before, after)
	}
	if staff := b.clientReads(t, b.dana); !strings.Contains(staff, secret) {
		t.Error("staff don't read their own words, so the test proves nothing")
	}
	leo, gus, odd := b.Member(t, b.Leo, b.Acme), b.Member(t, b.Gus, b.Globex), b.mia
	odd.Party = "superclient"
	conn := storetest.App(t)
	for who, me := range map[string]*store.Member{"Mia": &b.mia, "a viewer": &leo, "another client": &gus, "an unknown party": &odd, "nobody": nil} {
		for _, from := range []string{
			"threads where visibility = 'team'", "comments where visibility = 'team'", "comments where body like '" + secret + "%'",
			"audit_events where detail ? 'team'", "audit_events where detail ->> 'note' = '" + own.ID.String() + "'",
		} {
			if n, err := try(t, conn, me, "select from "+from); n != 0 || err != nil {
				t.Errorf("%s finds %d rows of %s, %v", who, n, from, err)
			}
		}
		for _, sql := range []string{
			"update threads set resolved_at = null, resolved_by = null where id = '" + own.ID.String() + "'", "update comments set visibility = 'client' where visibility = 'team'",
			"delete from threads", "delete from comments",
		} {
			n, err := try(t, conn, me, sql)
			wantNoEffect(t, who, sql, n, err)
		}
	}
	if n, err := try(t, conn, &b.dana, "select from comments where body like '"+secret+"%'"); n != 3 || err != nil {
		t.Errorf("staff find %d of their own, %v", n, err)
	}
}

// A note that the client can't see, one of another tenant and one that doesn't exist are
// refused alike, by each deed and by the database.
func TestHiddenAndInventedNotesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	own := b.note(t, b.ravi, store.TeamOnly, "Ours")
	_, comments := b.notes(t, b.ravi)
	shown := b.note(t, b.mia, "", "Darker")
	must(t, reply(t, b.ravi, shown.ID, store.TeamOnly, "An aside"))
	gus := b.Member(t, b.Gus, b.Globex)
	for what, id := range map[string]uuid.UUID{"hidden": own.ID, "invented": uuid.New()} {
		for deed, err := range map[string]error{
			"reply": reply(t, b.mia, id, "", "x"), "done": resolve(t, b.mia, id, true), "reopen": resolve(t, b.mia, id, false), "show": show(t, b.mia, id, comments[0].ID),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of a note that is %s: %v", deed, what, err)
			}
		}
	}
	wantError(t, reply(t, gus, shown.ID, "", "x"), store.ErrNotFound)
	wantError(t, resolve(t, gus, shown.ID, true), store.ErrNotFound)
	for what, id := range map[string]uuid.UUID{"hidden": comments[0].ID, "invented": uuid.New()} {
		wantError(t, reword(t, b.mia, id, "x "+what), store.ErrNotFound)
	}
	conn := storetest.App(t)
	insert := func(me store.Member, note uuid.UUID, of, visibility string) string {
		_, err := try(t, conn, &me, fmt.Sprintf(`
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key)
values ('%s', gen_random_uuid(), '%s', '%s', '%s', 'x', gen_random_uuid())`, me.TenantID(), note, of, visibility))
		return sqlState(err)
	}
	for _, of := range []string{"client", "team"} {
		hidden, invented := insert(b.mia, own.ID, of, of), insert(b.mia, uuid.New(), of, of)
		if hidden != invented || hidden == "" {
			t.Errorf("a comment in a %s note: hidden %q, invented %q", of, hidden, invented)
		}
		if other := insert(gus, shown.ID, of, of); other != invented {
			t.Errorf("a comment in a %s note of another tenant: %q, invented %q", of, other, invented)
		}
	}
	if state := insert(b.mia, shown.ID, "client", "team"); state != insufficientPrivilege {
		t.Errorf("a client writes an aside: %q", state)
	}
	if state := insert(b.mia, shown.ID, "client", "client"); state != "" {
		t.Errorf("a client writes what both see: %q", state)
	}
}

// Nobody writes notes in somebody else's name, nor in a session as somebody: not support,
// not staff who view as a client. Clients change no words of others.
func TestNotesAreWrittenInPerson(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	shown := b.note(t, b.mia, "", "Darker")
	must(t, reply(t, b.ravi, shown.ID, store.ClientVisible, "How dark?"))
	conn := storetest.App(t)
	thread := fmt.Sprintf(`insert into threads (tenant_id, id, version_id, visibility, number) values ('%s', gen_random_uuid(), '%s', 'client', 77)`, b.mia.TenantID(), b.draft)
	comment := fmt.Sprintf(`
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key)
values ('%s', gen_random_uuid(), '%s', 'client', 'client', 'x', gen_random_uuid())`, b.mia.TenantID(), shown.ID)
	done := `update threads set resolved_at = now(), resolved_by = '` + b.mia.ID().String() + `'`
	for what, sql := range map[string]string{"a note": thread, "a reply": comment, "done": done, "an edit": `update comments set body = 'x'`} {
		for _, me := range []store.Member{b.mia, b.ravi} {
			n, err := trySession(t, conn, me, sql)
			wantNoEffect(t, what+" in a session", sql, n, err)
			if n, err := try(t, conn, &me, sql); n == 0 || err != nil {
				t.Errorf("%s in person: %d rows, %v", what, n, err)
			}
		}
	}
	if n, err := try(t, conn, &b.mia, `update comments set body = 'x' where created_by <> '`+b.mia.ID().String()+`'`); n != 0 || err != nil {
		t.Errorf("Mia changed %d comments of others, %v", n, err)
	}
	if _, err := try(t, conn, &b.mia, strings.Replace(strings.Replace(thread, "number)", "number, created_by)", 1), "77)", "77, '"+b.dana.ID().String()+"')", 1)); sqlState(err) != insufficientPrivilege {
		t.Errorf("Mia writes as Dana: %v", err)
	}
	for _, role := range store.Roles() {
		for _, party := range []store.Party{store.PartyAgency, store.PartyClient} {
			if may := store.May(store.WriteNotes, party, role); may != (role != store.RoleViewer) {
				t.Errorf("%s %s may write notes: %v", party, role, may)
			}
		}
	}
	for _, scope := range store.KeyScopes {
		key := b.mia
		key.Key = &store.Key{Scopes: []store.KeyScope{scope}}
		if key.May(store.WriteNotes) {
			t.Errorf("a key with %s writes notes", scope)
		}
	}
}

// Staff neither change nor hide what others said to both sides, and clients mark notes as done
// in their own name, in raw SQL either. Staff show a colleague's words, as they are.
func TestWordsOfOthersStay(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	shown := b.note(t, b.mia, "", "Darker")
	must(t, reply(t, b.ravi, shown.ID, store.TeamOnly, "Ours"))
	conn := storetest.App(t)
	for _, me := range []store.Member{b.dana, b.ravi} {
		for _, sql := range []string{`update comments set body = 'x' where visibility = 'client'`, `update comments set visibility = 'team' where visibility = 'client'`} {
			if n, err := try(t, conn, &me, sql); n != 0 || err != nil {
				t.Errorf("%s, %s: %d rows, %v", me.Name, sql, n, err)
			}
		}
	}
	if n, err := try(t, conn, &b.dana, `update comments set body = 'x' where visibility = 'team'`); n != 0 || sqlState(err) != insufficientPrivilege {
		t.Errorf("a colleague's words: %d, %v", n, err)
	}
	for what, c := range map[string]struct {
		me  store.Member
		sql string
	}{
		"the author": {b.ravi, `update comments set body = 'x' where visibility = 'team'`}, "Mia": {b.mia, `update comments set body = 'x'`},
		"who shows": {b.dana, `update comments set visibility = 'client' where visibility = 'team'`},
		"Mia, done": {b.mia, `update threads set resolved_at = now(), resolved_by = '` + b.mia.ID().String() + `'`},
	} {
		if n, err := try(t, conn, &c.me, c.sql); n != 1 || err != nil {
			t.Errorf("%s: %d rows, %v", what, n, err)
		}
	}
	if n, err := try(t, conn, &b.mia, `update threads set resolved_at = now(), resolved_by = '`+b.dana.ID().String()+`'`); n != 0 || sqlState(err) != insufficientPrivilege {
		t.Errorf("Mia marks a note as done as Dana: %d, %v", n, err)
	}
}

// The id of what is shown later doesn't tell when it was written.
func TestIDsOfNotesTellNoTime(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.ravi, store.TeamOnly, "Ours")
	shown := b.note(t, b.mia, "", "Darker")
	must(t, reply(t, b.mia, shown.ID, "", "Please"))
	notes, comments := b.notes(t, b.ravi)
	for _, n := range notes {
		if n.ID.Version() != 4 {
			t.Errorf("a note has the id %s", n.ID)
		}
	}
	for _, c := range comments {
		if c.ID.Version() != 4 {
			t.Errorf("a comment has the id %s", c.ID)
		}
	}
	if len(notes) != 2 || len(comments) != 3 || comments[0].Words != "Ours" || comments[2].Words != "Please" {
		t.Errorf("they are not in the order of writing: %+v", comments)
	}
}

// Support without the agency's consent to see drafts reads no team note, no aside and no
// event of them, as staff or as a client, in raw SQL either.
func TestSupportReadsNoTeamNotesWithoutConsent(t *testing.T) {
	t.Parallel()
	b := setupDrafts(t)
	ravi, mia := b.Member(t, b.Ravi, b.Acme), b.mia
	start := func(me store.Member, v store.Visibility, words string) (at store.PlacedNote) {
		do(t, me, func(tx *store.Tx) (err error) {
			at, err = tx.StartNote(t.Context(), b.shown, 1, aNote(v, words))
			return err
		})
		return at
	}
	shown := start(mia, "", "Darker")
	start(ravi, store.TeamOnly, "Secret note")
	must(t, reply(t, ravi, shown.ID, store.TeamOnly, "Secret aside"))
	storetest.GrantSupport(t, mia)
	b.startAs(t, b.dana.ID())
	sam := b.inside(t)
	var notes []store.Note
	var comments []store.Comment
	var trail []store.Activity
	notes, comments = storetest.Notes(t, sam, b.shown, 1)
	must(t, read(t, sam, store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &trail)))
	if len(notes) != 1 || len(comments) != 1 || comments[0].Words != "Darker" {
		t.Errorf("support reads %+v, %+v", notes, comments)
	}
	events := 0
	for _, e := range trail {
		if strings.HasPrefix(e.Verb, "note.") {
			events++
		}
		if _, team := e.Detail["team"]; team {
			t.Errorf("support reads %s of the team", e.Verb)
		}
	}
	if events != 1 {
		t.Errorf("support reads %d events of notes, want the client's", events)
	}
	for _, from := range []string{"threads where visibility = 'team'", "comments where visibility = 'team'", "audit_events where detail ? 'team'"} {
		if n := b.rows(t, sam, "hidden", from); n != 0 {
			t.Errorf("without consent support finds %d rows of %s", n, from)
		}
		if n := b.rows(t, sam, "", from); n == 0 {
			t.Errorf("with consent support finds no rows of %s, so the test proves nothing", from)
		}
	}
}
