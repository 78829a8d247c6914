package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// MaxAsked is how many people can be asked to decide on a version at once, and MaxSteps
// how many one after another.
const (
	MaxAsked = 50
	MaxSteps = 20
)

// Ask is whom staff ask to decide on a version.
type Ask struct {
	People []uuid.UUID // of the client, who may decide; in their order if the rule is AskInOrder
	Rule   AskRule
	DueOn  *time.Time // a date; nil: none
}

// Request asks a person of the client to decide on a version, alone or with others in a
// step.
type Request struct {
	ID             uuid.UUID
	VersionID      uuid.UUID
	Step           int
	Rule           AskRule // of the step
	Withdrawn      bool    // the step is closed without an answer
	UserID         uuid.UUID
	Name           string
	AskerID        uuid.UUID
	AskerName      string
	AskerParty     Party      // a client user asks by passing on
	DueOn          *time.Time // a date
	AskedAt        *time.Time // nil: the step before is open
	OpenedAt       *time.Time // when the person first opened the version
	EndedAt        *time.Time // nil: it is open
	EndedHow       *RequestEnd
	PassedToName   string // "" unless it was passed on
	LastReminderAt *time.Time
}

// Open says that the person is asked now.
func (r Request) Open() bool { return r.AskedAt != nil && r.EndedAt == nil }

