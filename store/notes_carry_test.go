package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// draft starts a version with one file and returns its number.
func (b *noteBundle) nextDraft(t *testing.T, number int) int {
	t.Helper()
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.AddVersion(t.Context(), b.deliverable)) })
	storetest.File(t, b.ravi, storetest.Draft(t, b.ravi, b.deliverable), "next.txt")
	return number
}

func (b *noteBundle) publishWith(t *testing.T, me store.Member, number int, in store.Publication) error {
	t.Helper()
	return write(t, me, func(tx *store.Tx) error { return errOf(tx.PublishWith(t.Context(), b.deliverable, number, in)) })
}

// Who publishes says of each open note of the version before whether it is done in the new
// one, with a line that the client reads. What they say nothing about goes on as it is. It
// can be done in the version after that too: "1 of 3 done" counts on.
func TestOpenNotesAreAnsweredWhenPublishing(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	darker, bigger, softer := b.note(t, b.mia, "", "Darker"), b.note(t, b.mia, "", "Bigger"), b.note(t, b.mia, "", "Softer")
	must(t, reply(t, b.ravi, darker.ID, store.TeamOnly, "cnryaside"))
	must(t, resolve(t, b.ravi, b.note(t, b.mia, "", "Settled").ID, true))
	var open []store.OpenNote
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 0 {
		t.Errorf("without a draft nothing is carried: %+v", open)
	}
	b.nextDraft(t, 2)
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 3 || open[0].ID != darker.ID || open[0].Words != "Darker" || open[0].AuthorName != b.mia.Name || open[2].ID != softer.ID {
		t.Errorf("the open notes: %+v", open)
	}
	must(t, b.publishWith(t, b.ravi, 2, store.Publication{Notes: []store.CarriedNote{
		{ID: darker.ID, Done: true, Words: "Two steps darker."}, {ID: bigger.ID, Words: "In version 3."},
	}}))
	done, replies := b.carried(t, b.mia, 2)
	if !slices.Equal(done, []bool{true, false, false}) || !slices.Equal(replies, []string{"Two steps darker.", "In version 3."}) {
		t.Errorf("version 2 for the client: done %v, replies %v", done, replies)
	}
	b.nextDraft(t, 3)
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 2 || open[0].Words != "Bigger" || open[0].Number != bigger.Number {
		t.Errorf("the notes that are open after two versions: %+v", open)
	}
}

// A team note of which only an answer was shown is offered with the words that the client
// reads, not with what came before them.
func TestOfferedNotesHaveNoAsides(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	note := b.note(t, b.ravi, store.TeamOnly, "They never pay")
	must(t, reply(t, b.dana, note.ID, store.TeamOnly, "Which blue?"))
	_, comments := b.notes(t, b.dana)
	must(t, show(t, b.ravi, note.ID, comments[1].ID))
	b.nextDraft(t, 2)
	var open []store.OpenNote
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 1 || open[0].Words != "Which blue?" || open[0].AuthorName != b.dana.Name {
		t.Errorf("offered: %+v", open)
	}
}

// carried is whether each note of a version is done, by number, and what was written on
// that version.
func (b *noteBundle) carried(t *testing.T, me store.Member, number int) (done []bool, replies []string) {
	t.Helper()
	var notes []store.Note
	var comments []store.Comment
	notes, comments = storetest.Notes(t, me, b.deliverable, number)
	slices.SortFunc(notes, func(a, b store.Note) int { return a.Number - b.Number })
	for _, n := range notes {
		done = append(done, n.ResolvedAt != nil)
	}
	for _, c := range slices.Backward(comments) {
		if !c.Earlier {
			replies = append(replies, c.Words)
		}
	}
	slices.Sort(replies)
	slices.Reverse(replies)
	return done, replies
}

