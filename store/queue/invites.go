package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// InviteMail sends an invitation. The token of its link is minted by the job
// itself; it never lies in the queue. A later sending makes this one void.
type InviteMail struct {
	Signature
	Invite  uuid.UUID `json:"invite"`
	Sending int       `json:"sending"`
}

// Kind implements river.JobArgs.
func (InviteMail) Kind() string { return "invite_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (InviteMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Urgent} }
