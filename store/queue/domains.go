package queue

import (
	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// DomainsDue asks for one [DomainCheck] for each domain that is due.
type DomainsDue struct{ Platform }

// Kind implements river.JobArgs.
func (DomainsDue) Kind() string { return "domains_due" }

// InsertOpts implements river.JobArgsWithInsertOpts. The next minute asks again.
func (DomainsDue) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: priorityLater, MaxAttempts: 1}
}

// DomainCheck looks at what the DNS says of a domain.
type DomainCheck struct {
	Signature
	Domain uuid.UUID `json:"domain"`
}

// Kind implements river.JobArgs.
func (DomainCheck) Kind() string { return "domain_check" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DomainCheck) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 3} }
