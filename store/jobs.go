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

// Enqueue queues a tenant job in the transaction of the deed: a rollback removes it,
// a commit queues it exactly once. The tenant, the requester and the support session
// come from the transaction, not from the arguments.
func (tx *Tx) Enqueue(ctx context.Context, job queue.TenantJob) error {
	return tx.EnqueueAt(ctx, job, time.Time{})
}

// EnqueueAt is [Tx.Enqueue] for a job that runs later; the zero time is now.
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

// EnqueueDigests queues the digest of a day for each of the tenants, without a
// requester. Queuing twice does no harm, because the digest is an effect that happens
// once.
func (db *DB) EnqueueDigests(ctx context.Context, day string, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(s queue.Signature) queue.TenantJob { return &queue.ProjectDigest{Signature: s, Day: day} })
}

// EnqueueCleanups queues one clean-up for each of the tenants, without a requester.
func (db *DB) EnqueueCleanups(ctx context.Context, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(s queue.Signature) queue.TenantJob { return &queue.Cleanup{Signature: s} })
}

// EnqueueUsage queues one sum of usage for each of the tenants, without a requester.
func (db *DB) EnqueueUsage(ctx context.Context, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(s queue.Signature) queue.TenantJob { return &queue.AddUpUsage{Signature: s} })
}

func (db *DB) enqueueEach(ctx context.Context, tenants []uuid.UUID, newJob func(queue.Signature) queue.TenantJob) error {
	jobs := make([]queue.TenantJob, len(tenants))
	for i, tenant := range tenants {
		jobs[i] = newJob(queue.Signature{Tenant: tenant})
	}
	return db.enqueueAll(ctx, jobs)
}

// enqueueAll signs and queues jobs of the schedule, which have no requester.
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

// ActiveTenants returns up to limit ids of active tenants after the given one, in
// order, for periodic jobs that queue one tenant job each.
func (db *DB) ActiveTenants(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := db.engine.OutsideTenant(ctx, "active tenants", engine.Column(&ids),
		`select * from lookup.active_tenants($1, $2)`, nilIfZero(after), limit)
	return ids, err
}

// ErrStale means that the job was allowed when it was queued and is not any more: the
// tenant is suspended, or the requester lost the right.
var ErrStale = errors.New("no longer allowed")

// JobPolicy is what must still hold when a job runs. The zero value requires an
// active tenant and, if there is a requester, that they are still a member and, if they
// were support, that support may still make changes.
type JobPolicy struct {
	// RequesterMay is a capability that the requester must still have.
	RequesterMay Capability
	// LiveSupport: the support session in which the job was queued must still run.
	LiveSupport bool
	// AnyTenantState: the job also runs in a tenant that is not active, which still
	// needs clean-up.
	AnyTenantState bool
	// IgnoreRequester: the job reports something that happened, so it runs even if
	// the requester has lost access since.
	IgnoreRequester bool
}

// Job is a tenant job with a valid signature. Only [DB.VerifyJob] makes one, so no
// job can work in a tenant that an unsigned argument names.
type Job struct {
	scope   engine.Scope
	request string
	policy  JobPolicy
}

// VerifyJob checks the signature over kind and arguments. An invalid one is
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

// TenantID is the tenant in which the job works.
func (j Job) TenantID() uuid.UUID { return j.scope.Tenant }

// Actor is who caused the job; zero for the schedule.
func (j Job) Actor() uuid.UUID { return j.scope.Actor }

// Subject is as whom the actor caused the job; zero for the schedule.
func (j Job) Subject() uuid.UUID { return j.scope.User }

// SupportSession is the support session in which the job was caused, or zero.
func (j Job) SupportSession() uuid.UUID { return j.scope.Support }

// Work runs fn in one transaction inside the job's tenant, as party system, after
// checking the job's policy there. Rows it writes name the requester. If the policy
// no longer holds it returns [ErrStale], and [ErrNotFound] for a tenant that doesn't
// exist. fn may use the database only.
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
		return tx.audit(Event{Verb: "job.cancelled", Denied: true, Detail: map[string]any{"kind": kind}})
	})
}

// RefuseJob records a job without a valid signature where only the installation's
// operator sees it, because the tenant that it names is unproven.
func (db *DB) RefuseJob(ctx context.Context, job int64, kind string, claimed uuid.UUID, reason string) error {
	return db.engine.OutsideTenant(ctx, "refuse job", engine.Nothing,
		`select lookup.job_refused($1, $2, $3, $4, $5)`, NewID(), job, kind, engine.IDOrEmpty(claimed), reason)
}

// tenantStatus is the current state of the tenant in the context, its person and its
// support session.
type tenantStatus struct {
	TenantState *TenantState // nil: there is no such tenant
	AgencyName  *string
	PortalName  *string
	Accent      *string
	LogoID      *uuid.UUID
	MailName    *string
	Host        *string
	Party       *Party // nil: the person is no current member
	Role        *Role
	Name        *string
	Email       *string
	Support     bool // the support session is running
	// SupportAllowed says that nobody ended the support session and that its tenant still
	// allows support to make changes.
	SupportAllowed bool
}

func getTenantStatus(dst *tenantStatus) query {
	return one("standing", dst, `select * from lookup.job_standing()`, nil)
}

// checkPolicy asks the database, not the arguments, whether the job may run.
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
		return fmt.Errorf("%w: requester has no access", ErrStale)
	case d.RequesterMay != "" && !May(d.RequesterMay, *s.Party, *s.Role):
		return fmt.Errorf("%w: requester lacks the right", ErrStale)
	case tx.scope.Support != uuid.Nil && !s.SupportAllowed:
		return fmt.Errorf("%w: support may no longer make changes", ErrStale)
	case d.LiveSupport && tx.scope.Support != uuid.Nil && !s.Support:
		return fmt.Errorf("%w: support session is over", ErrStale)
	}
	return nil
}

// ClaimEffect claims an effect: it returns true the first time the key is claimed in
// this tenant. The claim commits with the effect, so that a retry finds it and does
// nothing.
func (tx *Tx) ClaimEffect(ctx context.Context, key string) (bool, error) {
	n, err := tx.exec(ctx, "job effect", `
insert into job_effects (tenant_id, key)
values (@tenant_id, @key)
on conflict do nothing`, pgx.StrictNamedArgs{"key": key})
	return n == 1, err
}

// EffectDone reads whether the effect of a key has happened in this tenant.
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

// MailSent records once that the mail of a key was sent, with an audit row if the
// event has a verb.
func (tx *Tx) MailSent(ctx context.Context, key string, e Event) error {
	first, err := tx.ClaimEffect(ctx, key)
	if err != nil || !first || e.Verb == "" {
		return err
	}
	return tx.audit(e)
}
