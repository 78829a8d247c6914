package jobs

import (
	"context"
	"errors"

	"portico/store"
	"portico/store/queue"
)

// domainsDue enqueues a check of each domain that is due.
func (r *Runner) domainsDue(ctx context.Context, _ queue.DomainsDue) error {
	return r.db.EnqueueDomainChecks(ctx)
}

// domainCheck looks up a domain's DNS records and stores the result. It queries only a
// name server and never connects to what a record names. It does nothing for a domain
// that was removed meanwhile.
func (r *Runner) domainCheck(ctx context.Context, j store.Job, job queue.DomainCheck) error {
	var d store.Domain
	err := r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.Read(ctx, store.GetDomain(job.Domain, &d)) })
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	seen := r.cfg.DNS.Lookup(ctx, d.Host, d.Token, r.cfg.URL.Hostname())
	report := store.DomainReport{Proof: string(seen.Proof), Pointing: string(seen.Pointing), Seen: seen.Records}
	err = r.recordDomainCheck(ctx, j, d, report)
	if errors.Is(err, store.ErrConflict) {
		report.Proof = "taken"
		err = r.recordDomainCheck(ctx, j, d, report)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (r *Runner) recordDomainCheck(ctx context.Context, j store.Job, d store.Domain, report store.DomainReport) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error { return tx.RecordDomainCheck(ctx, d, report) })
}
