package views

import (
	"github.com/a-h/templ"

	"portico/views/ui"
)

// State is the state of a deliverable, a file or a row of a ledger. It is shown as an icon and a word, never by
// colour alone.
type State string

// The states that pages can show.
const (
	StateDraft    State = "draft"
	StateReview   State = "in_review"
	StateChanges  State = "changes"
	StateApproved State = "approved"
	// StateApprovedWith is approved if the changes are made. StateChangesRequired is the answer after which the
	// deliverable is StateChanges.
	StateApprovedWith    State = "approved_with_changes"
	StateChangesRequired State = "changes_required"
	StateUnanswered      State = "unanswered" // closed by staff without an answer

	StateLate      State = "late"
	StatePast      State = "past" // a version that a later one has replaced
	StateArchived  State = "archived"
	StateHidden    State = "hidden" // the client cannot see it
	StateSuspended State = "suspended"
	StatePaused    State = "paused"    // a client's suspended or archived portal, to its people
	StateWaiting   State = "uploading" // a file whose upload is not finished
	StateHeld      State = "held"      // a file that did not pass its checks
	StateMissing   State = "missing"   // a file whose bytes are lost
	StateLive      State = "live"      // a support session that is running
	StateEnded     State = "ended"
	StateDenied    State = "denied"
	StateOpen      State = "open"   // support access is on
	StateClosed    State = "closed" // support access is off
)

// badges holds each state's finished markup. Lists show one badge in every row, and a constant needs no rendering. The
// stylesheet draws the usual icon of a colour.
var badges = map[State]ui.Piece{
	StateDraft:    ui.Badge("draft", "", "Draft"),
	StateReview:   ui.Badge("review", "", "In review"),
	StateChanges:  ui.Badge("changes", "", "Changes needed"),
	StateApproved: ui.Badge("approved", "", "Approved"),
	StateLate:     ui.Badge("late", "", "Late"),

	StateApprovedWith:    ui.Badge("approved", "", "Approved with changes"),
	StateChangesRequired: ui.Badge("changes", "", "Changes needed"),
	StateUnanswered:      ui.Badge("archived", "lock", "Closed without an answer"),

	StatePast:      ui.Badge("archived", "history", "Earlier"),
	StateArchived:  ui.Badge("archived", "", "Archived"),
	StateHidden:    ui.Badge("hidden", "", "Team only"),
	StateSuspended: ui.Badge("late", "ban", "Suspended"),
	StatePaused:    ui.Badge("late", "ban", "Paused"),
	StateWaiting:   ui.Badge("review", "upload", "Uploading"),
	StateHeld:      ui.Badge("late", "triangle-alert", "Held back"),
	StateMissing:   ui.Badge("late", "triangle-alert", "Missing"),
	StateLive:      ui.Badge("changes", "eye", "Running"),
	StateEnded:     ui.Badge("archived", "check", "Ended"),
	StateDenied:    ui.Badge("late", "ban", "Refused"),
	StateOpen:      ui.Badge("approved", "life-buoy", "Allowed"),
	StateClosed:    ui.Badge("archived", "lock", "Not allowed"),
}

// status shows a state. An unknown state shows nothing.
func status(s State) templ.Component { return badges[s] }

func (s State) hasBadge() bool {
	_, ok := badges[s]
	return ok
}