// An answer to a note that is not carried is refused, and nothing is published: one that is
// done meanwhile, one of another version, of another tenant, an invented one,
// and one that is named twice. All get the same refusal.
func TestOnlyOpenNotesOfTheVersionBeforeAreAnswered(t *testing.T) {
	t.Parallel()
	b, other := setupNotes(t), setupNotes(t)
	open, settled := b.note(t, b.mia, "", "Darker"), b.note(t, b.mia, "", "Settled")
	foreign := other.note(t, other.mia, "", "Theirs")
	b.nextDraft(t, 2)
	must(t, resolve(t, b.mia, settled.ID, true))
	for what, id := range map[string]uuid.UUID{"done": settled.ID, "another tenant's": foreign.ID, "invented": uuid.New()} {
		for _, answer := range []store.CarriedNote{{ID: id, Done: true}, {ID: id, Words: "x"}} {
			if err := b.publishWith(t, b.ravi, 2, store.Publication{Notes: []store.CarriedNote{{ID: open.ID, Done: true}, answer}}); err == nil || err.Error() != store.ErrNotesChanged.Error() {
				t.Errorf("a note that is %s: %v", what, err)
			}
		}
	}
	twice := store.Publication{Notes: []store.CarriedNote{{ID: open.ID, Done: true}, {ID: open.ID, Words: "x"}}}
	wantError(t, b.publishWith(t, b.ravi, 2, twice), store.ErrNotesChanged)
	mine := store.Publication{Notes: []store.CarriedNote{{ID: open.ID, Done: true}}}
	wantError(t, b.publishWith(t, b.mia, 2, mine), store.ErrNotFound)
	wantError(t, b.publishWith(t, other.ravi, 2, mine), store.ErrNotFound)
	var open1 []store.Note
	open1, _ = storetest.Notes(t, b.mia, b.deliverable, 0)
	if len(open1) != 2 || open1[1].ResolvedAt != nil {
		t.Errorf("after the refusals: %+v", open1)
	}
	must(t, b.publishWith(t, b.ravi, 2, mine))
	if done, _ := b.carried(t, b.mia, 2); !slices.Equal(done, []bool{true}) {
		t.Errorf("done: %v", done)
	}
	b.nextDraft(t, 3)
	wantError(t, b.publishWith(t, b.ravi, 3, mine), store.ErrNotesChanged) // of the version before the one before
	must(t, b.publishWith(t, b.ravi, 3, store.Publication{}))
}

// Whom the line names that answers a carried note is told, as with any reply.
func TestAnswersToCarriedNotesMention(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	open := b.note(t, b.mia, "", "Darker")
	b.nextDraft(t, 2)
	must(t, b.publishWith(t, b.ravi, 2, store.Publication{Notes: []store.CarriedNote{{ID: open.ID, Words: "@Mia, is this it?"}}}))
	if got := strings.Join(b.told(t), " "); got != "Mia" {
		t.Errorf("told %q", got)
	}
}

// Whoever lists the notes to carry sees what the client sees, and no other tenant does.
func TestNotesToCarryStayInTheirTenant(t *testing.T) {
	t.Parallel()
	b, other := setupNotes(t), setupNotes(t)
	b.note(t, b.mia, "", "Darker")
	b.nextDraft(t, 2)
	for who, me := range map[string]store.Member{"another agency": other.dana, "the client, who sees no draft": b.mia, "another client": b.Member(t, b.Gus, b.Globex)} {
		var open []store.OpenNote
		must(t, read(t, me, store.ListNotesToCarry(b.deliverable, &open)))
		if len(open) != 0 {
			t.Errorf("%s: %+v", who, open)
		}
	}
}

