package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// on writes a note on a file.
func (b *noteBundle) on(t *testing.T, me store.Member, v store.Visibility, file uuid.UUID, words string) store.PlacedNote {
	t.Helper()
	in := aNote(v, words)
	in.Anchor = store.Anchor{FileID: &file}
	at, err := b.start(t, me, 1, in)
	must(t, err)
	return at
}

// listed are the words of the first comment of each note on a page.
func (b *noteBundle) listed(t *testing.T, me store.Member, at store.NotesAt) (words []string, notes []store.ListedNote) {
	t.Helper()
	at.Deliverable, at.Version = b.deliverable, 1
	must(t, read(t, me, store.ListNotes(at, &notes)))
	for _, n := range notes {
		words = append(words, n.Comments[0].Words)
	}
	return words, notes
}

// A page lists the notes on one file and on the version as a whole, and counts the others by
// file.
func TestNotesAreListedByFile(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	whole, text := b.note(t, b.mia, "", "Whole"), b.on(t, b.mia, "", b.text, "Text")
	b.on(t, b.mia, "", b.picture, "Picture")
	b.on(t, b.ravi, store.TeamOnly, b.picture, "cnryteam")
	done := b.on(t, b.mia, "", b.pdf, "Done")
	must(t, resolve(t, b.mia, done.ID, true))
	for what, c := range map[string]struct {
		me   store.Member
		at   store.NotesAt
		want string
	}{
		"no file":           {b.mia, store.NotesAt{}, "Whole"},
		"the picture":       {b.mia, store.NotesAt{File: b.picture}, "Whole Picture"},
		"staff too":         {b.ravi, store.NotesAt{File: b.picture}, "Whole Picture cnryteam"},
		"the text":          {b.ravi, store.NotesAt{File: b.text}, "Whole Text"},
		"all files":         {b.mia, store.NotesAt{AllFiles: true}, "Whole Text Picture"},
		"done":              {b.mia, store.NotesAt{File: b.pdf, Done: true}, "Done"},
		"done elsewhere":    {b.mia, store.NotesAt{Done: true}, ""},
		"alone":             {b.mia, store.NotesAt{Alone: &store.NoteLabel{Visibility: store.ClientVisible, Number: text.Number}}, "Text"},
		"a team note alone": {b.mia, store.NotesAt{Alone: &store.NoteLabel{Visibility: store.TeamOnly, Number: 1}}, ""},
	} {
		if words, _ := b.listed(t, c.me, c.at); strings.Join(words, " ") != c.want {
			t.Errorf("%s: %q, want %q", what, words, c.want)
		}
	}
	counts := func(me store.Member) (said string) {
		var list []store.NoteCount
		must(t, read(t, me, store.CountNotes(store.NotesAt{Deliverable: b.deliverable, Version: 1}, &list)))
		by := map[uuid.UUID]store.NoteCount{}
		for _, c := range list {
			if c.FileID == nil {
				c.FileID = &uuid.Nil
			}
			by[*c.FileID] = c
		}
		for _, file := range []uuid.UUID{uuid.Nil, b.picture, b.pdf, b.text} {
			said += fmt.Sprintf("%d/%d ", by[file].Open, by[file].Done)
		}
		return strings.TrimSpace(said)
	}
	if got := counts(b.mia); got != "1/0 1/0 0/1 1/0" {
		t.Errorf("the client counts %s", got)
	}
	if got := counts(b.ravi); got != "1/0 2/0 0/1 1/0" {
		t.Errorf("staff count %s", got)
	}
	if whole.Many || whole.FileID != nil {
		t.Errorf("%+v", whole)
	}
}

