package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// noteBundle is a published version in Acme with a picture, a PDF, a film and a text.
type noteBundle struct {
	fileBundle
	picture, pdf, film, text uuid.UUID
}

func setupNotes(t *testing.T) *noteBundle {
	t.Helper()
	b := &noteBundle{fileBundle: setupFiles(t)}
	b.picture, b.pdf = typedFile(t, b.ravi, b.draft, "Logo.png", "image/png"), typedFile(t, b.ravi, b.draft, "Logo.pdf", "application/pdf")
	b.film, b.text = typedFile(t, b.ravi, b.draft, "Logo.mp4", "video/mp4"), storetest.File(t, b.ravi, b.draft, "read.txt")
	must(t, b.publish(t, 1))
	return b
}

// typedFile is [storetest.File] of another type.
func typedFile(t *testing.T, me store.Member, version uuid.UUID, name, contentType string) uuid.UUID {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	id := storetest.BeginUpload(t, me, version, name, int64(len(name)))
	do(t, me, func(tx *store.Tx) error {
		return tx.FinishUpload(t.Context(), id, store.Stored{Size: int64(len(name)), SHA256: sum[:], ContentType: contentType})
	})
	return id
}

func aNote(v store.Visibility, words string) store.NewNote {
	return store.NewNote{Visibility: v, Words: words, FormKey: uuid.New()}
}

func (b *noteBundle) start(t *testing.T, me store.Member, number int, in store.NewNote) (at store.PlacedNote, err error) {
	t.Helper()
	err = write(t, me, func(tx *store.Tx) (err error) {
		at, err = tx.StartNote(t.Context(), b.deliverable, number, in)
		return err
	})
	return at, err
}

// note writes a note on version 1.
func (b *noteBundle) note(t *testing.T, me store.Member, v store.Visibility, words string) store.PlacedNote {
	t.Helper()
	at, err := b.start(t, me, 1, aNote(v, words))
	must(t, err)
	return at
}

func reply(t *testing.T, me store.Member, note uuid.UUID, v store.Visibility, words string) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error {
		_, err := tx.ReplyToNote(t.Context(), note, store.NewReply{Visibility: v, Words: words, FormKey: uuid.New()})
		return err
	})
}

func reword(t *testing.T, me store.Member, comment uuid.UUID, words string) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { _, err := tx.EditComment(t.Context(), comment, words); return err })
}

func resolve(t *testing.T, me store.Member, note uuid.UUID, done bool) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { _, err := tx.ResolveNote(t.Context(), note, done); return err })
}

func show(t *testing.T, me store.Member, note uuid.UUID, comments ...uuid.UUID) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { _, err := tx.ShowNote(t.Context(), note, comments); return err })
}

// notes are the notes and comments that a member reads on version 1, oldest first.
func (b *noteBundle) notes(t *testing.T, me store.Member) (notes []store.Note, comments []store.Comment) {
	t.Helper()
	notes, comments = storetest.Notes(t, me, b.deliverable, 1)
	slices.Reverse(notes)
	slices.Reverse(comments)
	return notes, comments
}

// lock marks version 1 as replaced, as publishing the next one does.
func (b *noteBundle) lock(t *testing.T) {
	t.Helper()
	_, err := storetest.AdminPool().Exec(t.Context(), `update versions set locked_at = now() where id = $1`, b.draft)
	must(t, err)
}

func wantInvalid(t *testing.T, what string, err error, field string) {
	t.Helper()
	invalid, ok := errors.AsType[store.InvalidError](err)
	if !ok || invalid[field] == "" {
		t.Errorf("%s: %v, want the field %q refused", what, err, field)
	}
}

// The team's notes are numbered apart from those that the client sees, so that no number
// counts what the client doesn't see. What a client writes, both sides see.
func TestNotesAreNumberedApart(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	for i, c := range []struct {
		by     store.Member
		asked  store.Visibility
		sees   store.Visibility
		number int
	}{
		{b.ravi, store.TeamOnly, store.TeamOnly, 1},
		{b.mia, store.ClientVisible, store.ClientVisible, 1},
		{b.ravi, store.TeamOnly, store.TeamOnly, 2},
		{b.dana, store.ClientVisible, store.ClientVisible, 2},
		{b.mia, store.TeamOnly, store.ClientVisible, 3},
	} {
		if at := b.note(t, c.by, c.asked, "Words"); at.Visibility != c.sees || at.Number != c.number {
			t.Errorf("note %d: %s %d, want %s %d", i, at.Visibility, at.Number, c.sees, c.number)
		}
	}
	staff, words := b.notes(t, b.dana)
	client, shown := b.notes(t, b.mia)
	if len(staff) != 5 || len(words) != 5 || len(client) != 3 || len(shown) != 3 {
		t.Errorf("staff read %d notes, %d comments; the client %d, %d", len(staff), len(words), len(client), len(shown))
	}
	if words[0].AuthorName != b.ravi.Name || words[0].Own || !shown[0].Own || !shown[0].Editable {
		t.Errorf("who wrote: %+v, %+v", words[0], shown[0])
	}
}