// Who publishes says whether downloads wait for approval, and the trail says that it was
// changed. Without a word about it, it stays.
func TestPublishingSaysWhetherDownloadsWait(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	wait := true
	for number, c := range []struct {
		in      *bool
		want    bool
		changes int
	}{2: {&wait, true, 1}, 3: {nil, true, 1}, 4: {&wait, true, 1}, 5: {new(bool), false, 2}} {
		if number < 2 {
			continue
		}
		b.nextDraft(t, number)
		must(t, b.publishWith(t, b.ravi, number, store.Publication{DownloadsWait: c.in}))
		var d store.Deliverable
		must(t, read(t, b.ravi, store.GetDeliverable(b.deliverable, &d)))
		var changes int
		must(t, storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where target_id = $1 and verb = 'deliverable.updated'`, b.deliverable).Scan(&changes))
		if d.DownloadsWait != c.want || changes != c.changes {
			t.Errorf("version %d: waits %t after %d changes", number, d.DownloadsWait, changes)
		}
	}
}

// Before the first version there are no notes, so none is answered.
func TestFirstVersionAnswersNothing(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "first.txt")
	err := write(t, b.ravi, func(tx *store.Tx) error {
		return errOf(tx.PublishWith(t.Context(), b.deliverable, 1, store.Publication{Notes: []store.CarriedNote{{ID: uuid.New(), Done: true}}}))
	})
	wantError(t, err, store.ErrNotesChanged)
	must(t, b.publish(t, 1))
}

// The team's open notes go on for the team, after those that it wrote on the draft. A line
// about one stays the team's. The client reads the same of the new version as without them,
// and of one that is shown later only what is shown.
func TestTeamNotesAreCarriedForTheTeamOnly(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	b.note(t, b.mia, "", "Darker")
	ours, other := b.note(t, b.ravi, store.TeamOnly, "cnryours"), b.note(t, b.ravi, store.TeamOnly, "cnryother")
	must(t, resolve(t, b.ravi, b.note(t, b.ravi, store.TeamOnly, "cnrysettled").ID, true))
	b.nextDraft(t, 2)
	if _, err := b.start(t, b.ravi, 2, aNote(store.TeamOnly, "cnrydraft")); err != nil {
		t.Fatal(err)
	}
	var open []store.OpenNote
	must(t, read(t, b.ravi, store.ListNotesToCarry(b.deliverable, &open)))
	if len(open) != 3 || open[0].Visibility != store.ClientVisible || open[1].ID != ours.ID || open[1].Words != "cnryours" || open[2].ID != other.ID {
		t.Errorf("the notes to carry: %+v", open)
	}
	must(t, b.publishWith(t, b.ravi, 2, store.Publication{Notes: []store.CarriedNote{{ID: ours.ID, Done: true, Words: "cnryline"}}}))
	var notes []store.Note
	var comments []store.Comment
	listed := func(me store.Member) {
		t.Helper()
		notes, comments = storetest.Notes(t, me, b.deliverable, 2)
		slices.SortFunc(notes, func(a, b store.Note) int { return a.Number - b.Number })
	}
	listed(b.mia)
	if len(notes) != 1 || len(comments) != 1 || comments[0].Words != "Darker" || *notes[0].FromVersion != 1 || *notes[0].FromNumber != 1 {
		t.Errorf("the client reads %+v, %+v", notes, comments)
	}
	listed(b.ravi)
	notes = slices.DeleteFunc(notes, func(n store.Note) bool { return n.Visibility != store.TeamOnly })
	if len(notes) != 3 || notes[0].Carried || notes[1].Number != 2 || notes[1].ResolvedAt == nil || notes[2].Number != 3 || !notes[2].Carried {
		t.Fatalf("the team's notes: %+v", notes)
	}
	at := slices.IndexFunc(comments, func(c store.Comment) bool { return c.Words == "cnryline" })
	if at < 0 || comments[at].NoteID != notes[1].ID || comments[at].Visibility != store.TeamOnly {
		t.Errorf("the line: %+v", comments)
	}
	shown := notes[2].ID
	must(t, reply(t, b.ravi, shown, store.TeamOnly, "For you"))
	listed(b.ravi)
	line := comments[slices.IndexFunc(comments, func(c store.Comment) bool { return c.Words == "For you" })].ID
	do(t, b.ravi, func(tx *store.Tx) error { return errOf(tx.ShowNote(t.Context(), shown, []uuid.UUID{line})) })
	listed(b.mia)
	if len(notes) != 2 || notes[1].ID != shown || notes[1].Carried || notes[1].FromVersion != nil || len(comments) != 2 {
		t.Errorf("after it is shown the client reads %+v, %+v", notes, comments)
	}
	var onPage []store.ListedNote
	var counts []store.NoteCount
	page := store.NotesAt{Deliverable: b.deliverable, Version: 2, AllFiles: true}
	must(t, read(t, b.mia, store.ListNotes(page, &onPage), store.CountNotes(page, &counts)))
	if len(onPage) != 2 || onPage[1].ID != shown || onPage[1].Carried || onPage[1].FromVersion != nil || counts[0].Carried != 1 {
		t.Errorf("then the client's page lists %+v, %+v", onPage, counts)
	}
}
