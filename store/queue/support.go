package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// SupportStarted enqueues mails that tell the owners of a tenant that a support session
// started.
type SupportStarted struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportStarted) Kind() string { return "support_started" }

// SupportEnded enqueues mails that tell the owners of a tenant that a support session
// ended, and how. It may be enqueued more than once, but takes effect once for each
// session.
type SupportEnded struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportEnded) Kind() string { return "support_ended" }

// SupportExpiry runs at the hard end of a support session. It marks the session as
// expired if nobody ended it, and makes sure that its [SupportEnded] is enqueued.
type SupportExpiry struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportExpiry) Kind() string { return "support_expiry" }

// AccessRequested enqueues mails that tell the owners of a tenant that support requests
// access.
type AccessRequested struct {
	Signature
	AccessRequestID uuid.UUID `json:"ask"`
}

// Kind implements river.JobArgs.
func (AccessRequested) Kind() string { return "support_asked" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AccessRequested) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Urgent, Priority: priorityAfterSignIn}
}

// AccessRequestMail sends one owner an agent's access request.
type AccessRequestMail struct {
	Signature
	AccessRequestID uuid.UUID `json:"ask"`
	To              uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (AccessRequestMail) Kind() string { return "support_ask_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AccessRequestMail) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Urgent, Priority: priorityAfterSignIn}
}

// AccessAnswered mails an agent the answer to their access request.
type AccessAnswered struct {
	Signature
	AccessRequestID uuid.UUID `json:"ask"`
}

// Kind implements river.JobArgs.
func (AccessAnswered) Kind() string { return "support_answered" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AccessAnswered) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Urgent, Priority: priorityAfterSignIn}
}

// SupportFlagged tells the operators that somebody flagged a support session.
type SupportFlagged struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportFlagged) Kind() string { return "support_flagged" }
