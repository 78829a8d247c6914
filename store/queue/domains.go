package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// DomainsDue enqueues one [DomainCheck] for each domain that is due.
type DomainsDue struct{ Platform }

// Kind implements river.JobArgs.
func (DomainsDue) Kind() string { return "domains_due" }

// InsertOpts implements river.JobArgsWithInsertOpts. There are no
// retries: the next minute enqueues another.
func (DomainsDue) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLow, MaxAttempts: 1}
}

// DomainCheck looks up a domain's DNS records and stores the result.
type DomainCheck struct {
	Signature
	Domain uuid.UUID `json:"domain"`
}

// Kind implements river.JobArgs.
func (DomainCheck) Kind() string { return "domain_check" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DomainCheck) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 3} }
