package queue

import (
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// Urgent is the queue of what somebody is waiting for in front of a screen. It
// has workers of its own, so that no heap of digests stands in its way.
const Urgent = "urgent"

// Priorities within a queue; River serves the lower number first.
const (
	priorityLater = 3
	priorityLast  = 4
)

// Names are all queues there are.
var Names = []string{Urgent, Pictures, river.QueueDefault}

// SignInMail sends the mail of a sign-in or step-up flow. The link and the code
// are minted by the job itself; neither ever lies in the queue.
type SignInMail struct {
	Platform
	Flow uuid.UUID `json:"flow"`
}

// Kind implements river.JobArgs.
func (SignInMail) Kind() string { return "sign_in_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (SignInMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Urgent} }

// Sweep removes what is over: sessions, flows, counters.
type Sweep struct{ Platform }

// Kind implements river.JobArgs.
func (Sweep) Kind() string { return "sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Sweep) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLast} }

// DailyDigests asks for one [ProjectDigest] in every active tenant, once a day.
type DailyDigests struct {
	Platform
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (DailyDigests) Kind() string { return "daily_digests" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DailyDigests) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLater, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// DailyCleanup asks for one [Cleanup] in every active tenant, once a day.
type DailyCleanup struct {
	Platform
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (DailyCleanup) Kind() string { return "daily_tidy" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DailyCleanup) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLast, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// Cleanup empties a tenant's bin of what it no longer keeps, and brings the rows of
// its files and what lies in object storage together.
type Cleanup struct{ Signature }

// Kind implements river.JobArgs.
func (Cleanup) Kind() string { return "tidy" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Cleanup) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLast} }

// Timeout implements [LongJob]: the job goes through all files of a tenant.
func (Cleanup) Timeout() time.Duration { return time.Hour }

// AlertMail tells the operators that a job was refused. It names the job and a
// reason of ours, and is sent at most once in ten minutes: one mail is enough to
// make somebody look, a thousand make nobody look.
type AlertMail struct {
	Platform
	Job     int64  `json:"job"`
	JobKind string `json:"job_kind"`
	Reason  string `json:"reason"`
}

// Kind implements river.JobArgs.
func (AlertMail) Kind() string { return "alert_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AlertMail) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Urgent, UniqueOpts: river.UniqueOpts{ByPeriod: 10 * time.Minute}}
}

// ProjectDigest tells the people of a tenant what is new in its projects. Its
// effect happens once for each Day.
type ProjectDigest struct {
	Signature
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (ProjectDigest) Kind() string { return "project_digest" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (ProjectDigest) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLast} }

// DigestMail sends one person what became new for them from Since until Until.
type DigestMail struct {
	Signature
	Day   string    `json:"day"`
	To    uuid.UUID `json:"to"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// Kind implements river.JobArgs.
func (DigestMail) Kind() string { return "digest_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DigestMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLater} }

// VersionPublished tells the client's people that work is ready for them.
type VersionPublished struct {
	Signature
	Version uuid.UUID `json:"version"`
}

// Kind implements river.JobArgs.
func (VersionPublished) Kind() string { return "version_published" }

// VersionMail tells one person that a version is ready.
type VersionMail struct {
	Signature
	Version uuid.UUID `json:"version"`
	To      uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (VersionMail) Kind() string { return "version_mail" }

// Pictures is the queue of previews. It has one worker in a process, and so there
// is one picture at a time in memory; a heap of them waits here and in nobody's way.
const Pictures = "pictures"

// FilePreview makes the small picture of a file that is a picture.
type FilePreview struct {
	Signature
	File uuid.UUID `json:"file"`
	Anew uuid.UUID `json:"anew,omitzero"` // one that was lost is made again
}

// Kind implements river.JobArgs.
func (FilePreview) Kind() string { return "file_preview" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FilePreview) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Pictures} }

// SupportMail tells one owner of the start or the end of a support session.
type SupportMail struct {
	Signature
	Session uuid.UUID `json:"session"`
	To      uuid.UUID `json:"to"`
	Ended   bool      `json:"ended"`
}

// Kind implements river.JobArgs.
func (SupportMail) Kind() string { return "support_mail" }
