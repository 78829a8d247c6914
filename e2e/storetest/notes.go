package storetest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"portico/store"
)

// Notes returns what a member reads of all notes on a version, and of what was said in them,
// the newest first.
func Notes(t testing.TB, me store.Member, deliverable uuid.UUID, number int) (notes []store.Note, comments []store.Comment) {
	t.Helper()
	var said []store.ExportedComment
	check(t, DB().Read(t.Context(), me, store.ExportNotes(deliverable, number, &notes), store.ExportComments(deliverable, number, &said)))
	slices.SortStableFunc(notes, func(a, b store.Note) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, k := range slices.Backward(said) {
		comments = append(comments, k.Comment)
	}
	return notes, comments
}
