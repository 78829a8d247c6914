package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"portico/store/engine"
	"portico/store/queue"
)

// Enqueue queues a tenant job in the transaction of the deed: rolled back with it,
// and there exactly once when it commits. The tenant, the asker and the support
// session are those of the transaction, whatever the arguments say.
func (tx *Tx) Enqueue(ctx context.Context, job queue.TenantJob) error {
	return tx.EnqueueAt(ctx, job, time.Time{})
}

// EnqueueAt is [Tx.Enqueue] for a job that is to run at a later time; the zero time is now.
func (tx *Tx) EnqueueAt(ctx context.Context, job queue.TenantJob, at time.Time) error {
	*job.JobSignature() = queue.Signature{
		Tenant:      tx.scope.Tenant,
		RequestedBy: tx.scope.User,
		Actor:       tx.scope.Actor,
		Support:     tx.scope.Support,
		Request:     tx.request,
	}
	if err := tx.signer.Sign(job); err != nil {
		return err
	}
	return tx.engine.InsertJob(ctx, job, &river.InsertOpts{ScheduledAt: at})
}

// EnqueuePlatform queues a platform job.
func (db *DB) EnqueuePlatform(ctx context.Context, job queue.PlatformJob) error {
	return db.engine.InsertJob(ctx, job)
}

// enqueuePlatform queues a platform job in the transaction.
func (tx *Tx) enqueuePlatform(ctx context.Context, job queue.PlatformJob) error {
	return tx.engine.InsertJob(ctx, job, nil)
}

// EnqueueDigests queues one digest of the day for each of the tenants, on nobody's
// behalf. Asking twice does no harm: the digest's effect happens once.
func (db *DB) EnqueueDigests(ctx context.Context, day string, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(seal queue.Signature) queue.TenantJob { return &queue.ProjectDigest{Signature: seal, Day: day} })
}

// EnqueueCleanups queues one tidying for each of the tenants, on nobody's behalf.
func (db *DB) EnqueueCleanups(ctx context.Context, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(seal queue.Signature) queue.TenantJob { return &queue.Cleanup{Signature: seal} })
}

func (db *DB) enqueueEach(ctx context.Context, tenants []uuid.UUID, newJob func(queue.Signature) queue.TenantJob) error {
	jobs := make([]queue.TenantJob, len(tenants))
	for i, tenant := range tenants {
		jobs[i] = newJob(queue.Signature{Tenant: tenant})
	}
	return db.enqueueAll(ctx, jobs)
}

// enqueueAll seals and queues jobs that nobody asked for but the schedule.
func (db *DB) enqueueAll(ctx context.Context, list []queue.TenantJob) error {
	if len(list) == 0 {
		return nil
	}
	jobs := make([]river.InsertManyParams, len(list))
	for i, job := range list {
		if err := db.signer.Sign(job); err != nil {
			return err
		}
		jobs[i] = river.InsertManyParams{Args: job}
	}
	return db.engine.InsertJobs(ctx, jobs)
}

// ActiveTenants returns up to limit ids after the given one, in order, for the
// periodic jobs that ask for one tenant job each.
func (db *DB) ActiveTenants(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := db.engine.OutsideTenant(ctx, "active tenants", engine.Column(&ids),
		`select * from lookup.active_tenants($1, $2)`, nilIfZero(after), limit)
	return ids, err
}

// ErrStale is a job that was rightly asked for and whose ground has gone since:
// the tenant is suspended, or whoever asked may no longer ask.
var ErrStale = errors.New("no longer called for")

// JobPolicy is what must still hold when a job does its work. The zero value asks
// for an active tenant and, if somebody asked, that they are still a member.
type JobPolicy struct {
	// RequesterMay is what whoever asked must still be allowed to do.
	RequesterMay Capability
	// LiveSupport: the support session it was asked in must still be under way.
	LiveSupport bool
	// AnyTenantState: also in a tenant that is suspended, whose things are kept in order
	// no less.
	AnyTenantState bool
	// IgnoreRequester of who asked: the job tells of something that has happened, and
	// is due even when that person has lost access since.
	IgnoreRequester bool
}

// Job is a tenant job whose seal was found to fit. Only [DB.VerifyJob] makes one,
// so no work is done in a tenant that an unsealed argument named.
type Job struct {
	scope   engine.Scope
	request string
	policy  JobPolicy
}

// VerifyJob checks the seal over kind and arguments. What does not fit is
// [queue.ErrSignature].
func (db *DB) VerifyJob(args queue.TenantJob, d JobPolicy) (Job, error) {
	if err := db.signer.Verify(args); err != nil {
		return Job{}, err
	}
	s := args.JobSignature()
	return Job{
		scope: engine.Scope{
			Tenant:  s.Tenant,
			User:    s.RequestedBy,
			Actor:   s.Actor,
			Support: s.Support,
			Party:   string(PartySystem),
		},
		request: s.Request,
		policy:  d,
	}, nil
}

