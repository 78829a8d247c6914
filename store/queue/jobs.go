package queue

import "github.com/google/uuid"

// SignInMail sends the mail of a sign-in or step-up flow. The link and the code
// are minted by the job itself; neither ever lies in the queue.
type SignInMail struct {
	Platform
	Flow uuid.UUID `json:"flow"`
}

// Kind implements river.JobArgs.
func (SignInMail) Kind() string { return "sign_in_mail" }

// Sweep removes what is over: sessions, flows, counters.
type Sweep struct{ Platform }

// Kind implements river.JobArgs.
func (Sweep) Kind() string { return "sweep" }

// DailyDigests asks for one [ProjectDigest] in every active tenant.
type DailyDigests struct{ Platform }

// Kind implements river.JobArgs.
func (DailyDigests) Kind() string { return "daily_digests" }

// ProjectDigest tells the people of a tenant what is new in its projects. Its
// effect happens once for each Day.
type ProjectDigest struct {
	Seal
	Day string `json:"day"` // 2006-01-02
}

// Kind implements river.JobArgs.
func (ProjectDigest) Kind() string { return "project_digest" }
