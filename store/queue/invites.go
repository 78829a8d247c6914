package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// InviteMail sends an invitation. The job itself makes the token of the link, so
// that the queue never holds it. A job whose Sending is not the latest sends nothing.
type InviteMail struct {
	Signature
	Invite  uuid.UUID `json:"invite"`
	Sending int       `json:"sending"`
}

// Kind implements river.JobArgs.
func (InviteMail) Kind() string { return "invite_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (InviteMail) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Urgent, Priority: priorityAfterSignIn}
}

// InviteRefusedMail tells whoever invited that a mail server refused the invitation.
type InviteRefusedMail struct {
	Signature
	Invite  uuid.UUID `json:"invite"`
	Sending int       `json:"sending"`
	To      uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (InviteRefusedMail) Kind() string { return "invite_refused_mail" }
