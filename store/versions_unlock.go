package store

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// TwoApprovedError means that unlocking a version would give a deliverable two approved
// versions. It wraps [ErrConflict].
type TwoApprovedError struct{ Approved int } // the number of the other one

func (e *TwoApprovedError) Error() string { return fmt.Sprintf("version %d is approved", e.Approved) }

func (e *TwoApprovedError) Unwrap() error { return ErrConflict }

// UnlockVersion unlocks a published version, and locks the one that people decided on until
// now: its requests end, and those that ended when the version was locked go on. What was
// decided on either stays. A version that was approved is approved again, unless another is
// approved: that is a [*TwoApprovedError]. Only staff unlock, in person. A version that isn't
// locked stays as it is.
func (tx *Tx) UnlockVersion(ctx context.Context, deliverable uuid.UUID, number int) error {
	if !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("unlock version: %w", ErrForbidden)
	}
	var locked []lockedVersion
	if err := tx.get(ctx, lockVersions(deliverable, math.MaxInt32, &locked)); err != nil {
		return err
	}
	var v struct {
		ID       uuid.UUID
		Locked   bool
		Outcome  Outcome
		Approved int // the number of another version that is approved; 0 for none
	}
	err := tx.get(ctx, one("version to unlock", &v, `
select v.id, v.locked_at is not null as locked, coalesce(v.outcome, '') as outcome,
       coalesce((select o.number from versions o where o.tenant_id = @tenant_id and o.deliverable_id = v.deliverable_id and o.id <> v.id and o.approved_at is not null), 0) as approved
from versions v
join deliverables d on d.tenant_id = @tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number
  and v.shared_at is not null`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number}))
	switch {
	case err != nil:
		return err
	case !v.Locked:
		return nil // the button was pressed twice
	case v.Outcome.approves() && v.Approved != 0:
		return &TwoApprovedError{v.Approved}
	}
	tx.supersede(v.ID, deliverable)
	tx.changeLater("unlock version", `
update versions
set locked_at = null,
    approved_at = case when @approved then coalesce(approved_at, now()) end
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": v.ID, "approved": v.Outcome.approves()}, ErrNotFound)
	if err := tx.reopenRequests(ctx, v.ID); err != nil {
		return err
	}
	tx.refreshFileCounts(v.ID)
	tx.changeLater("deliverable of unlocked version", `
update deliverables
set state = @state,
    with_changes = @with_changes,
    shown_at = now(),
    updated_at = now()
where tenant_id = @tenant_id
  and id = @deliverable`, pgx.StrictNamedArgs{"deliverable": deliverable, "state": v.Outcome.state(), "with_changes": v.Outcome == ApprovedWithChanges}, ErrNotFound)
	tx.recount(true)
	return tx.audit(Event{Verb: "version.unlocked", TargetKind: KindDeliverable, TargetID: deliverable, Detail: map[string]any{"version": number}})
}

// reopenRequests goes on with what was asked about a version when it was locked, and mails
// who is asked now. Their reminders are still in the queue. Who may not decide any more is
// asked nothing.
func (tx *Tx) reopenRequests(ctx context.Context, version uuid.UUID) error {
	args := pgx.StrictNamedArgs{"version": version}
	tx.later("end requests of who left", `
update review_requests r
set ended_how = 'person_gone'
from memberships m
where r.tenant_id = @tenant_id
  and r.version_id = @version
  and r.ended_how = 'superseded'
  and m.tenant_id = @tenant_id
  and m.user_id = r.user_id
  and not `+mayDecideSQL, args)
	var asked []uuid.UUID
	err := tx.get(ctx, column("requests that go on", &asked, `
update review_requests
set ended_at = null, ended_how = null
where tenant_id = @tenant_id
  and version_id = @version
  and ended_how = 'superseded'
returning case when asked_at is not null then id end`, args))
	if err != nil {
		return err
	}
	for _, id := range asked {
		if id == uuid.Nil {
			continue
		}
		if err := tx.Enqueue(ctx, &queue.ReviewMail{Request: id, Mailing: NewID()}); err != nil {
			return err
		}
	}
	return nil
}
