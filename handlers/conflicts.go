package handlers

import (
	"net/http"

	"portico/handlers/web"
	"portico/store"
	"portico/views/ui"
)

// errMoved means that somebody else moved the same row meanwhile.
var errMoved = &web.Problem{Status: http.StatusConflict, Title: "Someone else moved this",
	Sentence: "Your move wasn't saved. Check the current order, then move it again.", Cause: store.ErrChanged}

// expect tells the deed in which state the form was read.
func expect(tx *store.Tx, f *web.Form) { tx.Expect(store.Seen(f.Raw("seen"))) }

// field is one field of a form as it was typed, and as somebody else saved it meanwhile.
type field struct{ label, typed, saved string }

// differences are the fields that somebody else saved with another value than was typed.
func differences(fields ...field) []ui.Saved {
	var theirs []ui.Saved
	for _, f := range fields {
		if f.typed != f.saved {
			theirs = append(theirs, ui.Saved{Label: f.label, Value: f.saved})
		}
	}
	return theirs
}
