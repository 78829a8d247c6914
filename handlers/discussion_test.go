package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// talkDesk is a [noteDesk] with the project of its deliverable.
type talkDesk struct {
	*noteDesk
	project uuid.UUID
	talk    string // the page of its discussion
}

func newTalkDesk(t *testing.T) *talkDesk {
	t.Helper()
	d := &talkDesk{noteDesk: newNoteDesk(t)}
	var deliverable store.Deliverable
	read(t, d.staff, store.GetDeliverable(d.deliverable, &deliverable))
	d.project = deliverable.ProjectID
	d.talk = d.at("projects/%s/discussion", d.project)
	return d
}

// say sends the form of a note on the project and returns the note.
func (d *talkDesk) say(t *testing.T, by *browser, form url.Values) store.Note {
	t.Helper()
	want(t, "a note", by.post(t, d.talk, form), http.StatusSeeOther)
	var notes []store.Note
	read(t, d.staff, store.ListProjectNotes(d.project, &notes))
	return notes[0]
}

// Both sides write about a project, answer and settle in their own browsers, and each deed
// leads back to the note. The page of the project says how many notes are open.
func TestBothSidesDiscussAProject(t *testing.T) {
	t.Parallel()
	d := newTalkDesk(t)
	has(t, "the empty page", d.mia.get(t, d.talk), "No notes yet", `action="`+d.talk+`"`)
	got := d.mia.post(t, d.talk, url.Values{"words": {"When is the fair?"}})
	want(t, "Mia's note", got, http.StatusSeeOther)
	if to := got.location(); !strings.HasPrefix(to, d.talk+"?") || !strings.HasSuffix(to, "#note-1") || !strings.Contains(to, "did=note.written") {
		t.Errorf("it leads to %q", to)
	}
	has(t, "Ravi's page", d.ravi.get(t, d.talk), "When is the fair?", `id="note-1"`, "sees this", "Our team only")
	var notes []store.Note
	read(t, d.staff, store.ListProjectNotes(d.project, &notes))
	id := notes[0].ID
	want(t, "a reply", d.ravi.post(t, d.at("notes/%s/replies", id), url.Values{"words": {"In March"}, "visibility": {"client"}}), http.StatusSeeOther)
	has(t, "Mia's page", d.mia.get(t, d.talk), "In March")
	has(t, "the project", d.mia.get(t, d.at("projects/%s", d.project)), `href="`+d.talk+`"`, `<span class="count">1</span>`)
	want(t, "done", d.mia.post(t, d.at("notes/%s/resolve", id), nil), http.StatusSeeOther)
	hasNot(t, "the open notes", d.mia.get(t, d.talk), "In March")
	has(t, "the done notes", d.mia.get(t, d.talk+"?notes=done"), "In March", "Reopen")
	want(t, "reopened", d.ravi.post(t, d.at("notes/%s/reopen", id), nil), http.StatusSeeOther)
	var comments []store.Comment
	read(t, d.staff, store.ListProjectComments(d.project, &comments))
	edited := d.mia.post(t, d.at("comments/%s", comments[1].ID), url.Values{"words": {"When is the trade fair?"}})
	want(t, "an edit of one's own", edited, http.StatusSeeOther)
	if to := edited.location(); !strings.HasPrefix(to, d.talk+"?") {
		t.Errorf("the edit leads to %q", to)
	}
	has(t, "the edit", d.ravi.get(t, d.talk), "When is the trade fair?", "edited")
	own := d.say(t, d.ravi, url.Values{"words": {"Which hall?"}, "visibility": {"team"}})
	hasNot(t, "Mia's page", d.mia.get(t, d.talk), "Which hall?")
	read(t, d.staff, store.ListProjectComments(d.project, &comments))
	want(t, "shown", d.ravi.post(t, d.at("notes/%s/show", own.ID), url.Values{"comment": {comments[0].ID.String()}}), http.StatusSeeOther)
	has(t, "Mia's page", d.mia.get(t, d.talk), "Which hall?")
	trail := d.as(t, d.Dana).get(t, "/w/"+d.Acme+"/activity?kind=note")
	has(t, "the trail", trail, "wrote a note on", "replied to a note on", "showed a note to the client on", "Spring "+d.Suffix)
	clients := d.mia.get(t, "/w/"+d.Acme+"/activity?kind=note")
	has(t, "the client's trail", clients, "wrote a note on", "Spring "+d.Suffix)
	hasNot(t, "the client's trail", clients, "replied to a note on", "showed a note")
}