// However much is said, a page has at most so many notes, replies and characters, and other
// pages have the rest.
func TestListsOfNotesAreBounded(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	first := b.on(t, b.mia, "", b.picture, "First")
	if _, err := storetest.AdminPool().Exec(t.Context(), `
insert into threads (tenant_id, id, version_id, visibility, number, file_id, x, y, created_by)
select tenant_id, gen_random_uuid(), version_id, visibility, n, file_id, 5000, 5000, created_by from threads, generate_series(2, 60) n where id = $1`, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key, created_by, created_at)
select t.tenant_id, gen_random_uuid(), t.id, t.visibility, t.visibility, case when n = 120 then repeat('long ', 2000) else 'Reply ' || n end, gen_random_uuid(), t.created_by, now() + n * interval '1 second'
from threads t, generate_series(1, 120) n where t.version_id = $1`, b.draft); err != nil {
		t.Fatal(err)
	}
	var ids []uuid.UUID
	for page, want := range map[int]int{1: 25, 2: 25, 3: 10, 4: 0} {
		_, notes := b.listed(t, b.mia, store.NotesAt{File: b.picture, Page: page})
		if len(notes) != want {
			t.Errorf("page %d has %d notes, want %d", page, len(notes), want)
		}
		for i, n := range notes {
			ids = append(ids, n.ID)
			if n.Number != (page-1)*store.NotesShown+i+1 || len(n.Comments) != 1+store.RepliesShown {
				t.Errorf("page %d, note %d: %d, %d comments", page, i, n.Number, len(n.Comments))
			}
		}
	}
	if len(ids) != 60 {
		t.Errorf("%d notes in all", len(ids))
	}
	_, notes := b.listed(t, b.mia, store.NotesAt{File: b.picture})
	k := notes[0].Comments
	if k[0].Words != "First" || k[1].Words != "Reply 116" || !k[5].Shortened || len(k[5].Words) != store.WordsShown || notes[0].Said != 121 {
		t.Errorf("%d of %d: %.80q", len(k), notes[0].Said, []string{k[0].Words, k[1].Words, k[5].Words})
	}
	label := &store.NoteLabel{Visibility: store.ClientVisible, Number: 1}
	said := 0
	for page := 1; page <= 3; page++ {
		_, alone := b.listed(t, b.mia, store.NotesAt{Alone: label, Page: page})
		said += len(alone[0].Comments)
		if last := alone[0].Comments[len(alone[0].Comments)-1]; last.Shortened || page == 3 && len(last.Words) != 10_000 || alone[0].Comments[0].Place != 1+(page-1)*store.RepliesAlone {
			t.Errorf("page %d of the replies: %+v", page, last)
		}
	}
	if said != 121 {
		t.Errorf("%d comments of the note are read, want 121", said)
	}
	var pins []store.PinnedNote
	must(t, read(t, b.mia, store.ListPins(store.NotesAt{Deliverable: b.deliverable, Version: 1, File: b.picture}, nil, &pins)))
	if len(pins) != 59 || *pins[0].X != 5000 { // the first note has no place
		t.Errorf("%d pins", len(pins))
	}
	var found *store.FoundNote
	must(t, read(t, b.mia, store.FindNote(b.deliverable, 1, store.NoteLabel{Visibility: store.ClientVisible, Number: 27}, &found)))
	if found == nil || found.Before != 26 || *found.FileID != b.picture || found.Done || found.All {
		t.Errorf("the 27th note is at %+v", found)
	}
	var placed store.PlacedNote
	must(t, read(t, b.mia, store.PlaceNote(first.ID, &placed)))
	if !placed.Many || *placed.FileID != b.picture {
		t.Errorf("%+v", placed)
	}
}

// What the page lists of notes that were carried is what the export has: words of earlier
// versions, where they pointed, and only what the reader sees.
func TestListsHaveWhatExportsHave(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	n := 2500
	in := aNote("", "Darker")
	in.Anchor = store.Anchor{FileID: &b.picture, X: &n, Y: &n}
	darker, err := b.start(t, b.mia, 1, in)
	must(t, err)
	must(t, reply(t, b.ravi, darker.ID, store.TeamOnly, "cnryaside"))
	must(t, reply(t, b.ravi, darker.ID, store.ClientVisible, "@Mia, which blue?"))
	b.note(t, b.mia, "", "Whole")
	b.note(t, b.ravi, store.TeamOnly, "cnryteam")
	for number := 2; number <= 3; number++ {
		b.nextDraft(t, number)
		must(t, b.publish(t, number))
		for who, me := range map[string]store.Member{"the client": b.mia, "staff": b.ravi} {
			var listed []store.ListedNote
			var notes []store.Note
			var said []store.ExportedComment
			must(t, read(t, me, store.ListNotes(store.NotesAt{Deliverable: b.deliverable, Version: number, AllFiles: true}, &listed),
				store.ExportNotes(b.deliverable, number, &notes), store.ExportComments(b.deliverable, number, &said)))
			of := map[uuid.UUID][]store.Comment{}
			for _, k := range said {
				of[k.NoteID] = append(of[k.NoteID], k.Comment)
			}
			if len(listed) != len(notes) || len(notes) < 2 {
				t.Fatalf("%s on version %d: %d notes, the export has %d", who, number, len(listed), len(notes))
			}
			for i, n := range listed {
				var words []store.Comment
				for _, k := range n.Comments {
					words = append(words, k.Comment)
				}
				if !reflect.DeepEqual(n.Note, notes[i]) || !reflect.DeepEqual(words, of[n.ID]) || n.Said != len(words) {
					t.Errorf("%s on version %d:\n%+v\n%+v\nthe export has\n%+v\n%+v", who, number, n.Note, words, notes[i], of[n.ID])
				}
			}
			if strings.Contains(fmt.Sprint(listed), "cnry") != (who == "staff") || listed[0].FromVersion == nil || *listed[0].FromX != n {
				t.Errorf("%s on version %d: %+v", who, number, listed)
			}
			var counts []store.NoteCount
			must(t, read(t, me, store.CountNotes(store.NotesAt{Deliverable: b.deliverable, Version: number}, &counts)))
			if len(counts) != 1 || counts[0].Carried != len(notes) || counts[0].CarriedDone != 0 {
				t.Errorf("%s on version %d counts %+v", who, number, counts)
			}
		}
	}
}

// A note is found by its label with its file, its page and its place in the list. A team note
// is found by no client, nor by another tenant, as one that doesn't exist.
func TestHiddenNotesAreNotFound(t *testing.T) {
	t.Parallel()
	b := setupNotes(t)
	page := 2
	in := aNote("", "Page 2")
	in.Anchor = store.Anchor{FileID: &b.pdf, Page: &page}
	shown, err := b.start(t, b.mia, 1, in)
	must(t, err)
	must(t, resolve(t, b.mia, shown.ID, true))
	b.on(t, b.ravi, store.TeamOnly, b.text, "cnryteam")
	gus := b.Member(t, b.Gus, b.Globex)
	find := func(me store.Member, v store.Visibility, number int) (found *store.FoundNote) {
		t.Helper()
		must(t, read(t, me, store.FindNote(b.deliverable, 1, store.NoteLabel{Visibility: v, Number: number}, &found)))
		return found
	}
	if got := find(b.mia, store.ClientVisible, 1); got == nil || *got.FileID != b.pdf || *got.Page != 2 || !got.Done || got.Before != 0 {
		t.Errorf("the client's note: %+v", got)
	}
	if got := find(b.ravi, store.TeamOnly, 1); got == nil || *got.FileID != b.text {
		t.Errorf("the team's note: %+v", got)
	}
	for what, got := range map[string]*store.FoundNote{
		"a team note": find(b.mia, store.TeamOnly, 1), "an invented one": find(b.mia, store.ClientVisible, 2),
		"another tenant's": find(gus, store.ClientVisible, 1), "another tenant's team note": find(gus, store.TeamOnly, 1),
	} {
		if got != nil {
			t.Errorf("%s is found: %+v", what, got)
		}
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update files set deleted_at = now() where id = $1`, b.pdf); err != nil {
		t.Fatal(err)
	}
	if got := find(b.mia, store.ClientVisible, 1); got == nil || !got.All || got.FileID != nil {
		t.Errorf("a note on a file in the bin: %+v", got)
	}
}