// ListRequests reads the requests about all versions of a deliverable, the newest version
// first and then by step, at most 1000.
func ListRequests(deliverable uuid.UUID, dst *[]Request) Read {
	return Read{many("list requests", dst, `
select r.id, r.version_id, r.step, s.rule, coalesce(s.outcome, '') = 'closed' as withdrawn, r.user_id, m.name,
       r.asked_by as asker_id, a.name as asker_name, a.party as asker_party, r.due_on, r.asked_at, r.opened_at, r.ended_at, r.ended_how,
       coalesce(t.name, '') as passed_to_name, r.last_reminder_at
from versions v
join review_requests r on r.tenant_id = @tenant_id and r.version_id = v.id
join review_steps s on s.tenant_id = @tenant_id and s.version_id = v.id and s.number = r.step
join memberships m on m.tenant_id = @tenant_id and m.user_id = r.user_id
join memberships a on a.tenant_id = @tenant_id and a.user_id = r.asked_by
left join memberships t on t.tenant_id = @tenant_id and t.user_id = r.passed_to
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
order by v.number desc, r.step, m.name, r.id
limit 1000`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// WaitingRequest is an open request as a home page lists it.
type WaitingRequest struct {
	DeliverableID  uuid.UUID
	Title          string
	ProjectName    string
	Version        int
	Preview        *uuid.UUID // as in [DeliverableLine]
	Name           string     // of the person who is asked
	AskerName      string
	AskedAt        time.Time
	DueOn          *time.Time // a date
	OpenedAt       *time.Time
	LastReminderAt *time.Time
}

// ListWaiting reads the open requests, the due ones first and then the oldest; limit is 1
// to 200. It leaves out what is archived or in the bin.
func ListWaiting(limit int, dst *[]WaitingRequest) Read { return listWaiting("", limit, dst) }

// ListWaitingForReader is [ListWaiting] with the reader's own requests.
func ListWaitingForReader(limit int, dst *[]WaitingRequest) Read {
	return listWaiting(`
  and r.user_id = (select nullif(current_setting('app.user_id', true), '')::uuid)`, limit, dst)
}

func listWaiting(also string, limit int, dst *[]WaitingRequest) Read {
	return Read{many("list waiting requests", dst, `
select d.id as deliverable_id, d.title, p.name as project_name, v.number as version, v.preview, m.name, a.name as asker_name,
       r.asked_at, r.due_on, r.opened_at, r.last_reminder_at
from review_requests r
join versions v on v.tenant_id = @tenant_id and v.id = r.version_id
join deliverables d on d.tenant_id = @tenant_id and d.id = v.deliverable_id and d.deleted_at is null and d.archived_at is null
join projects p on p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null and p.archived_at is null
join memberships m on m.tenant_id = @tenant_id and m.user_id = r.user_id
join memberships a on a.tenant_id = @tenant_id and a.user_id = r.asked_by
where r.tenant_id = @tenant_id
  and r.ended_at is null
  and r.asked_at is not null`+also+`
order by r.due_on nulls last, r.asked_at, r.id
limit @limit`, pgx.StrictNamedArgs{"limit": limit})}
}

// errAskPeople refuses people who can't be asked, such as one who left meanwhile.
var errAskPeople = InvalidError{"ask": "Someone you chose can't decide any more. Choose again."}

// checkAsk checks whom to ask. It holds the lock of [Tx.lockPeople] afterwards, so that
// nobody of them leaves meanwhile. An Ask of nobody is fine.
func (tx *Tx) checkAsk(ctx context.Context, ask Ask) error {
	most := MaxAsked
	switch {
	case len(ask.People) == 0:
		return nil
	case !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role):
		return fmt.Errorf("ask for a decision: %w", ErrForbidden)
	case ask.Rule == AskInOrder:
		most = MaxSteps
	case ask.Rule != AskAll && ask.Rule != AskAny:
		return InvalidError{"rule": "Choose how many have to approve."}
	}
	if len(ask.People) > most {
		return InvalidError{"ask": fmt.Sprintf("You can ask up to %d people like this.", most)}
	}
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	return tx.checkMayDecide(ctx, ask.People, errAskPeople)
}

// checkMayDecide returns otherwise unless all the people are different and may decide.
func (tx *Tx) checkMayDecide(ctx context.Context, people []uuid.UUID, otherwise error) error {
	var n int
	err := tx.get(ctx, value("people who may decide", &n, `
select count(*)
from memberships m
where m.tenant_id = @tenant_id
  and m.user_id = any (@people::uuid[])
  and `+mayDecideSQL, pgx.StrictNamedArgs{"people": people}))
	if err == nil && n != len(people) {
		err = otherwise
	}
	return err
}

// ErrAsked means that people are asked already, or that nobody has to be. It wraps
// [ErrConflict].
var ErrAsked = fmt.Errorf("asked already: %w", ErrConflict)

// AskForDecision asks people of the client to decide on the newest published version. If
// people are asked already, or the version is decided, it returns [ErrAsked]; if there is a
// later version, a [*LockedError]. Only staff ask, in person.
func (tx *Tx) AskForDecision(ctx context.Context, deliverable uuid.UUID, number int, ask Ask) error {
	if len(ask.People) == 0 {
		return InvalidError{"ask": "Choose whom to ask."}
	}
	if err := tx.checkAsk(ctx, ask); err != nil {
		return err
	}
	r, err := tx.lockReview(ctx, deliverable, number)
	if err != nil {
		return err
	}
	first := 1
	for _, s := range r.steps {
		first = max(first, s.Number+1)
	}
	switch {
	case r.version.Locked:
		return &LockedError{r.version.Newest}
	case r.version.Outcome != nil && *r.version.Outcome != Closed, r.isAsked():
		return ErrAsked
	case first > MaxSteps || ask.Rule == AskInOrder && first+len(ask.People)-1 > MaxSteps:
		return InvalidError{"ask": "This version was asked about too often. Publish the next one."}
	}
	tx.endReview(r.version.ID, "")
	return tx.ask(ctx, r.version.ID, deliverable, number, first, ask)
}

func (r *review) isAsked() bool {
	return slices.ContainsFunc(r.requests, func(q openRequest) bool { return q.EndedHow == nil })
}

// ask adds steps from number first on, and opens the first. The caller has checked ask.
func (tx *Tx) ask(ctx context.Context, version, deliverable uuid.UUID, number, first int, ask Ask) error {
	rule, steps := ask.Rule, 1
	if rule == AskInOrder {
		rule, steps = AskAll, len(ask.People)
	}
	for i := range steps {
		tx.changeLater("add step", `
insert into review_steps (tenant_id, version_id, number, rule, state)
values (@tenant_id, @version, @number, @rule, case when @open then 'open' else 'waiting' end)`,
			pgx.StrictNamedArgs{"version": version, "number": first + i, "rule": rule, "open": i == 0}, ErrConflict)
	}
	for i, person := range ask.People {
		id, step := NewID(), first+min(i, steps-1)
		tx.changeLater("ask", `
insert into review_requests (tenant_id, id, version_id, step, user_id, due_on, asked_at)
values (@tenant_id, @id, @version, @step, @user, @due_on, case when @asked then now() end)`,
			pgx.StrictNamedArgs{"id": id, "version": version, "step": step, "user": person, "due_on": ask.DueOn, "asked": step == first}, ErrConflict)
		if step > first {
			continue
		}
		if err := tx.mailAsked(ctx, id, ask.DueOn); err != nil {
			return err
		}
	}
	return tx.audit(Event{Verb: "review.asked", TargetKind: KindDeliverable, TargetID: deliverable,
		Detail: map[string]any{"version": number, "people": len(ask.People)}})
}

// endReview ends all that was asked about a version. outcome is that of the version then.
func (tx *Tx) endReview(version uuid.UUID, outcome Outcome) {
	args := pgx.StrictNamedArgs{"version": version}
	tx.later("end requests", `
update review_requests
set ended_at = now(), ended_how = 'closed'
where tenant_id = @tenant_id
  and version_id = @version
  and ended_at is null`, args)
	tx.later("close steps", `
update review_steps
set state = 'closed', outcome = 'closed'
where tenant_id = @tenant_id
  and version_id = @version`, args)
	tx.later("outcome of version", `
update versions
set outcome = nullif(@outcome, '')
where tenant_id = @tenant_id
  and id = @version`, pgx.StrictNamedArgs{"version": version, "outcome": outcome})
}

// ErrNotDue means that people still have time to answer. It wraps [ErrConflict].
var ErrNotDue = fmt.Errorf("not due yet: %w", ErrConflict)

// CloseReview closes a version without an answer, once the due date of each open request
// is over on that day; before that it returns [ErrNotDue]. Without open requests it
// returns [ErrConflict]. Nobody can decide on the version then, until they are asked again.
func (tx *Tx) CloseReview(ctx context.Context, deliverable uuid.UUID, number int, today time.Time) error {
	return tx.stopReview(ctx, deliverable, number, "review.closed", Closed, func(version uuid.UUID) error {
		var early bool
		err := tx.get(ctx, value("time to answer", &early, `
select exists (
    select
    from review_requests
    where tenant_id = @tenant_id
      and version_id = @version
      and ended_at is null
      and due_on >= @today)`, pgx.StrictNamedArgs{"version": version, "today": today}))
		if err == nil && early {
			err = ErrNotDue
		}
		return err
	})
}

// WithdrawReview ends the open requests about a version. Without any it returns
// [ErrConflict].
func (tx *Tx) WithdrawReview(ctx context.Context, deliverable uuid.UUID, number int) error {
	return tx.stopReview(ctx, deliverable, number, "review.withdrawn", "", func(uuid.UUID) error { return nil })
}

func (tx *Tx) stopReview(ctx context.Context, deliverable uuid.UUID, number int, verb string, outcome Outcome, check func(version uuid.UUID) error) error {
	if !tx.inPerson() || !May(Publish, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("%s: %w", verb, ErrForbidden)
	}
	r, err := tx.lockReview(ctx, deliverable, number)
	if err != nil {
		return err
	}
	if !r.isAsked() {
		return fmt.Errorf("%s: nobody is asked: %w", verb, ErrConflict)
	}
	if err := check(r.version.ID); err != nil {
		return err
	}
	tx.endReview(r.version.ID, outcome)
	if outcome != "" {
		if err := tx.certify(ctx, r.version.ID); err != nil {
			return err
		}
	}
	return tx.audit(Event{Verb: verb, TargetKind: KindDeliverable, TargetID: deliverable, Detail: map[string]any{"version": number}})
}

// PassOn passes the actor's open request about a version on to another person of the
// client who may decide, and isn't asked yet. Without one it returns [ErrNotAsked].
func (tx *Tx) PassOn(ctx context.Context, deliverable uuid.UUID, number int, to uuid.UUID) error {
	if !tx.inPerson() || !May(Decide, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("pass on: %w", ErrForbidden)
	}
	if _, err := tx.lockPeople(ctx); err != nil {
		return err
	}
	err := tx.asSystem(func() error {
		r, err := tx.lockReview(ctx, deliverable, number)
		if err != nil {
			return err
		}
		if r.version.Locked {
			return &LockedError{r.version.Newest}
		}
		if err := tx.checkMayDecide(ctx, []uuid.UUID{to}, InvalidError{"to": "Choose someone who can decide."}); err != nil {
			return err
		}
		return tx.passOn(ctx, r, to)
	})
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: "review.passed_on", TargetKind: KindDeliverable, TargetID: deliverable, Detail: map[string]any{"version": number}})
}