// What the team says about a project leaves every page of the client as it was, byte for
// byte, and its headers.
func TestTeamNotesOnProjectsChangeNothingForTheClient(t *testing.T) {
	t.Parallel()
	d := newTalkDesk(t)
	shown := d.say(t, d.mia, url.Values{"words": {"When is the fair?"}})
	pages := []string{d.talk, d.talk + "?notes=done", d.at("projects/%s", d.project), d.page, "/w/" + d.Acme + "/", "/w/" + d.Acme + "/projects", "/w/" + d.Acme + "/activity", "/switcher"}
	look := func() (all []string) {
		for _, path := range pages {
			got := d.mia.get(t, path)
			want(t, path, got, http.StatusOK)
			all = append(all, ago.ReplaceAllString(got.withoutRequestID(), "")+got.header.Get("ETag")+got.header.Get("Last-Modified"))
		}
		return all
	}
	look() // the first visits are recorded
	before := look()
	own := d.say(t, d.ravi, url.Values{"words": {"cnryteam"}, "visibility": {"team"}})
	want(t, "an aside", d.ravi.post(t, d.at("notes/%s/replies", shown.ID), url.Values{"words": {"cnryteam"}, "visibility": {"team"}}), http.StatusSeeOther)
	want(t, "a reply", d.ravi.post(t, d.at("notes/%s/replies", own.ID), url.Values{"words": {"cnryteam"}, "visibility": {"team"}}), http.StatusSeeOther)
	want(t, "done", d.ravi.post(t, d.at("notes/%s/resolve", own.ID), nil), http.StatusSeeOther)
	for i, after := range look() {
		if after != before[i] {
			t.Errorf("%s changed:\n%s\n%s", pages[i], before[i], after)
		}
	}
	has(t, "staff's page", d.ravi.get(t, d.talk+"?notes=done"), "cnryteam", `id="note-t1"`)
}

// The discussion of a project that the client can't see, another tenant's and an invented one
// get one and the same answer. So do notes in them.
func TestHiddenDiscussionsAreRefusedAlike(t *testing.T) {
	t.Parallel()
	d := newTalkDesk(t)
	var hidden uuid.UUID
	write(t, d.staff, func(tx *store.Tx) (err error) {
		hidden, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: "Not yet"})
		return err
	})
	talk := d.at("projects/%s/discussion", hidden)
	has(t, "Ravi's page", d.ravi.get(t, talk), "Our team only.")
	want(t, "a team note", d.ravi.post(t, talk, url.Values{"words": {"Ours"}, "visibility": {"team"}}), http.StatusSeeOther)
	refused := d.ravi.post(t, talk, url.Values{"words": {"kept words"}, "visibility": {"client"}})
	want(t, "a note for the client", refused, http.StatusUnprocessableEntity)
	has(t, "a note for the client", refused, "kept words")
	var notes []store.Note
	read(t, d.staff, store.ListProjectNotes(hidden, &notes))
	form := url.Values{"words": {"x"}}
	for what, path := range map[string][2]string{
		"the discussion": {talk, d.at("projects/%s/discussion", uuid.New())},
		"a reply":        {d.at("notes/%s/replies", notes[0].ID), d.at("notes/%s/replies", uuid.New())},
		"done":           {d.at("notes/%s/resolve", notes[0].ID), d.at("notes/%s/resolve", uuid.New())},
	} {
		hidden, invented := d.mia.post(t, path[0], form), d.mia.post(t, path[1], form)
		if hidden.status != http.StatusNotFound || hidden.withoutRequestID() != invented.withoutRequestID() {
			t.Errorf("%s: %d, and another answer than for an invented one", what, hidden.status)
		}
	}
	gus, globex := d.as(t, d.Gus), "/w/"+d.Globex+"/projects/"
	unseen, invented := d.mia.get(t, talk), d.mia.get(t, d.at("projects/%s/discussion", uuid.New()))
	foreign, unknown := gus.get(t, globex+d.project.String()+"/discussion"), gus.get(t, globex+uuid.NewString()+"/discussion")
	for what, got := range map[string][2]answer{"hidden": {unseen, invented}, "another tenant's": {foreign, unknown}} {
		if got[0].status != http.StatusNotFound || got[0].withoutRequestID() != got[1].withoutRequestID() {
			t.Errorf("%s: %d, and another page than for an invented one", what, got[0].status)
		}
	}
}

