package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// SupportStarted tells the owners of a tenant by mail that a support session began.
type SupportStarted struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportStarted) Kind() string { return "support_started" }

// SupportEnded tells the owners of a tenant by mail that a support session is
// over, and how it ended. It may be asked for more than once: its effect happens
// once for each session.
type SupportEnded struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportEnded) Kind() string { return "support_ended" }

// SupportExpiry runs at the hard end of a support session: it marks the session
// if nobody ended it, and sees to it that its [SupportEnded] was asked for.
type SupportExpiry struct {
	Signature
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportExpiry) Kind() string { return "support_expiry" }

// SupportAsked tells the owners of a tenant by mail that support asks to come in.
type AccessRequested struct {
	Signature
	AccessRequestID uuid.UUID `json:"ask"`
}

// Kind implements river.JobArgs.
func (AccessRequested) Kind() string { return "support_asked" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AccessRequested) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Urgent} }

// AccessRequestMail brings one owner the request of an agent.
type AccessRequestMail struct {
	Signature
	AccessRequestID uuid.UUID `json:"ask"`
	To              uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (AccessRequestMail) Kind() string { return "support_ask_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AccessRequestMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Urgent} }
