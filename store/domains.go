package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// Domain is a host that a tenant claims.
type Domain struct {
	ID         uuid.UUID
	Host       string
	Token      string     // to be published in DNS as the proof of this claim
	VerifiedAt *time.Time // nil: requests to it are not routed
	Proof      string     // "unknown", "there", "missing", "other", "unanswered" or "taken" by another tenant
	Pointing   string     // where the domain points; same words as Proof
	Seen       []string
	CheckedAt  *time.Time
	// NextCheckAt is nil when no more checks are planned.
	NextCheckAt *time.Time
	Looking     bool // a check is running or queued
}

const selectDomain = `
select id, host, token, verified_at, proof, pointing, seen, checked_at, next_check_at,
       coalesce(next_check_at <= now() + interval '5 seconds', false) as looking
from domains
where tenant_id = @tenant_id`

// ListDomains reads the tenant's domains, the oldest first.
func ListDomains(dst *[]Domain) Read {
	return Read{many("list domains", dst, selectDomain+`
order by created_at, id`, nil)}
}

// GetDomain reads one of the tenant's domains.
func GetDomain(id uuid.UUID, dst *Domain) Read {
	return Read{one("domain", dst, selectDomain+`
  and id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// FreshStepUp reads whether the person stepped up in this browser within the last
// five minutes.
func FreshStepUp(me Member, dst *bool) Read {
	return Read{value("fresh step-up", dst, `
select exists (
    select 1
    from sessions
    where user_id = nullif(current_setting('app.user_id', true), '')::uuid
      and id = @session
      and stepped_up_at between now() - interval '5 minutes' and now()
)`, pgx.StrictNamedArgs{"session": me.Person.SessionID})}
}

// requireMemberStepUp returns [ErrStepUp] without a fresh step-up.
func (tx *Tx) requireMemberStepUp(ctx context.Context, me Member) error {
	var fresh bool
	if err := tx.Read(ctx, FreshStepUp(me, &fresh)); err != nil {
		return err
	}
	if !fresh {
		return ErrStepUp
	}
	return nil
}

// maxDomains is how many domains a tenant may claim.
const maxDomains = 20

// AddDomain claims a domain. It is not routed until its proof is found. Without a
// fresh step-up it returns [ErrStepUp].
func (tx *Tx) AddDomain(ctx context.Context, me Member, host string) error {
	if err := tx.requireMemberStepUp(ctx, me); err != nil {
		return err
	}
	// If two people claim the last domain at once, one must be refused.
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	tx.spend(actDomain)
	var id uuid.UUID
	err := tx.get(ctx, value("add domain", &id, `
insert into domains (tenant_id, host)
select @tenant_id, @host
where (select count(*) from domains where tenant_id = @tenant_id) < @most
on conflict (tenant_id, host) do nothing
returning id`, pgx.StrictNamedArgs{"host": host, "most": maxDomains}))
	if errors.Is(err, ErrNotFound) {
		return InvalidError{"host": fmt.Sprintf("That domain is already listed, or you have reached the limit of %d domains.", maxDomains)}
	}
	if err != nil {
		return err
	}
	if err := tx.Enqueue(ctx, &queue.DomainCheck{Domain: id}); err != nil {
		return err
	}
	return tx.auditDomain(ctx, "domain.added", id, host)
}

// RemoveDomain releases a domain, which stops being routed. A new claim needs a new
// proof. Without a fresh step-up it returns [ErrStepUp].
func (tx *Tx) RemoveDomain(ctx context.Context, me Member, id uuid.UUID) error {
	var host string
	err := tx.get(ctx, value("remove domain", &host, `
delete from domains
where tenant_id = @tenant_id
  and id = @id
returning host`, pgx.StrictNamedArgs{"id": id}))
	if err != nil {
		return err
	}
	if err := tx.requireMemberStepUp(ctx, me); err != nil {
		return err
	}
	return tx.auditDomain(ctx, "domain.removed", id, host)
}

// CheckDomain queues a check of a domain now.
func (tx *Tx) CheckDomain(ctx context.Context, id uuid.UUID) error {
	var d Domain
	if err := tx.Read(ctx, GetDomain(id, &d)); err != nil {
		return err
	}
	tx.spend(actCheck)
	return tx.Enqueue(ctx, &queue.DomainCheck{Domain: id})
}

func (tx *Tx) auditDomain(ctx context.Context, verb string, id uuid.UUID, host string) error {
	return tx.audit(Event{Verb: verb, TargetKind: KindDomain, TargetID: id, Detail: map[string]any{"host": host}})
}

// DomainReport is the result of one check, in the words of [Domain].
type DomainReport struct {
	Proof    string
	Pointing string
	Seen     []string
}

// RecordDomainCheck records a check and plans the next one: less and less often for
// two weeks while something is missing, and once a day when all is well. A domain
// whose proof is found becomes the tenant's; one whose proof has been missing for
// three days no longer is. A DNS server that doesn't answer changes nothing. A domain
// that another tenant has verified is [ErrConflict].
func (tx *Tx) RecordDomainCheck(ctx context.Context, d Domain, r DomainReport) error {
	var now Domain
	err := tx.get(ctx, one("domain looked at", &now, `
update domains
set proof = @proof,
    pointing = case when @pointing = 'unanswered' and pointing = 'there' then pointing else @pointing end,
    seen = coalesce(@seen::text[], '{}'),
    checked_at = now(),
    proved_at = case when @proof = 'there' then now() else proved_at end,
    verified_at = case
        when @proof = 'there' then coalesce(verified_at, now())
        when @proof = 'unanswered' or proved_at between now() - interval '3 days' and now() then verified_at
        end,
    misses = case when @proof = 'there' and @pointing = 'there' then 0 else misses + 1 end,
    next_check_at = case
        when @proof = 'there' and @pointing = 'there' then now() + interval '1 day'
        when verified_at is null and @proof <> 'there' and created_at < now() - interval '14 days' then null
        else now() + interval '1 minute' * 2 ^ least(misses, 8)
        end
where tenant_id = @tenant_id
  and id = @id
returning id, host, token, verified_at, proof, pointing, seen, checked_at, next_check_at, false as looking`,
		pgx.StrictNamedArgs{"id": d.ID, "proof": r.Proof, "pointing": r.Pointing, "seen": r.Seen}))
	if err != nil {
		return err
	}
	switch {
	case d.VerifiedAt == nil && now.VerifiedAt != nil:
		return tx.auditDomain(ctx, "domain.verified", d.ID, d.Host)
	case d.VerifiedAt != nil && now.VerifiedAt == nil:
		return tx.auditDomain(ctx, "domain.lapsed", d.ID, d.Host)
	}
	return nil
}

// domainsAtOnce is how many domains are checked in one minute at most.
const domainsAtOnce = 100

// EnqueueDomainChecks queues a check for each domain that is due. The jobs have no
// requester.
func (db *DB) EnqueueDomainChecks(ctx context.Context) error {
	var list []struct{ TenantID, DomainID uuid.UUID }
	err := db.engine.OutsideTenant(ctx, "domains due", engine.Many(&list),
		`select tenant_id, domain_id from lookup.domains_due($1)`, domainsAtOnce)
	if err != nil {
		return err
	}
	jobs := make([]queue.TenantJob, len(list))
	for i, d := range list {
		jobs[i] = &queue.DomainCheck{Signature: queue.Signature{Tenant: d.TenantID}, Domain: d.DomainID}
	}
	return db.enqueueAll(ctx, jobs)
}