// A button pressed twice writes one note and one reply, also at the same moment. Other
// words sent with the same form, after going back in the browser, are not lost.
func TestNoteIsWrittenOnceByOneForm(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	in := aNote(store.ClientVisible, "Darker")
	first, err := b.start(t, b.mia, 1, in)
	must(t, err)
	again, err := b.start(t, b.mia, 1, in)
	must(t, err)
	if again.ID != first.ID {
		t.Error("the second press wrote another note")
	}
	two := aNote(store.ClientVisible, "At once")
	press := racer{b.mia, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.StartNote(ctx, b.deliverable, 1, two)
		return err
	}}
	if one, other := race(t, press, press); one != nil || other != nil {
		t.Error(one, other)
	}
	answer := store.NewReply{Visibility: store.ClientVisible, Words: "Yes", FormKey: uuid.New()}
	for range 2 {
		do(t, b.mia, func(tx *store.Tx) error { _, err := tx.ReplyToNote(t.Context(), first.ID, answer); return err })
	}
	if notes, comments := b.notes(t, b.mia); len(notes) != 2 || len(comments) != 3 {
		t.Errorf("%d notes, %d comments, want 2 and 3", len(notes), len(comments))
	}
	answer.Words = "No, wait"
	do(t, b.mia, func(tx *store.Tx) error { _, err := tx.ReplyToNote(t.Context(), first.ID, answer); return err })
	in.Words = "Lighter"
	_, err = b.start(t, b.mia, 1, in)
	must(t, err)
	if notes, comments := b.notes(t, b.mia); len(notes) != 3 || len(comments) != 5 {
		t.Errorf("other words: %d notes, %d comments, want 3 and 5", len(notes), len(comments))
	}
	if n := b.events(t, b.mia, "note.written"); n != 3 {
		t.Errorf("%d events of 3 notes", n)
	}
}

// events counts what a member reads in the trail of a verb.
func (b *noteBundle) events(t *testing.T, me store.Member, verb string) (n int) {
	t.Helper()
	var trail []store.Activity
	must(t, read(t, me, store.ListActivity(store.ActivityFilter{Page: store.Page{Limit: 200}}, &trail)))
	for _, e := range trail {
		if e.Verb == verb {
			n++
		}
	}
	return n
}

// Once a later version is published, nobody writes, answers, edits, settles or shows notes
// on this one, from either side. Its notes stay readable.
func TestLockedVersionTakesNoNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	seen, own := b.note(t, b.mia, "", "Darker"), b.note(t, b.ravi, store.TeamOnly, "Really?")
	_, comments := b.notes(t, b.dana)
	b.lock(t)
	for what, err := range map[string]error{
		"a note of the client": func() error { _, err := b.start(t, b.mia, 1, aNote("", "x")); return err }(),
		"a note of the team":   func() error { _, err := b.start(t, b.ravi, 1, aNote(store.TeamOnly, "x")); return err }(),
		"a client's reply":     reply(t, b.mia, seen.ID, "", "x"),
		"the team's reply":     reply(t, b.ravi, own.ID, store.TeamOnly, "x"),
		"an edit":              reword(t, b.mia, comments[0].ID, "x"),
		"done":                 resolve(t, b.ravi, seen.ID, true),
		"reopened":             resolve(t, b.mia, seen.ID, false),
		"shown":                show(t, b.ravi, own.ID, comments[1].ID),
	} {
		locked, ok := errors.AsType[*store.VersionLockedError](err)
		if !ok || locked.DeliverableID != b.deliverable || locked.Newest != 1 || !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: %v, want a locked version", what, err)
		}
	}
	if notes, _ := b.notes(t, b.mia); len(notes) != 1 {
		t.Errorf("the client reads %d notes of it, want 1", len(notes))
	}
}

