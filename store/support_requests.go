package store

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// AccessRequest is an agent's request for support access, as the tenant reads it.
type AccessRequest struct {
	ID        uuid.UUID
	AgentName string
	Mode      SupportMode
	Hours     int
	Reason    string
	Ticket    string
	CreatedAt time.Time
	EndsAt    time.Time // it can't be answered later
	Open      bool
	Answer    *Answer // nil while unanswered
	AnswerBy  string  // who answered, "" for nobody
}

const selectAccessRequest = `
select id, actor_name as agent_name, mode, hours, reason, ticket, created_at, ends_at,
       answered_at is null and now() >= created_at and ends_at > now() as open, answer,
       coalesce((
           select m.name
           from memberships m
           where m.tenant_id = support_asks.tenant_id
             and m.user_id = support_asks.answered_by), '') as answer_by
from support_asks
where tenant_id = @tenant_id`

// GetAccessRequest reads one request.
func GetAccessRequest(id uuid.UUID, dst *AccessRequest) Read {
	return Read{one("get support ask", dst, selectAccessRequest+`
  and id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// ListOpenAccessRequests reads the requests that wait for an answer, newest first, at most 20.
func ListOpenAccessRequests(dst *[]AccessRequest) Read {
	return Read{many("open support asks", dst, selectAccessRequest+`
  and answered_at is null
  and now() >= created_at
  and ends_at > now()
order by created_at desc, id desc
limit 20`, nil)}
}

// AccessRequestsAllowed reads whether support may request access.
func AccessRequestsAllowed(dst *bool) Read {
	return Read{value("support may ask", dst, `
select support_asks
from tenants
where id = @tenant_id`, nil)}
}

// SetAccessRequestsAllowed sets whether support may request access.
func (tx *Tx) SetAccessRequestsAllowed(ctx context.Context, may bool) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	if may {
		tx.refuseUnpaid()
	}
	var set bool
	err := tx.get(ctx, value("set support may ask", &set, `select lookup.set_support_asks(@may)`, pgx.StrictNamedArgs{"may": may}))
	if err != nil {
		return err
	}
	if !set {
		return fmt.Errorf("set support may ask: %w", ErrForbidden)
	}
	verb := "support.requests_allowed"
	if !may {
		verb = "support.requests_blocked"
	}
	return tx.audit(Event{Verb: verb, Detail: map[string]any{"may": may}})
}

// ApproveAccessRequest answers a request with a grant of the mode and length that the
// actor chooses. It compares [SeenConsent]. A request that was answered or has expired is
// [ErrConflict], an unknown one [ErrNotFound].
func (tx *Tx) ApproveAccessRequest(ctx context.Context, request uuid.UUID, mode SupportMode, length time.Duration) error {
	if err := tx.checkRequestOpen(ctx, request); err != nil {
		return err
	}
	grant, err := tx.grantSupport(ctx, mode, length)
	if err != nil {
		return err
	}
	return tx.answerRequest(ctx, request, AnswerGranted, "", &grant)
}

// MaxAnswer is the longest text of a denial, in characters.
const MaxAnswer = 500

// DenyAccessRequest denies a request, with a text that the agent reads.
func (tx *Tx) DenyAccessRequest(ctx context.Context, request uuid.UUID, text string) error {
	text = trimText(text)
	if n := len([]rune(text)); n > MaxAnswer {
		return InvalidError{"word": tooLong(n, MaxAnswer)}
	}
	if err := tx.checkRequestOpen(ctx, request); err != nil {
		return err
	}
	return tx.answerRequest(ctx, request, AnswerDenied, text, nil)
}

// checkRequestOpen returns [ErrConflict] unless the request waits for an answer.
func (tx *Tx) checkRequestOpen(ctx context.Context, request uuid.UUID) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	var open bool
	err := tx.get(ctx, value("support ask", &open, `
select answered_at is null and now() >= created_at and ends_at > now()
from support_asks
where tenant_id = @tenant_id
  and id = @id`, pgx.StrictNamedArgs{"id": request}))
	if err == nil && !open {
		err = ErrConflict
	}
	return err
}

func (tx *Tx) answerRequest(ctx context.Context, request uuid.UUID, answer Answer, text string, grant *uuid.UUID) error {
	n, err := tx.exec(ctx, "answer support ask", `
update support_asks
set answer = @answer,
    word = @word,
    answered_at = now(),
    answered_by = @me,
    grant_id = @grant
where tenant_id = @tenant_id
  and id = @id
  and answered_at is null`, pgx.StrictNamedArgs{"id": request, "answer": answer, "word": text, "me": tx.scope.User, "grant": grant})
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrConflict // somebody was faster
	}
	if err := tx.Enqueue(ctx, &queue.AccessAnswered{AccessRequestID: request}); err != nil {
		return err
	}
	verb := "support.access_approved"
	if answer != AnswerGranted {
		verb = "support.access_denied"
	}
	return tx.audit(Event{Verb: verb, TargetKind: KindAccessRequest, TargetID: request, Detail: map[string]any{"answer": answer}})
}

// NewAccessRequest is a request for support access to send.
type NewAccessRequest struct {
	Slug   string
	Code   string // that an owner or admin read out, see [Tx.MakeSupportCode]
	Mode   SupportMode
	Hours  int // 1 to 168
	Reason string
	Ticket string
}

// RequestAccess asks a tenant for support access and queues mails to its owners. It needs a
// code that one of them read out, so that nobody gets a request that they didn't expect. If
// the tenant doesn't allow requests it is [ErrForbidden], with an open request
// [ErrConflict], and with bad input an [InvalidError]. Each of these is in the
// tenant's trail. An unknown tenant is [ErrNotFound]. Too many requests in an hour are a
// [*TooManyActsError].
func (db *DB) RequestAccess(ctx context.Context, me Person, in NewAccessRequest) error {
	in.Reason, in.Ticket = trimText(in.Reason), trimText(in.Ticket)
	if n := utf8.RuneCountInString(in.Code); n > maxTypedCode {
		return InvalidError{"code": tooLong(n, maxTypedCode)}
	}
	id := NewID()
	var verdict string
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var tenant *uuid.UUID
		err := tx.get(ctx, row("request", `
select * from lookup.support_ask(@id, @slug, @code, @mode, @hours, @reason, @ticket, @event, @request)`,
			pgx.StrictNamedArgs{"id": id, "slug": trimText(in.Slug), "code": supportCodeDigits(in.Code), "mode": in.Mode, "hours": in.Hours, "reason": in.Reason,
				"ticket": in.Ticket, "event": NewID(), "request": me.RequestID},
			&verdict, &tenant))
		if err == nil {
			err = tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.access_requested", Denied: verdict != "ok", Detail: map[string]any{"tenant": tenant}})
		}
		if err != nil || verdict != "ok" {
			return err
		}
		tx.spendOnTenant(actRequest, *tenant)
		return tx.asSupport(*tenant, uuid.Nil, me.scope.User).Enqueue(ctx, &queue.AccessRequested{AccessRequestID: id})
	})
	if err == nil {
		err = in.refusal(verdict)
	}
	if err != nil {
		return fmt.Errorf("ask support: %w", err)
	}
	return nil
}

func (in NewAccessRequest) refusal(verdict string) error {
	switch verdict {
	case "ok":
		return nil
	case "no_tenant":
		return ErrNotFound
	case "busy":
		return ErrConflict
	case "wrong_code":
		return InvalidError{"code": "This code doesn't work, or doesn't any more. Ask the customer to read you a new one."}
	case "bad_input":
		wrong := validateReason(in.Reason, in.Ticket)
		if in.Hours < 1 || in.Hours > int(MaxGrant/time.Hour) {
			wrong["hours"] = "Choose how long."
		}
		if !in.Mode.valid() {
			wrong["mode"] = "Choose what support can do."
		}
		return wrong
	}
	return ErrForbidden
}

// SentAccessRequest is one of an agent's own requests, with the tenant's name.
type SentAccessRequest struct {
	ID         uuid.UUID
	TenantName string
	Slug       string
	Mode       SupportMode
	Hours      int
	Reason     string
	Ticket     string
	CreatedAt  time.Time
	EndsAt     time.Time
	Answer     *Answer // nil while unanswered
	Word       string
	AnsweredAt *time.Time
}

// ListSentAccessRequests reads the agent's own requests, newest first, at most 100.
func ListSentAccessRequests(limit int, dst *[]SentAccessRequest) OwnRead {
	return OwnRead{many("support asked", dst, `select * from lookup.support_asked(@limit)`,
		pgx.StrictNamedArgs{"limit": limit})}
}

// EnqueueAccessRequestMails queues, once per request, a mail to each owner of the
// tenant. A request of another tenant is [ErrNotFound].
func (tx *Tx) EnqueueAccessRequestMails(ctx context.Context, request uuid.UUID) error {
	if err := tx.CheckAccessRequest(ctx, request); err != nil {
		return err
	}
	first, err := tx.ClaimEffect(ctx, "support_asked:"+request.String())
	if err != nil || !first {
		return err
	}
	owners, err := tx.owners(ctx)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if err := tx.Enqueue(ctx, &queue.AccessRequestMail{AccessRequestID: request, To: owner}); err != nil {
			return err
		}
	}
	return nil
}

// AccessAnswer is what the mail to an agent says about their access request.
type AccessAnswer struct {
	Email      string
	Name       string
	TenantName string
	Slug       string
	Answer     Answer
	Word       string
	Mode       SupportMode
	EndsAt     time.Time
	TimeZone   string
	Locale     string
}

// AccessAnswer reads the answer to a request; nil if there is none to send: the agent is
// none any more, or the mail was sent already. A request of another tenant is
// [ErrNotFound].
func (tx *Tx) AccessAnswer(ctx context.Context, request uuid.UUID) (a *AccessAnswer, err error) {
	if err := tx.CheckAccessRequest(ctx, request); err != nil {
		return nil, err
	}
	sent, err := tx.EffectDone(ctx, AccessAnswerKey(request))
	if err != nil || sent {
		return nil, err
	}
	return a, tx.get(ctx, optional("support answer", &a, `select * from lookup.support_answer(@id)`, pgx.StrictNamedArgs{"id": request}))
}

// AccessAnswerKey is the effect key of the mail with an answer.
func AccessAnswerKey(request uuid.UUID) string { return "support_answer_mail:" + request.String() }

// CheckAccessRequest returns [ErrNotFound] unless the request is in this tenant.
func (tx *Tx) CheckAccessRequest(ctx context.Context, request uuid.UUID) error {
	return tx.exists(ctx, "support ask", `
select exists (
    select 1
    from support_asks
    where tenant_id = @tenant_id
      and id = @id
)`, pgx.StrictNamedArgs{"id": request})
}