// TenantID is the tenant that the job works in.
func (j Job) TenantID() uuid.UUID { return j.scope.Tenant }

// Actor is who really caused the job; zero for the schedule.
func (j Job) Actor() uuid.UUID { return j.scope.Actor }

// Subject is as whom the job was caused; zero for the schedule.
func (j Job) Subject() uuid.UUID { return j.scope.User }

// SupportSession is the support session that the job was caused in, or zero.
func (j Job) SupportSession() uuid.UUID { return j.scope.Support }

// Work runs fn in one transaction inside the job's tenant, as party system, once
// what the job demands was found to hold there. What it writes carries who asked.
// A job whose ground has gone is [ErrStale]; a tenant that does not exist is
// [ErrNotFound]. Nothing but the database may happen in fn.
func (db *DB) Work(ctx context.Context, j Job, fn func(*Tx) error) error {
	return db.write(ctx, j.scope, "", j.request, func(tx *Tx) error {
		if err := tx.checkPolicy(ctx, j.policy); err != nil {
			return err
		}
		return fn(tx)
	})
}

// CancelStale records in the job's tenant that the job was stale and did nothing.
func (db *DB) CancelStale(ctx context.Context, j Job, kind string) error {
	return db.write(ctx, j.scope, "", j.request, func(tx *Tx) error {
		return tx.audit(ctx, Event{Verb: "job.cancelled", Denied: true, Detail: map[string]any{"kind": kind}})
	})
}

// RefuseJob records a job that nobody rightly asked for, where only whoever runs
// the installation looks. The tenant it names is a claim.
func (db *DB) RefuseJob(ctx context.Context, job int64, kind string, claimed uuid.UUID, reason string) error {
	return db.engine.OutsideTenant(ctx, "refuse job", engine.Nothing,
		`select lookup.job_refused($1, $2, $3, $4, $5)`, NewID(), job, kind, engine.IDOrEmpty(claimed), reason)
}

// tenantStatus is how things stand in the tenant of the context, with its person and
// its support session.
type tenantStatus struct {
	TenantState *TenantState // nil: there is no such tenant
	AgencyName  *string
	PortalName  *string
	Accent      *string
	MailName    *string
	Host        *string
	Party       *Party // nil: the person is no member, or not any more
	Role        *Role
	Name        *string
	Email       *string
	Support     bool // the support session is under way
}

func getTenantStatus(dst *tenantStatus) query {
	return one("standing", dst, `select * from lookup.job_standing()`, nil)
}

// stands asks the database, not the arguments, whether the job may go on.
func (tx *Tx) checkPolicy(ctx context.Context, d JobPolicy) error {
	var s tenantStatus
	if err := tx.get(ctx, getTenantStatus(&s)); err != nil {
		return err
	}
	switch {
	case s.TenantState == nil:
		return fmt.Errorf("tenant of the job: %w", ErrNotFound)
	case *s.TenantState != TenantActive && !d.AnyTenantState:
		return fmt.Errorf("%w: tenant is %s", ErrStale, *s.TenantState)
	case d.IgnoreRequester || tx.scope.User == uuid.Nil:
		return nil
	case s.Role == nil:
		return fmt.Errorf("%w: asker has no access", ErrStale)
	case d.RequesterMay != "" && !May(d.RequesterMay, *s.Party, *s.Role):
		return fmt.Errorf("%w: asker may not", ErrStale)
	case d.LiveSupport && tx.scope.Support != uuid.Nil && !s.Support:
		return fmt.Errorf("%w: support session is over", ErrStale)
	}
	return nil
}

// ClaimEffect claims an effect: true for the first who names the key in this tenant.
// Committed with the effect, so a retry finds it and does nothing.
func (tx *Tx) ClaimEffect(ctx context.Context, key string) (bool, error) {
	n, err := tx.exec(ctx, "job effect", `
insert into job_effects (tenant_id, key)
values (@tenant_id, @key)
on conflict do nothing`, pgx.StrictNamedArgs{"key": key})
	return n == 1, err
}

// EffectDone says whether the effect of a key has happened in this tenant.
func (tx *Tx) EffectDone(ctx context.Context, key string) (bool, error) {
	var done bool
	err := tx.get(ctx, value("job effect", &done, `
select exists (
    select 1
    from job_effects
    where tenant_id = @tenant_id
      and key = @key
)`, pgx.StrictNamedArgs{"key": key}))
	return done, err
}

// MailSent records, once, that the mail of a key has left, and says so in the
// trail if the event has a verb.
func (tx *Tx) MailSent(ctx context.Context, key string, e Event) error {
	first, err := tx.ClaimEffect(ctx, key)
	if err != nil || !first || e.Verb == "" {
		return err
	}
	return tx.audit(ctx, e)
}
