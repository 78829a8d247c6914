package views

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"portico/static"
)

// State is where a piece of work, or a row of a ledger, stands. It is shown as an icon and a word, never by colour
// alone.
type State string

// The states of the product.
const (
	StateDraft     State = "draft"
	StateReview    State = "in_review"
	StateChanges   State = "changes"
	StateApproved  State = "approved"
	StateLate      State = "late"
	StatePast      State = "past" // a version that a later one has taken the place of
	StateArchived  State = "archived"
	StateHidden    State = "hidden" // the client cannot see it
	StateSuspended State = "suspended"
	StateWaiting   State = "uploading" // a file that is not whole yet
	StateHeld      State = "held"      // a file that did not pass its checks
	StateLive      State = "live"      // a support session that runs
	StateEnded     State = "ended"
	StateDenied    State = "denied"
	StateOpen      State = "open"   // support may come in
	StateClosed    State = "closed" // support may not
)

// badges holds each state's finished markup. Lists show one a row, and a constant costs nothing to write.
var badges = map[State]string{
	StateDraft:     badge("draft", "pencil", "Draft"),
	StateReview:    badge("review", "eye", "In review"),
	StateChanges:   badge("changes", "undo-2", "Changes asked for"),
	StateApproved:  badge("approved", "check", "Approved"),
	StateLate:      badge("late", "clock", "Late"),
	StatePast:      badge("archived", "history", "Earlier"),
	StateArchived:  badge("archived", "archive", "Archived"),
	StateHidden:    badge("hidden", "eye-off", "Team only"),
	StateSuspended: badge("late", "ban", "Suspended"),
	StateWaiting:   badge("review", "upload", "Uploading"),
	StateHeld:      badge("late", "triangle-alert", "Held back"),
	StateLive:      badge("changes", "eye", "Running"),
	StateEnded:     badge("archived", "check", "Ended"),
	StateDenied:    badge("late", "ban", "Refused"),
	StateOpen:      badge("approved", "life-buoy", "Support may come in"),
	StateClosed:    badge("archived", "lock", "Closed"),
}

func badge(name, icon, word string) string {
	return `<span class="badge" data-status="` + name + `"><svg class="icon" aria-hidden="true"><use href="` +
		static.Path("icons.svg") + `#` + icon + `"></use></svg>` + word + `</span>`
}

// status shows a state; one this file does not know shows nothing.
func status(s State) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, badges[s])
		return err
	})
}