// On a draft the team writes for itself only, and a client can't write.
func TestDraftTakesTeamNotesOnly(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
	_, err := b.start(t, b.ravi, 2, aNote(store.ClientVisible, "x"))
	wantInvalid(t, "a client note on a draft", err, "visibility")
	_, err = b.start(t, b.mia, 2, aNote("", "x"))
	wantNotFound(t, err)
	_, err = b.start(t, b.mia, 3, aNote("", "x")) // there is none
	wantNotFound(t, err)
	own, err := b.start(t, b.ravi, 2, aNote(store.TeamOnly, "Before we send it"))
	must(t, err)
	wantInvalid(t, "a client reply in a team note", reply(t, b.ravi, own.ID, store.ClientVisible, "x"), "visibility")
	var comments []store.Comment
	_, comments = storetest.Notes(t, b.ravi, b.deliverable, 2)
	wantInvalid(t, "shown on a draft", show(t, b.ravi, own.ID, comments[0].ID), "comment")
}

// A note points at a ready file of its version that the writer sees, and at a place that
// such a file has.
func TestNotesPointAtFilesOfTheirVersion(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
	draft := storetest.Draft(t, b.ravi, b.deliverable)
	later := typedFile(t, b.ravi, draft, "Later.png", "image/png")
	pending := storetest.BeginUpload(t, b.ravi, draft, "pending.png", 5)
	globex := b.Member(t, b.Dana, b.Globex)
	elsewhere := typedFile(t, globex, storetest.Draft(t, globex, storetest.Deliverable(t, globex, storetest.Project(t, globex, "P"), "D")), "Theirs.png", "image/png")
	n, ms := 2, int64(12_000)
	at := func(by store.Member, number int, a store.Anchor) error {
		in := aNote(store.TeamOnly, "x")
		in.Anchor = a
		_, err := b.start(t, by, number, in)
		return err
	}
	for what, err := range map[string]error{
		"a file of another version": at(b.ravi, 1, store.Anchor{FileID: &later}),
		"a draft's file, by Mia":    at(b.mia, 1, store.Anchor{FileID: &later}),
		"another tenant's file":     at(b.mia, 1, store.Anchor{FileID: &elsewhere}),
		"an invented file":          at(b.mia, 1, store.Anchor{FileID: &b.project}),
		"a file that isn't there":   at(b.ravi, 2, store.Anchor{FileID: &pending}),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantInvalid(t, "a place without a file", at(b.mia, 1, store.Anchor{X: &n, Y: &n}), "file")
	wantInvalid(t, "a place in a PDF, on no page", at(b.mia, 1, store.Anchor{FileID: &b.pdf, X: &n, Y: &n}), "page")
	wantInvalid(t, "a place in a text", at(b.mia, 1, store.Anchor{FileID: &b.text, X: &n, Y: &n}), "place")
	wantInvalid(t, "a page of a picture", at(b.mia, 1, store.Anchor{FileID: &b.picture, Page: &n}), "page")
	end, before, after := int64(20_000), int64(1), int64(99_000)
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set duration_ms = 30000 where id = $1`, b.film); err != nil {
		t.Fatal(err)
	}
	wantInvalid(t, "a span of a text", at(b.mia, 1, store.Anchor{FileID: &b.text, AtMS: &ms, EndMS: &end}), "time")
	wantInvalid(t, "a span without a beginning", at(b.mia, 1, store.Anchor{FileID: &b.film, EndMS: &end}), "time")
	wantInvalid(t, "a span that ends before", at(b.mia, 1, store.Anchor{FileID: &b.film, AtMS: &ms, EndMS: &before}), "until")
	wantInvalid(t, "a span that ends when it begins", at(b.mia, 1, store.Anchor{FileID: &b.film, AtMS: &ms, EndMS: &ms}), "until")
	wantInvalid(t, "a moment after the end", at(b.mia, 1, store.Anchor{FileID: &b.film, AtMS: &after}), "time")
	wantInvalid(t, "a span beyond the end", at(b.mia, 1, store.Anchor{FileID: &b.film, AtMS: &ms, EndMS: &after}), "until")
	wantInvalid(t, "a moment of a text", at(b.mia, 1, store.Anchor{FileID: &b.text, AtMS: &ms}), "time")
	for _, a := range []store.Anchor{{FileID: &b.picture, X: &n, Y: &n, W: &n, H: &n}, {FileID: &b.pdf, Page: &n}, {FileID: &b.film, AtMS: &ms, EndMS: &end}, {FileID: &b.text}, {FileID: &b.pdf, Page: &n, X: &n, Y: &n}} {
		must(t, at(b.mia, 1, a))
	}
	notes, _ := b.notes(t, b.mia)
	if len(notes) != 5 || *notes[4].X != n || *notes[4].Page != n || *notes[0].X != n || *notes[0].H != n || *notes[1].Page != n || *notes[2].AtMS != ms || *notes[2].EndMS != end || *notes[3].FileID != b.text {
		t.Errorf("the notes point elsewhere: %+v", notes)
	}
}

// Authors change their words for ten minutes, and readers see that they did. Nobody else
// changes them.
func TestOnlyAuthorsEditForTenMinutes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.mia, "", "Darkr")
	_, comments := b.notes(t, b.mia)
	id := comments[0].ID
	wantError(t, reword(t, b.dana, id, "Lighter"), store.ErrForbidden)
	must(t, reword(t, b.mia, id, "Darker"))
	wantInvalid(t, "an empty edit", reword(t, b.mia, id, " "), "words")
	_, comments = b.notes(t, b.dana)
	if comments[0].Words != "Darker" || comments[0].EditedAt == nil || comments[0].Editable {
		t.Errorf("after the edit: %+v", comments[0])
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update comments set created_at = now() - interval '11 minutes' where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	wantError(t, reword(t, b.mia, id, "Darkest"), store.ErrTooLateToEdit)
	if _, comments = b.notes(t, b.mia); comments[0].Words != "Darker" || comments[0].Editable {
		t.Errorf("after ten minutes: %+v", comments[0])
	}
}

// Showing a team note shows the comments that were ticked and gives it the client's next
// number. An aside in a note that the client sees is hidden until it is shown.
func TestShownNotesShowWhatWasTicked(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.mia, "", "Darker")
	note := b.note(t, b.ravi, store.TeamOnly, "Which blue?")
	must(t, reply(t, b.dana, note.ID, store.TeamOnly, "They never pay"))
	_, comments := b.notes(t, b.dana)
	question, gossip := comments[1].ID, comments[2].ID
	wantInvalid(t, "nothing ticked", show(t, b.ravi, note.ID), "comment")
	wantError(t, show(t, b.ravi, note.ID, comments[0].ID), store.ErrNotFound) // of another note
	wantError(t, show(t, b.mia, note.ID, question), store.ErrNotFound)
	if _, words := b.notes(t, b.mia); len(words) != 1 {
		t.Fatal("a refused showing showed something")
	}
	must(t, show(t, b.ravi, note.ID, question))
	notes, words := b.notes(t, b.mia)
	if len(notes) != 2 || notes[1].Number != 2 || len(words) != 2 || words[1].Words != "Which blue?" {
		t.Errorf("the client reads %+v, %+v", notes, words)
	}
	wantError(t, show(t, b.mia, note.ID, gossip), store.ErrForbidden)
	must(t, reply(t, b.ravi, note.ID, store.TeamOnly, "An aside"))
	if _, words = b.notes(t, b.mia); len(words) != 2 {
		t.Error("the client reads an aside")
	}
	must(t, show(t, b.ravi, note.ID, gossip))
	if notes, words = b.notes(t, b.mia); len(words) != 3 || notes[1].Number != 2 {
		t.Errorf("after it was shown: %d comments, number %d", len(words), notes[1].Number)
	}
}

// Editors of both sides settle notes that they see. Two who do it at once write one event.
func TestTwoResolveANoteAtOnce(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", "Darker")
	done := func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ResolveNote(ctx, note.ID, true)
		return err
	}
	if one, other := race(t, racer{b.ravi, done}, racer{b.mia, done}); one != nil || other != nil {
		t.Error(one, other)
	}
	notes, _ := b.notes(t, b.mia)
	if notes[0].ResolvedAt == nil || notes[0].ResolverName != b.ravi.Name || b.events(t, b.dana, "note.resolved") != 1 {
		t.Errorf("%+v, %d events", notes[0], b.events(t, b.dana, "note.resolved"))
	}
	must(t, resolve(t, b.mia, note.ID, false))
	if notes, _ = b.notes(t, b.dana); notes[0].ResolvedAt != nil || b.events(t, b.mia, "note.reopened") != 1 {
		t.Error("not reopened")
	}
}

// Notes started at once by both sides get different numbers.
func TestNotesAtOnceGetTheirOwnNumbers(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	start := func(me store.Member) racer {
		return racer{me, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.StartNote(ctx, b.deliverable, 1, aNote(store.ClientVisible, "Words"))
			return err
		}}
	}
	if one, other := race(t, start(b.mia), start(b.ravi)); one != nil || other != nil {
		t.Error(one, other)
	}
	if notes, _ := b.notes(t, b.mia); len(notes) != 2 || notes[0].Number+notes[1].Number != 3 {
		t.Errorf("%+v", notes)
	}
}

// Notes end at their limits, each side's at its own. Words that are too long are refused
// with a sentence.
func TestNotesHaveLimits(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", strings.Repeat("é", store.MaxNoteWords))
	for _, size := range []int{store.MaxNoteWords + 1, 100_000} {
		_, err := b.start(t, b.mia, 1, aNote("", strings.Repeat("x", size)))
		wantInvalid(t, "too many words", err, "words")
	}
	admin := storetest.AdminPool()
	_, err := admin.Exec(t.Context(), `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by)
select $1, gen_random_uuid(), $2, 'client', 'team', 'Aside', gen_random_uuid(), $3 from generate_series(1, 500)`, b.dana.TenantID(), note.ID, b.dana.ID())
	must(t, err)
	must(t, reply(t, b.mia, note.ID, "", "Asides don't count against me"))
	must(t, reply(t, b.dana, note.ID, store.ClientVisible, "Nor against an answer to the client"))
	_, err = admin.Exec(t.Context(), `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by)