func (tx *Tx) passOn(ctx context.Context, r review, to uuid.UUID) error {
	mine, id := openRequest{}, NewID()
	for _, q := range r.requests {
		switch {
		case q.EndedHow != nil:
		case q.UserID == to:
			return InvalidError{"to": "They are asked already. Choose someone else."}
		case q.UserID == tx.scope.User && q.Asked:
			mine = q
		}
	}
	if mine.ID == uuid.Nil {
		return ErrNotAsked
	}
	args := pgx.StrictNamedArgs{"from": mine.ID, "to": to}
	tx.changeLater("pass on", `
update review_requests
set ended_at = now(), ended_how = 'passed_on', passed_to = @to
where tenant_id = @tenant_id
  and id = @from`, args, ErrNotFound)
	tx.changeLater("ask instead", `
insert into review_requests (tenant_id, id, version_id, step, user_id, due_on, asked_at)
select @tenant_id, @id, version_id, step, @to, due_on, now()
from review_requests
where tenant_id = @tenant_id
  and id = @from`, pgx.StrictNamedArgs{"from": mine.ID, "to": to, "id": id}, ErrNotFound)
	err := tx.mailAgency(ctx, r.version.ID, func(staff uuid.UUID) queue.TenantJob { return &queue.PassedOnMail{Request: mine.ID, To: staff} })
	if err != nil {
		return err
	}
	return tx.mailAsked(ctx, id, mine.DueOn)
}

// endRequestsOf ends the open requests of a person who leaves, or may not decide any more.
// The step waits for nobody then until staff ask again: that somebody left approves
// nothing. Call it before the membership changes, as the order of locks is.
func (tx *Tx) endRequestsOf(person uuid.UUID) error {
	return tx.asSystem(func() error {
		tx.later("end requests", `
update review_requests
set ended_at = now(), ended_how = 'person_gone'
where tenant_id = @tenant_id
  and user_id = @person
  and ended_at is null`, pgx.StrictNamedArgs{"person": person})
		return nil
	})
}

// RecordRequestOpened records that the client user opened a version on which they are
// asked to decide. It is no deed and writes no audit row.
func (tx *Tx) RecordRequestOpened(version uuid.UUID) error {
	return tx.asSystem(func() error {
		tx.later("request opened", `
update review_requests
set opened_at = now()
where tenant_id = @tenant_id
  and version_id = @version
  and user_id = @me
  and asked_at is not null
  and ended_at is null
  and opened_at is null`, pgx.StrictNamedArgs{"version": version, "me": tx.scope.Actor})
		return nil
	})
}