// Viewers read the discussion and write nothing; who views as a client writes nothing either,
// and neither does support that may make changes. Their pages have no form.
func TestOnlyEditorsInPersonDiscuss(t *testing.T) {
	t.Parallel()
	d := newTalkDesk(t)
	note := d.say(t, d.mia, url.Values{"words": {"When is the fair?"}})
	viewing := d.as(t, d.Dana)
	want(t, "view as", viewing.post(t, "/w/"+d.Acme+"/view-as", url.Values{"person": {d.Member(t, d.Mia, d.Acme).ID().String()}}), http.StatusSeeOther)
	for what, by := range map[string]*browser{"a viewer": d.as(t, d.Leo), "who views as Mia": viewing} {
		got := by.get(t, d.talk)
		has(t, what, got, "When is the fair?")
		hasNot(t, what, got, `id="write"`, "/replies", "/resolve")
		want(t, what+": a note", by.post(t, d.talk, url.Values{"words": {"x"}}), http.StatusForbidden)
		want(t, what+": a reply", by.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {"x"}}), http.StatusForbidden)
	}
	has(t, "Mia's own page", d.mia.get(t, d.talk), `id="write"`)
}

// A support session that may make changes has no form in a discussion, and can't send one.
func TestSupportDiscussesNothing(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	project := storetest.SharedProject(t, d.Member(t, d.Ravi, d.Acme), "Spring")
	d.in(t, d.Dana)
	want(t, "the step", d.prove(t).sam.post(t, "/support/write", sure), http.StatusSeeOther)
	page := d.base + "/projects/" + project.String() + "/discussion"
	got := d.sam.get(t, page)
	has(t, "the page", got, `id="notes"`)
	hasNot(t, "the page", got, `id="write"`)
	want(t, "a note", d.sam.post(t, page, url.Values{"words": {"x"}, "visibility": {"client"}}), http.StatusForbidden)
}

// A mistake keeps the words and says what is wrong, and nothing is saved. An archived project
// has no form, and refuses one with words.
func TestRefusedNotesOnProjectsKeepTheirWords(t *testing.T) {
	t.Parallel()
	d := newTalkDesk(t)
	for what, c := range map[string]struct{ words, says string }{
		"nothing": {" ", "Write something first."}, "too much": {strings.Repeat("kept ", 20_000), "At most 10000 fit."},
	} {
		got := d.mia.post(t, d.talk, url.Values{"words": {c.words}})
		want(t, what, got, http.StatusUnprocessableEntity)
		has(t, what, got, c.says, strings.TrimSpace(c.words))
	}
	unchosen := d.ravi.post(t, d.talk, url.Values{"words": {"kept"}})
	want(t, "who sees it", unchosen, http.StatusUnprocessableEntity)
	has(t, "who sees it", unchosen, "Choose who sees it.", ">kept</textarea>")
	note := d.say(t, d.mia, url.Values{"words": {"When is the fair?"}})
	reply := d.ravi.post(t, d.at("notes/%s/replies", note.ID), url.Values{"words": {""}, "visibility": {"team"}})
	want(t, "an empty reply", reply, http.StatusUnprocessableEntity)
	has(t, "an empty reply", reply, `role="alert"`, "When is the fair?", "Whole project")
	write(t, d.staff, func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, d.project, true) })
	got := d.mia.post(t, d.talk, url.Values{"words": {"kept words"}})
	want(t, "archived", got, http.StatusConflict)
	has(t, "archived", got, "This is archived", "kept words")
	page := d.mia.get(t, d.talk)
	has(t, "the archived page", page, "When is the fair?", "Nobody writes here until it is unarchived.")
	hasNot(t, "the archived page", page, `id="write"`, "/replies")
}
