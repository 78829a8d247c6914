package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Decision is what a person of the client decided on a version. It is never changed. Who
// decides again adds one that supersedes it.
type Decision struct {
	ID         uuid.UUID
	VersionID  uuid.UUID
	UserID     uuid.UUID
	Name       string
	Answer     Outcome
	Words      string
	CreatedAt  time.Time
	Superseded bool
}

// ListDecisions reads the decisions on a version, the newest first, at most 500.
func ListDecisions(deliverable uuid.UUID, number int, dst *[]Decision) Read {
	return Read{many("list decisions", dst, `
select x.id, x.version_id, x.user_id, m.name, x.answer, x.words, x.created_at,
       exists (select from decisions l where l.tenant_id = @tenant_id and l.supersedes = x.id) as superseded
from decisions x
join memberships m on m.tenant_id = @tenant_id and m.user_id = x.user_id
where x.tenant_id = @tenant_id
  and x.version_id = `+numberedVersion+`
order by x.created_at desc, x.id desc
limit 500`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

var decisionVerbs = map[Outcome]string{
	Approved:            "review.approved",
	ApprovedWithChanges: "review.approved_with_changes",
	ChangesRequired:     "review.changes_required",
}

// MaxWords is how many characters the words of a decision may have.
const MaxWords = 4000

// NewDecision is what somebody decides.
type NewDecision struct {
	// Content is the [ContentHash] of the files that they saw.
	Content []byte
	Answer  Outcome
	Words   string // required, unless the answer is Approved
}

func (in NewDecision) check() error {
	wrong := InvalidError{}
	switch n := utf8.RuneCountInString(in.Words); {
	case !in.Answer.IsAnswer():
		wrong["answer"] = "Choose an answer."
	case n == 0 && in.Answer != Approved:
		wrong["words"] = "Say what should change."
	case n > MaxWords:
		wrong["words"] = tooLong(n, MaxWords)
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// ContentHash is the SHA-256 over the files of a published version in their order, a line
// for each: its own SHA-256, its size and its name. Files that aren't ready don't count.
func ContentHash(files []File) []byte {
	h := sha256.New()
	for _, f := range files {
		if f.State == FileReady {
			_, _ = fmt.Fprintf(h, "%x %d %s\n", f.SHA256, f.Size, f.Name) // never fails
		}
	}
	return h.Sum(nil)
}

var (
	// ErrNotAsked means that only people who are asked decide on the version, and that
	// the actor isn't. It wraps [ErrForbidden].
	ErrNotAsked = fmt.Errorf("not asked to decide: %w", ErrForbidden)
	// ErrClosed means that staff closed the version without an answer. It wraps
	// [ErrConflict].
	ErrClosed = fmt.Errorf("closed without an answer: %w", ErrConflict)
)

// LockedError means that a later version was published, or another unlocked, on which
// people decide now. It wraps [ErrConflict].
type LockedError struct{ Newest int }

func (e *LockedError) Error() string { return fmt.Sprintf("version %d is out", e.Newest) }

func (e *LockedError) Unwrap() error { return ErrConflict }

// IsDecided reports whether a deed failed because it would change the files of a version
// on which somebody decided.
func IsDecided(err error) bool {
	refused, ok := errors.AsType[*ConstraintError](err)
	return ok && refused.Constraint == "decisions_content"
}

// Decide records what the actor decides on a version: a person of the client, in person.
// If the version has steps, only who is asked may, and who decided before may change their
// mind. If the files are others than they saw it returns [ErrChanged]. Other refusals are
// an [InvalidError], a [*LockedError], [ErrClosed] and [ErrNotAsked].
func (tx *Tx) Decide(ctx context.Context, deliverable uuid.UUID, number int, in NewDecision) error {
	if !tx.inPerson() || !May(Decide, Party(tx.scope.Party), tx.role) {
		return fmt.Errorf("decide: %w", ErrForbidden)
	}
	if err := in.check(); err != nil {
		return err
	}
	var r review
	if err := tx.asSystem(func() (err error) { r, err = tx.lockReview(ctx, deliverable, number); return err }); err != nil {
		return err
	}
	switch {
	case r.version.Locked:
		return &LockedError{r.version.Newest}
	case deref(r.version.Outcome) == Closed:
		return ErrClosed
	}
	request, err := r.requestOf(tx.scope.User)
	if err != nil {
		return err
	}
	before := r.answerOf(tx.scope.User)
	if before != nil && before.Answer == in.Answer && before.Words == in.Words && request == before.RequestID {
		return nil // the button was pressed twice
	}
	id := NewID()
	if err := tx.insertDecision(ctx, id, r.version.ID, request, before, in); err != nil {
		return err
	}
	r.answered(tx.scope.User, request, in)
	err = tx.asSystem(func() error {
		if err := tx.settle(ctx, deliverable, r); err != nil {
			return err
		}
		return tx.mailAgency(ctx, r.version.ID, func(to uuid.UUID) queue.TenantJob { return &queue.DecisionMail{Decision: id, To: to} })
	})
	if err != nil {
		return err
	}
	return tx.audit(Event{Verb: decisionVerbs[in.Answer], TargetKind: KindDeliverable, TargetID: deliverable,
		Detail: map[string]any{"version": number}})
}

func (tx *Tx) insertDecision(ctx context.Context, id, version, request uuid.UUID, before *currentAnswer, in NewDecision) error {
	var supersedes *uuid.UUID
	if before != nil {
		supersedes = &before.ID
	}
	_, err := tx.exec(ctx, "decide", `
insert into decisions (tenant_id, id, version_id, content_sha256, request_id, answer, words, supersedes)
values (@tenant_id, @id, @version, @content, @request, @answer, @words, @supersedes)`, pgx.StrictNamedArgs{
		"id": id, "version": version, "content": in.Content, "request": nilIfZero(request),
		"answer": in.Answer, "words": in.Words, "supersedes": supersedes})
	if IsDecided(err) {
		return ErrChanged
	}
	return err
}

// review is a version with all that decides about it, under the lock of the version.
type review struct {
	version struct {
		ID       uuid.UUID
		Locked   bool
		Archived bool // its deliverable or project is
		Outcome  *Outcome
		Newest   int // the published version that isn't locked
	}
	steps    []reviewStep
	requests []openRequest
	answers  []currentAnswer
}

type reviewStep struct {
	Number  int
	Rule    AskRule
	State   string
	Outcome *Outcome
}

type openRequest struct {
	ID        uuid.UUID
	Step      int
	UserID    uuid.UUID
	Asked     bool
	DueOn     *time.Time
	EndedHow  *RequestEnd
	MayDecide bool // the person still may
}

// currentAnswer is a decision that none supersedes.
type currentAnswer struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	RequestID uuid.UUID // [uuid.Nil] for none
	Answer    Outcome
	Words     string
}

// mayDecideSQL says that a membership m is of somebody who may decide, as [May] does.
const mayDecideSQL = `(m.party = 'client' and m.role in ('owner', 'admin', 'member') and m.ended_at is null)`

// lockReview locks a published version and reads its review. Its deliverable and project
// must not be in the bin. If one of them is archived it returns [ErrArchived].
func (tx *Tx) lockReview(ctx context.Context, deliverable uuid.UUID, number int) (r review, err error) {
	var locked []lockedVersion
	tx.engine.LaterGet(lockVersions(deliverable, number, &locked), func() error { return nil })
	err = tx.get(ctx, one("version to review", &r.version, `
select v.id, v.locked_at is not null as locked, coalesce(d.archived_at, p.archived_at) is not null as archived, v.outcome,
       (select n.number from versions n where n.tenant_id = @tenant_id and n.deliverable_id = v.deliverable_id and n.shared_at is not null and n.locked_at is null) as newest
from versions v
join deliverables d on d.tenant_id = @tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number
  and v.shared_at is not null`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number}))
	if err == nil && r.version.Archived {
		err = ErrArchived
	}
	if err != nil {
		return r, err
	}
	args := pgx.StrictNamedArgs{"version": r.version.ID}
	none := func() error { return nil }
	tx.engine.LaterGet(many("steps", &r.steps, `
select number, rule, state, outcome
from review_steps
where tenant_id = @tenant_id
  and version_id = @version
order by number`, args), none)
	tx.engine.LaterGet(many("requests", &r.requests, `
select r.id, r.step, r.user_id, r.asked_at is not null as asked, r.due_on, r.ended_how, `+mayDecideSQL+` as may_decide
from review_requests r
join memberships m on m.tenant_id = @tenant_id and m.user_id = r.user_id
where r.tenant_id = @tenant_id
  and r.version_id = @version
order by r.id`, args), none)
	err = tx.get(ctx, many("current answers", &r.answers, `
select x.id, x.user_id, coalesce(x.request_id, '00000000-0000-0000-0000-000000000000') as request_id, x.answer, x.words
from decisions x
where x.tenant_id = @tenant_id
  and x.version_id = @version
  and not exists (select from decisions l where l.tenant_id = @tenant_id and l.supersedes = x.id)`, args))
	return r, err
}

// live are the steps that staff didn't close without an answer or withdraw.
func (r *review) live() (live []reviewStep) {
	for _, s := range r.steps {
		if deref(s.Outcome) != Closed {
			live = append(live, s)
		}
	}
	return live
}

// requestOf returns the request that a person answers: an open one, or the one that they
// answered before. It is [uuid.Nil] if the version has no steps.
func (r *review) requestOf(person uuid.UUID) (uuid.UUID, error) {
	if len(r.steps) == 0 {
		return uuid.Nil, nil
	}
	for _, q := range r.requests {
		if q.UserID == person && q.Asked && q.EndedHow == nil {
			return q.ID, nil
		}
	}
	if a := r.answerOf(person); a != nil {
		for _, s := range r.live() {
			for _, q := range r.requests {
				if q.ID == a.RequestID && q.Step == s.Number {
					return q.ID, nil
				}
			}
		}
	}
	return uuid.Nil, ErrNotAsked
}

func (r *review) answerOf(person uuid.UUID) *currentAnswer {
	for i := range r.answers {
		if r.answers[i].UserID == person {
			return &r.answers[i]
		}
	}
	return nil
}

// answered puts a new answer in the place of the person's earlier one.
func (r *review) answered(person, request uuid.UUID, in NewDecision) {
	if a := r.answerOf(person); a != nil {
		a.RequestID, a.Answer = request, in.Answer
		return
	}
	r.answers = append(r.answers, currentAnswer{UserID: person, RequestID: request, Answer: in.Answer})
}

// outcome is what follows for the version and for its live steps from the answers. The
// version has none before all steps have approved. open is the step
// that is open then, 0 for none.
func (r *review) outcome() (version Outcome, steps map[int]Outcome, open int) {
	steps = map[int]Outcome{}
	if len(r.steps) == 0 {
		for _, a := range r.answers {
			version = worse(version, a.Answer)
		}
		return version, steps, 0
	}
	before := true // all steps before have approved
	for _, s := range r.live() {
		worst, given, waiting := Outcome(""), 0, 0
		for _, q := range r.requests {
			if q.Step != s.Number {
				continue
			}
			if a := r.answerTo(q); a != "" {
				worst, given = worse(worst, a), given+1
			} else if q.mayAnswer() {
				waiting++
			}
		}
		switch {
		case worst == ChangesRequired:
			steps[s.Number], version, before = worst, worst, false
		case before && given > 0 && (s.Rule == AskAny || waiting == 0):
			steps[s.Number] = worst
			version = worse(version, worst)
		case before:
			open, before = s.Number, false
		}
	}
	switch {
	case version == ChangesRequired:
		open = 0
	case open != 0:
		version = ""
	}
	return version, steps, open
}

func (r *review) answerTo(q openRequest) Outcome {
	for _, a := range r.answers {
		if a.RequestID == q.ID {
			return a.Answer
		}
	}
	return ""
}

// mayAnswer says that a request without an answer waits for one, or would wait if no
// other answer had ended it.
func (q openRequest) mayAnswer() bool {
	return q.MayDecide && (q.EndedHow == nil || *q.EndedHow == EndedStepClosed)
}

// settle writes what follows from the answers: which requests and steps are open, the
// outcome of the version and the state of the deliverable.
func (tx *Tx) settle(ctx context.Context, deliverable uuid.UUID, r review) error {
	version, steps, open := r.outcome()
	for _, s := range r.live() {
		if err := tx.settleStep(ctx, r, s, steps[s.Number], s.Number == open, version); err != nil {
			return err
		}
	}
	args := pgx.StrictNamedArgs{"version": r.version.ID, "deliverable": deliverable}
	if version.approves() {
		tx.later("approve in place of an earlier version", `
update versions
set approved_at = null
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
  and id <> @version
  and approved_at is not null`, args)
	}
	tx.changeLater("outcome of version", `
update versions
set outcome = nullif(@outcome, ''),
    approved_at = case when @approved then coalesce(approved_at, now()) end
where tenant_id = @tenant_id
  and id = @version`, pgx.StrictNamedArgs{"version": r.version.ID, "outcome": version, "approved": version.approves()}, ErrNotFound)
	tx.changeLater("state of deliverable", `
update deliverables
set state = @state,
    with_changes = @with_changes,
    updated_at = now()
where tenant_id = @tenant_id
  and id = @deliverable`, pgx.StrictNamedArgs{"deliverable": deliverable, "state": version.state(), "with_changes": version == ApprovedWithChanges}, ErrNotFound)
	tx.recount(true)
	if version == "" {
		return nil
	}
	return tx.certify(ctx, r.version.ID)
}

// settleStep writes the state of a step and of its requests, and mails who is asked now.
func (tx *Tx) settleStep(ctx context.Context, r review, s reviewStep, outcome Outcome, open bool, version Outcome) error {
	state := "waiting"
	switch {
	case outcome != "":
		state = "closed"
	case open:
		state = "open"
	}
	if state != s.State || outcome != deref(s.Outcome) {
		tx.changeLater("settle step", `
update review_steps
set state = @state,
    outcome = nullif(@outcome, '')
where tenant_id = @tenant_id
  and version_id = @version
  and number = @number`, pgx.StrictNamedArgs{"version": r.version.ID, "number": s.Number, "state": state, "outcome": outcome}, ErrNotFound)
	}
	for _, q := range r.requests {
		if q.Step != s.Number || (q.EndedHow != nil && *q.EndedHow != EndedStepClosed) {
			continue
		}
		var ended RequestEnd
		switch {
		case r.answerTo(q) != "":
			ended = EndedAnswered
		case outcome != "" || version == ChangesRequired:
			ended = EndedStepClosed
		case !q.MayDecide:
			ended = EndedPersonGone
		}
		if ended == deref(q.EndedHow) && (ended != "" || q.Asked == open) {
			continue
		}
		tx.changeLater("settle request", `
update review_requests
set ended_at = case when @ended <> '' then coalesce(ended_at, now()) end,
    ended_how = nullif(@ended, ''),
    asked_at = case when @ended <> '' then asked_at when @open then coalesce(case when ended_at is null then asked_at end, now()) end
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": q.ID, "ended": ended, "open": open}, ErrNotFound)
		if ended != "" || !open {
			continue
		}
		if err := tx.mailAsked(ctx, q.ID, q.DueOn); err != nil {
			return err
		}
	}
	return nil
}
