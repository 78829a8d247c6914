package queue

import (
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Urgent is the queue for jobs that somebody is waiting for, such as sign-in mail.
// It has its own workers, so that a backlog of digests does not delay it.
const Urgent = "urgent"

// Priorities within a queue; River serves the lower number first.
const (
	// In the urgent queue only sign-in mail goes first. One tenant can cause many of the
	// other mails, and they must not keep people from signing in.
	priorityAfterSignIn = 2

	priorityLow    = 3
	priorityLowest = 4
)

// Names lists every queue.
var Names = []string{Urgent, Pictures, Documents, Media, Copies, Seals, river.QueueDefault}

// SignInMail sends the mail of a sign-in or step-up flow. The job itself makes the
// link and the code, so that the queue never holds them.
type SignInMail struct {
	Platform
	Flow uuid.UUID `json:"flow"`
}

// Kind implements river.JobArgs.
func (SignInMail) Kind() string { return "sign_in_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (SignInMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Urgent} }

// Sweep deletes expired sessions, flows and counters.
type Sweep struct{ Platform }

// Kind implements river.JobArgs.
func (Sweep) Kind() string { return "sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Sweep) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLowest} }

// DailyDigests enqueues one [ProjectDigest] in every active tenant, once a day.
type DailyDigests struct {
	Platform
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (DailyDigests) Kind() string { return "daily_digests" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DailyDigests) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLow, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// DailyCleanup enqueues one [Cleanup] in every active tenant, once a day.
type DailyCleanup struct {
	Platform
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (DailyCleanup) Kind() string { return "daily_tidy" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DailyCleanup) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLowest, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// HourlyUsage enqueues one [AddUpUsage] in every active tenant, once an hour.
type HourlyUsage struct {
	Platform
	Hour string `json:"hour"` // 2006-01-02T15
}

// Kind implements river.JobArgs.
func (HourlyUsage) Kind() string { return "hourly_usage" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (HourlyUsage) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLowest, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// HourlyProofs tries what the trust page claims, once an hour.
type HourlyProofs struct {
	Platform
	Hour string `json:"hour"` // 2006-01-02T15
}

// Kind implements river.JobArgs.
func (HourlyProofs) Kind() string { return "hourly_proofs" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (HourlyProofs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLowest, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// AddUpUsage adds up what a tenant used in hours and months.
type AddUpUsage struct{ Signature }

// Kind implements river.JobArgs.
func (AddUpUsage) Kind() string { return "add_up_usage" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (AddUpUsage) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLowest} }

// Seals is the queue of [Seal]. It has workers of its own, because the trail is sealed within
// five minutes whatever else there is to do.
const Seals = "seals"

// SealDue enqueues a [Seal] in every tenant with events to seal, every minute.
type SealDue struct{ Platform }

// Kind implements river.JobArgs.
func (SealDue) Kind() string { return "seal_due" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (SealDue) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Seals, UniqueOpts: river.UniqueOpts{ByPeriod: time.Minute}}
}

// Seal seals the events of a tenant that are not sealed yet.
type Seal struct {
	Signature
	All bool `json:"all,omitzero"` // looks at the whole trail, and not only at the newest events
}

// Kind implements river.JobArgs.
func (Seal) Kind() string { return "seal" }

// InsertOpts implements river.JobArgsWithInsertOpts. A tenant has one such job at a time.
func (Seal) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Seals, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Timeout implements [LongJob]: a trail that was never sealed can be long.
func (Seal) Timeout() time.Duration { return 30 * time.Minute }

// Cleanup deletes what has been in a tenant's bin for too long, and reconciles the
// rows of its files with object storage.
type Cleanup struct{ Signature }

// Kind implements river.JobArgs.
func (Cleanup) Kind() string { return "tidy" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Cleanup) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLowest} }

// Timeout implements [LongJob]: the job reads all files of a tenant.
func (Cleanup) Timeout() time.Duration { return time.Hour }

// AlertMail tells the operators that a job was refused. It names the job and one of
// our own reasons, never an argument. At most one is sent in ten minutes, so that
// many refusals do not flood the operators.
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
	return river.InsertOpts{Queue: Urgent, Priority: priorityAfterSignIn, UniqueOpts: river.UniqueOpts{ByPeriod: 10 * time.Minute}}
}

// ProjectDigest enqueues a [DigestMail] for each person of a tenant if its projects
// have news. It takes effect once for each Day.
type ProjectDigest struct {
	Signature
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (ProjectDigest) Kind() string { return "project_digest" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (ProjectDigest) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLowest} }

// DayJoined is the Day of the [DigestMail] to a client user who joined after something
// was published. It lists what they have not opened, without Since and Until.
const DayJoined = "joined"

// DigestMail sends one person the news between Since and Until.
type DigestMail struct {
	Signature
	Day   string    `json:"day"` // 2006-01-02, or DayJoined
	To    uuid.UUID `json:"to"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// Kind implements river.JobArgs.
func (DigestMail) Kind() string { return "digest_mail" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DigestMail) InsertOpts() river.InsertOpts { return river.InsertOpts{Priority: priorityLow} }

// VersionPublished enqueues a [VersionMail] for each person on the client's side.
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

// ReviewMail asks one person to decide on a version, or reminds them.
type ReviewMail struct {
	Signature
	Request uuid.UUID `json:"request"`
	Mailing uuid.UUID `json:"mailing"` // unique for each mail about a request
	// Reminds says that it is a reminder.
	Reminds bool `json:"reminds,omitzero"`
}

// Kind implements river.JobArgs.
func (ReviewMail) Kind() string { return "review_mail" }

// DecisionMail tells one person of the agency what somebody decided.
type DecisionMail struct {
	Signature
	Decision uuid.UUID `json:"decision"`
	To       uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (DecisionMail) Kind() string { return "decision_mail" }

// PassedOnMail tells one person of the agency to whom a request was passed on.
type PassedOnMail struct {
	Signature
	Request uuid.UUID `json:"request"`
	To      uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (PassedOnMail) Kind() string { return "passed_on_mail" }

// NotesWritten enqueues a [NoteMail] for each person whom the notes on a deliverable, or on
// a project, concern that were written in [NoteMinutes] from Since. It runs when they are over.
type NotesWritten struct {
	Signature
	Deliverable uuid.UUID `json:"deliverable"`      // [uuid.Nil] for notes on a project
	Project     uuid.UUID `json:"project,omitzero"` // [uuid.Nil] for those on a deliverable
	Since       time.Time `json:"since"`
}

// NoteMinutes is how long notes are collected, so that nobody gets more than one mail
// about a deliverable in that time.
const NoteMinutes = 10

// Kind implements river.JobArgs.
func (NotesWritten) Kind() string { return "notes_written" }

// NoteMail tells one person of notes that others wrote.
type NoteMail struct {
	Signature
	Deliverable uuid.UUID `json:"deliverable"` // as in [NotesWritten]
	Project     uuid.UUID `json:"project,omitzero"`
	Since       time.Time `json:"since"`
	To          uuid.UUID `json:"to"`
}

// Kind implements river.JobArgs.
func (NoteMail) Kind() string { return "note_mail" }

// MentionMail tells a person that a comment names them.
type MentionMail struct {
	Signature
	Comment uuid.UUID `json:"comment"`
	To      uuid.UUID `json:"to"`
	Team    bool      `json:"team"` // only the team sees the comment
}

// Kind implements river.JobArgs.
func (MentionMail) Kind() string { return "mention_mail" }

// Certificate signs the certificate of approval of a version.
type Certificate struct {
	Signature
	Version uuid.UUID `json:"version"`
}

// Kind implements river.JobArgs.
func (Certificate) Kind() string { return "certificate" }

// Pictures is the queue of previews. It has one worker in each process, so that only
// one picture at a time is in memory and a backlog delays no other job.
const Pictures = "pictures"

// FilePreview makes the preview of a picture file.
type FilePreview struct {
	Signature
	File uuid.UUID `json:"file"`
	Redo uuid.UUID `json:"anew,omitzero"` // unique for each request to make a lost preview again
}

// Kind implements river.JobArgs.
func (FilePreview) Kind() string { return "file_preview" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FilePreview) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Pictures} }

// FileDifference finds where two pictures differ, or two pages of documents. Page 0 is a
// picture.
type FileDifference struct {
	Signature
	A     uuid.UUID `json:"a"`
	APage int       `json:"a_page"`
	B     uuid.UUID `json:"b"`
	BPage int       `json:"b_page"`
}

// Kind implements river.JobArgs.
func (FileDifference) Kind() string { return "file_difference" }

// InsertOpts implements river.JobArgsWithInsertOpts. Previews go first.
func (FileDifference) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Pictures, Priority: priorityLow}
}

// Timeout implements [LongJob].
func (FileDifference) Timeout() time.Duration { return 3 * time.Minute }

// Documents is the queue for drawing the pages of documents, which takes seconds a page.
const Documents = "documents"

// FilePages draws the next pages of a document.
type FilePages struct {
	Signature
	File uuid.UUID `json:"file"`
	From int       `json:"from"` // the first page to draw, from 1
}

// Kind implements river.JobArgs.
func (FilePages) Kind() string { return "file_pages" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FilePages) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Documents} }

// Timeout implements [LongJob].
func (FilePages) Timeout() time.Duration { return 10 * time.Minute }

// Media is the queue for looking at video and sound, which takes seconds each.
const Media = "media"

// FileMedia measures a recording and makes its picture.
type FileMedia struct {
	Signature
	File uuid.UUID `json:"file"`
}

// Kind implements river.JobArgs.
func (FileMedia) Kind() string { return "file_media" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FileMedia) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Media} }

// Timeout implements [LongJob].
func (FileMedia) Timeout() time.Duration { return 20 * time.Minute }

// Copies is the queue for making copies of recordings that browsers play. One takes as long
// as the recording, so that nothing else may wait for it.
const Copies = "copies"

// FilePlayable makes a copy of a recording that browsers play.
type FilePlayable struct {
	Signature
	File uuid.UUID `json:"file"`
}

// Kind implements river.JobArgs.
func (FilePlayable) Kind() string { return "file_playable" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FilePlayable) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Copies} }

// Timeout implements [LongJob].
func (FilePlayable) Timeout() time.Duration { return 4 * time.Hour }

// SupportMail tells one owner that a support session started or ended.
type SupportMail struct {
	Signature
	Session uuid.UUID `json:"session"`
	To      uuid.UUID `json:"to"`
	Ended   bool      `json:"ended"`
}

// Kind implements river.JobArgs.
func (SupportMail) Kind() string { return "support_mail" }
