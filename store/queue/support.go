package queue

import "github.com/google/uuid"

// SupportStarted tells the owners of a tenant by mail that a support session began.
type SupportStarted struct {
	Seal
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportStarted) Kind() string { return "support_started" }

// SupportEnded tells the owners of a tenant by mail that a support session is
// over, and how it ended. It may be asked for more than once: its effect happens
// once for each session.
type SupportEnded struct {
	Seal
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportEnded) Kind() string { return "support_ended" }

// SupportExpiry runs at the hard end of a support session: it marks the session
// if nobody ended it, and sees to it that its [SupportEnded] was asked for.
type SupportExpiry struct {
	Seal
	Session uuid.UUID `json:"session"`
}

// Kind implements river.JobArgs.
func (SupportExpiry) Kind() string { return "support_expiry" }
