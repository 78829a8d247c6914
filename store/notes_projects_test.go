package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// talk writes a note on the project.
func (b *noteBundle) talk(t *testing.T, me store.Member, v store.Visibility, words string) (store.PlacedNote, error) {
	t.Helper()
	return b.talkOn(t, me, b.project, aNote(v, words))
}

func (b *noteBundle) talkOn(t *testing.T, me store.Member, project uuid.UUID, in store.NewNote) (at store.PlacedNote, err error) {
	t.Helper()
	err = write(t, me, func(tx *store.Tx) (err error) {
		at, err = tx.StartProjectNote(t.Context(), project, in)
		return err
	})
	return at, err
}

// talks are the notes and comments that a member reads on a project, oldest first.
func (b *noteBundle) talks(t *testing.T, me store.Member, project uuid.UUID) (notes []store.Note, comments []store.Comment) {
	t.Helper()
	var open int
	must(t, read(t, me, store.ListProjectNotes(project, &notes), store.ListProjectComments(project, &comments), store.CountProjectNotes(project, &open)))
	slices.Reverse(notes)
	slices.Reverse(comments)
	unresolved := 0
	for _, n := range notes {
		if n.ResolvedAt == nil {
			unresolved++
		}
	}
	if open != unresolved {
		t.Errorf("%s counts %d open notes of %d", me.Name, open, unresolved)
	}
	return notes, comments
}

func (b *noteBundle) hiddenProject(t *testing.T) (id uuid.UUID) {
	t.Helper()
	do(t, b.dana, func(tx *store.Tx) (err error) {
		id, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: "Not yet"})
		return err
	})
	return id
}

// Both sides write notes on a project, answer, edit, settle and show them, as on a version.
// They are numbered by project, and the team's apart.
func TestProjectsTakeNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.mia, "", "On the version")
	first, err := b.talk(t, b.mia, "", "When is the fair?")
	must(t, err)
	own, err := b.talk(t, b.ravi, store.TeamOnly, "They never pay")
	must(t, err)
	second, err := b.talk(t, b.dana, store.ClientVisible, "Who orders labels?")
	must(t, err)
	if first.Number != 1 || own.Number != 1 || second.Number != 2 || first.ProjectID != b.project || first.DeliverableID != uuid.Nil {
		t.Errorf("%+v, %+v, %+v", first, own, second)
	}
	must(t, reply(t, b.ravi, first.ID, store.ClientVisible, "In March, @Mia"))
	must(t, reply(t, b.ravi, first.ID, store.TeamOnly, "An aside"))
	must(t, resolve(t, b.mia, first.ID, true))
	notes, comments := b.talks(t, b.mia, b.project)
	if len(notes) != 2 || len(comments) != 3 || notes[0].ResolverName != b.mia.Name || comments[2].Words != "In March, @Mia" || comments[2].Named != b.mia.Name {
		t.Errorf("Mia reads %+v, %+v", notes, comments)
	}
	must(t, reword(t, b.mia, comments[0].ID, "When is the trade fair?"))
	wantError(t, reword(t, b.dana, comments[0].ID, "x"), store.ErrForbidden)
	if notes, comments = b.talks(t, b.dana, b.project); len(notes) != 3 || len(comments) != 5 || comments[0].Words != "When is the trade fair?" || comments[0].EditedAt == nil {
		t.Errorf("Dana reads %d notes, %+v", len(notes), comments)
	}
	must(t, show(t, b.ravi, own.ID, comments[1].ID))
	if notes, _ = b.talks(t, b.mia, b.project); len(notes) != 3 || notes[1].Number != 3 {
		t.Errorf("after one was shown: %+v", notes)
	}
	if notes, _ := b.notes(t, b.dana); len(notes) != 1 {
		t.Errorf("the version has %d notes", len(notes))
	}
	if n := b.events(t, b.dana, "note.written"); n != 4 {
		t.Errorf("%d events of 4 notes", n)
	}
}

// A button pressed twice writes one note, and notes at once get different numbers.
func TestProjectNotesAtOnce(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	in := aNote("", "Once")
	start := func(me store.Member, in store.NewNote) racer {
		return racer{me, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.StartProjectNote(ctx, b.project, in)
			return err
		}}
	}
	if one, other := race(t, start(b.mia, in), start(b.mia, in)); one != nil || other != nil {
		t.Error(one, other)
	}
	if one, other := race(t, start(b.mia, aNote("", "a")), start(b.ravi, aNote(store.ClientVisible, "b"))); one != nil || other != nil {
		t.Error(one, other)
	}
	if notes, _ := b.talks(t, b.mia, b.project); len(notes) != 3 || notes[1].Number+notes[2].Number != 5 {
		t.Errorf("%+v", notes)
	}
}