select $1, gen_random_uuid(), $2, 'client', 'client', 'Reply', gen_random_uuid(), $3 from generate_series(1, 498)`, b.dana.TenantID(), note.ID, b.mia.ID())
	must(t, err)
	wantInvalid(t, "a reply too many", reply(t, b.mia, note.ID, "", "x"), "words")
	own := b.note(t, b.ravi, store.TeamOnly, "Ours")
	_, err = admin.Exec(t.Context(), `
insert into threads (tenant_id, id, version_id, visibility, number, created_by)
select $1, gen_random_uuid(), $2, 'client', n, $3 from generate_series(2, 1000) n`, b.dana.TenantID(), b.draft, b.mia.ID())
	must(t, err)
	_, err = b.start(t, b.mia, 1, aNote("", "x"))
	wantInvalid(t, "a note too many", err, "words")
	_, comments := b.notes(t, b.ravi)
	at := slices.IndexFunc(comments, func(c store.Comment) bool { return c.NoteID == own.ID })
	wantInvalid(t, "shown as one too many", show(t, b.ravi, own.ID, comments[at].ID), "comment")
	b.note(t, b.ravi, store.TeamOnly, "The team's are counted apart")
	var notes []store.ListedNote
	must(t, read(t, b.ravi, store.ListNotes(store.NotesAt{Deliverable: b.deliverable, Version: 1, AllFiles: true}, &notes)))
	if len(notes) != store.NotesShown {
		t.Errorf("a page reads %d notes", len(notes))
	}
}

// What is in the bin takes no notes, and shows none to be changed.
func TestBinnedWorkTakesNoNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.mia, "", "Darker")
	_, comments := b.notes(t, b.mia)
	for _, thing := range []struct {
		kind store.Kind
		id   uuid.UUID
	}{{store.KindDeliverable, b.deliverable}, {store.KindProject, b.project}} {
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), thing.kind, thing.id, true) })
		_, started := b.start(t, b.ravi, 1, aNote(store.TeamOnly, "x"))
		for what, err := range map[string]error{
			"a note": started, "a reply": reply(t, b.mia, note.ID, "", "x"), "an edit": reword(t, b.mia, comments[0].ID, "x"), "done": resolve(t, b.ravi, note.ID, true),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s in a binned %s: %v", what, thing.kind, err)
			}
		}
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Bin(t.Context(), thing.kind, thing.id, false) })
	}
	must(t, resolve(t, b.ravi, note.ID, true))
}

// Archived work takes no notes, replies, edits and settlings from either side, whether the
// deliverable is archived or its project. Its notes stay readable, and it takes them again
// once it is unarchived.
func TestArchivedWorkTakesNoNotes(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note, own := b.note(t, b.mia, "", "Darker"), b.note(t, b.ravi, store.TeamOnly, "Really?")
	_, comments := b.notes(t, b.dana)
	for _, thing := range []struct {
		kind store.Kind
		id   uuid.UUID
	}{{store.KindDeliverable, b.deliverable}, {store.KindProject, b.project}} {
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Archive(t.Context(), thing.kind, thing.id, true) })
		_, client := b.start(t, b.mia, 1, aNote("", "x"))
		_, team := b.start(t, b.ravi, 1, aNote(store.TeamOnly, "x"))
		for what, err := range map[string]error{
			"a client's note": client, "the team's note": team, "a reply": reply(t, b.mia, note.ID, "", "x"), "an edit": reword(t, b.mia, comments[0].ID, "x"),
			"done": resolve(t, b.ravi, note.ID, true), "shown": show(t, b.ravi, own.ID, comments[1].ID),
		} {
			if !errors.Is(err, store.ErrArchived) {
				t.Errorf("%s in an archived %s: %v", what, thing.kind, err)
			}
		}
		if notes, _ := b.notes(t, b.mia); len(notes) != 1 {
			t.Errorf("the client reads %d notes of the archived %s", len(notes), thing.kind)
		}
		do(t, b.ravi, func(tx *store.Tx) error { return tx.Archive(t.Context(), thing.kind, thing.id, false) })
	}
	must(t, resolve(t, b.ravi, note.ID, true))
}

// Publishing the next version goes on with the open notes that the client sees, at the same
// place of the file with the same name, with what was said before. Those that are done, the
// team's notes and asides stay behind from the client. Answers on the old version race with
// it: each is in both versions or refused.
func TestOpenNotesAreCarriedToTheNextVersion(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	n := 5000
	in := aNote("", "Darker")
	in.Anchor = store.Anchor{FileID: &b.picture, X: &n, Y: &n}
	open, err := b.start(t, b.mia, 1, in)
	must(t, err)
	must(t, reply(t, b.ravi, open.ID, store.TeamOnly, "cnryaside"))
	settled := b.note(t, b.mia, "", "Settled")
	must(t, resolve(t, b.ravi, settled.ID, true))
	in = aNote("", "On the text")
	in.Anchor = store.Anchor{FileID: &b.text}
	_, err = b.start(t, b.mia, 1, in)
	must(t, err)
	b.note(t, b.ravi, store.TeamOnly, "cnryteam")
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
	draft := storetest.Draft(t, b.ravi, b.deliverable)
	again := typedFile(t, b.ravi, draft, "Logo.png", "image/png")
	publish := racer{b.ravi, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, b.deliverable, 2, "") }}
	late := racer{b.mia, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.StartNote(ctx, b.deliverable, 1, aNote("", "Just in time"))
		return err
	}}
	if one, other := race(t, late, publish); one != nil || other != nil {
		t.Fatal(one, other)
	}
	var notes []store.Note
	var comments []store.Comment
	notes, comments = storetest.Notes(t, b.mia, b.deliverable, 2)
	slices.SortFunc(notes, func(a, b store.Note) int { return a.Number - b.Number })
	slices.Reverse(comments)
	if len(notes) != 3 || notes[0].Number != 1 || notes[1].Number != 3 || notes[2].Number != 4 || !notes[0].Carried ||
		notes[0].FileID == nil || *notes[0].FileID != again || *notes[0].X != n || notes[1].FileID != nil {
		t.Errorf("carried: %+v", notes)
	}
	if len(comments) != 3 || comments[0].Words != "Darker" || !comments[0].Earlier || comments[0].Editable || comments[0].NoteID != notes[0].ID {
		t.Errorf("what was said before: %+v", comments)
	}
	must(t, reply(t, b.ravi, notes[0].ID, store.ClientVisible, "Done here"))
	must(t, resolve(t, b.mia, notes[0].ID, true))
	if at, err := b.start(t, b.mia, 2, aNote("", "Another")); err != nil || at.Number != 5 {
		t.Errorf("the next note is %d, %v", at.Number, err)
	}
	_, comments = storetest.Notes(t, b.ravi, b.deliverable, 2)
	if !slices.ContainsFunc(comments, func(c store.Comment) bool { return c.Words == "cnryaside" && c.Earlier }) {
		t.Error("staff don't read their aside any more")
	}
}