// On a project that the client doesn't see, the team writes for itself only. A project in
// which the client reads a note isn't hidden again, neither by whoever does it at the moment
// of the first note, nor by raw SQL.
func TestHiddenProjectsTakeTeamNotesOnly(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	hidden := b.hiddenProject(t)
	_, err := b.talkOn(t, b.dana, hidden, aNote(store.ClientVisible, "x"))
	wantInvalid(t, "for the client", err, "visibility")
	own, err := b.talkOn(t, b.dana, hidden, aNote(store.TeamOnly, "Before we show it"))
	must(t, err)
	wantInvalid(t, "a reply for the client", reply(t, b.ravi, own.ID, store.ClientVisible, "x"), "visibility")
	_, comments := b.talks(t, b.dana, hidden)
	wantInvalid(t, "shown", show(t, b.dana, own.ID, comments[0].ID), "comment")
	update := func(shared bool) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateProject(ctx, hidden, store.ProjectInput{Name: "Not yet", Shared: shared})
		}
	}
	set := func(shared bool) {
		do(t, b.dana, func(tx *store.Tx) error { return update(shared)(t.Context(), tx) })
	}
	note := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.StartProjectNote(ctx, hidden, aNote(store.ClientVisible, "Hello"))
		return err
	}}
	set(true)
	hides, says := race(t, racer{b.dana, update(false)}, note)
	must(t, hides)
	wantInvalid(t, "on a project that is being hidden", says, "visibility")
	set(true)
	says, hides = race(t, note, racer{b.dana, update(false)})
	must(t, says)
	must(t, hides)
	set(false)
	if notes, _ := b.talks(t, b.mia, hidden); len(notes) != 1 {
		t.Errorf("the client reads %d notes", len(notes))
	}
	var p store.Project
	must(t, read(t, b.mia, store.GetProject(hidden, &p)))
	if n, err := try(t, storetest.App(t), &b.dana, `update projects set shared_at = null where id = '`+hidden.String()+`'`); n != 0 || err == nil {
		t.Errorf("hidden by raw SQL: %d, %v", n, err)
	}
}

// Archived projects and those in the bin take no notes and show none to be changed.
func TestProjectsOutOfUseTakeNoNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note, err := b.talk(t, b.mia, "", "Hello")
	must(t, err)
	_, comments := b.talks(t, b.mia, b.project)
	for what, want := range map[string]error{"archived": store.ErrArchived, "binned": store.ErrNotFound} {
		set := func(on bool) {
			do(t, b.ravi, func(tx *store.Tx) error {
				if what == "archived" {
					return tx.Archive(t.Context(), store.KindProject, b.project, on)
				}
				return tx.Bin(t.Context(), store.KindProject, b.project, on)
			})
		}
		set(true)
		_, started := b.talk(t, b.mia, "", "x")
		for deed, err := range map[string]error{
			"a note": started, "a reply": reply(t, b.ravi, note.ID, store.TeamOnly, "x"), "an edit": reword(t, b.mia, comments[0].ID, "x"), "done": resolve(t, b.mia, note.ID, true),
		} {
			if !errors.Is(err, want) {
				t.Errorf("%s, %s: %v", what, deed, err)
			}
		}
		set(false)
	}
	must(t, resolve(t, b.mia, note.ID, true))
}

// News for staff is what clients wrote on a project. For a client it is how a note of the
// agency begins, and answers in notes in which they took part.
func TestNewsOfProjectNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note, err := b.talk(t, b.mia, "", "When is the fair?")
	must(t, err)
	must(t, reply(t, b.dana, note.ID, store.ClientVisible, "In March"))
	must(t, reply(t, b.dana, note.ID, store.TeamOnly, "cnryaside"))
	labels, err := b.talk(t, b.dana, store.ClientVisible, "Who orders labels?")
	must(t, err)
	must(t, reply(t, b.ravi, labels.ID, store.ClientVisible, "By Friday"))
	_, err = b.talk(t, b.dana, store.TeamOnly, "cnryteam")
	must(t, err)
	since := time.Now().UTC().Truncate(10 * time.Minute)
	news := func(me store.Member) string {
		var words []string
		for _, from := range []time.Time{since.Add(-10 * time.Minute), since} { // a window may have ended meanwhile
			var list []store.NoteNews
			must(t, read(t, me, store.ListProjectNoteNews(b.project, from, 50, &list)))
			for _, n := range list {
				words = append(words, n.Words)
			}
		}
		return strings.Join(words, "|")
	}
	for who, c := range map[string]struct {
		me   store.Member
		want string
	}{"Ravi": {b.ravi, "When is the fair?"}, "Mia": {b.mia, "In March|Who orders labels?"}, "Leo": {b.Member(t, b.Leo, b.Acme), "Who orders labels?"}, "Gus": {b.Member(t, b.Gus, b.Globex), ""}} {
		if got := news(c.me); got != c.want {
			t.Errorf("%s: %q, want %q", who, got, c.want)
		}
	}
	gus := b.Member(t, b.Dana, b.Globex)
	wantNotFound(t, write(t, gus, func(tx *store.Tx) error { return tx.EnqueueProjectNoteMails(t.Context(), b.project, since) }))
}

// A project that is purged takes its notes with it, and no others.
func TestPurgedProjectsTakeTheirNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	gone := storetest.SharedProject(t, b.dana, "Gone")
	_, err := b.talkOn(t, b.mia, gone, aNote("", "Hello, @Ravi"))
	must(t, err)
	_, err = b.talk(t, b.mia, "", "Stays")
	must(t, err)
	do(t, b.dana, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, gone, true) })
	_, err = storetest.AdminPool().Exec(t.Context(), `update projects set deleted_at = now() - interval '31 days' where id = $1`, gone)
	must(t, err)
	do(t, b.dana, func(tx *store.Tx) error { return tx.Purge(t.Context(), nil) })
	var left, stays int
	must(t, storetest.AdminPool().QueryRow(t.Context(), `
select count(*) filter (where t.project_id = $1), count(*) filter (where t.project_id = $2) from threads t join comments c on c.tenant_id = t.tenant_id and c.thread_id = t.id`, gone, b.project).Scan(&left, &stays))
	if left != 0 || stays != 1 {
		t.Errorf("%d comments of the purged project, %d of the other", left, stays)
	}
}
