package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"portico/names"
	"portico/store/queue"
)

// FoundTenant is what an agent may know of a tenant from outside.
type FoundTenant struct {
	TenantID    uuid.UUID
	Slug        string
	Name        string
	Kind        *TenantKind // nil without support access, as all below but Asks
	AgencyName  *string     // of a client
	GrantEndsAt *time.Time  // nil: no support access
	Asks        bool        // support may request access
}

// FindSupportTenants finds the tenants with that slug or name, and of those that allow
// support access also those with a person of that address or whose name begins with the
// text, the slug first, at most ten. The trail of each says that it was found, and the
// agent's own history which were. It finds nothing for people who are no agents.
func (db *DB) FindSupportTenants(ctx context.Context, me Person, text string) (found []FoundTenant, err error) {
	err = db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		err := tx.get(ctx, many("support find", &found, `select * from lookup.support_find(@text, @request)`,
			pgx.StrictNamedArgs{"text": trimText(text), "request": tx.request}))
		if err != nil {
			return err
		}
		ids := make([]uuid.UUID, len(found))
		for i, t := range found {
			ids[i] = t.TenantID
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.searched", Detail: map[string]any{"found": ids}})
	})
	return found, err
}

// SupportTarget is a person whom an agent may view as.
type SupportTarget struct {
	UserID uuid.UUID
	Name   string
	Email  string // for staff of the tenant; "" for agents
	Party  Party
	Role   Role
}

// ListSupportTargets returns whom an agent may view as in the tenant, clients first, at
// most 500, once they gave a reason and a ticket. The tenant's trail says so first. The
// errors are those of [DB.StartSupport].
func (db *DB) ListSupportTargets(ctx context.Context, me Person, in SupportStart) (people []SupportTarget, err error) {
	in.Reason, in.Ticket = trimText(in.Reason), trimText(in.Ticket)
	var rows []struct {
		Verdict string
		UserID  *uuid.UUID
		Name    *string
		Party   *Party
		Role    *Role
	}
	err = db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		return tx.get(ctx, many("support people", &rows, `
select * from lookup.support_people(@slug, @reason, @ticket, @token, @event, @request)`,
			pgx.StrictNamedArgs{"slug": trimText(in.Slug), "reason": in.Reason, "ticket": in.Ticket,
				"token": me.credentials.Token.hash(), "event": NewID(), "request": tx.request}))
	})
	if err == nil {
		err = in.refusal(rows[0].Verdict)
	}
	if err != nil {
		return nil, fmt.Errorf("support people: %w", err)
	}
	for _, r := range rows[1:] {
		people = append(people, SupportTarget{UserID: *r.UserID, Name: *r.Name, Party: *r.Party, Role: *r.Role})
	}
	return people, nil
}

// PastSupport is one of an agent's own sessions, with the name of its tenant.
type PastSupport struct {
	ID          uuid.UUID
	TenantName  string
	Slug        string
	SubjectName string
	Kind        SupportKind
	Mode        SupportMode
	Reason      string
	Ticket      string
	StartedAt   time.Time
	EndsAt      time.Time
	EndedAt     *time.Time  // nil while it runs
	EndedHow    *SupportEnd // nil while it runs
}

// SupportHistory reads the agent's own sessions, newest first, at most 100.
func SupportHistory(limit int, dst *[]PastSupport) OwnRead {
	return OwnRead{many("support history", dst, `select * from lookup.support_history(@limit)`,
		pgx.StrictNamedArgs{"limit": limit})}
}

// SupportStart is a support session to start.
type SupportStart struct {
	Slug    string
	Subject uuid.UUID
	Reason  string
	Ticket  string
	Minutes int // 1 to 60
}

// ErrStepUp means that the person must step up and may then try again.
var ErrStepUp = errors.New("step-up needed")

// StartSupport starts a read-only session. Without an open grant it is
// [ErrForbidden], without a step-up in the last five minutes [ErrStepUp], with
// another running session [ErrConflict], and with an empty reason or ticket, or an
// unknown person, an [InvalidError]. Each of these refusals is in the tenant's trail.
// An unknown tenant is [ErrNotFound]. Too many starts in an hour are a
// [*TooManyActsError].
func (db *DB) StartSupport(ctx context.Context, me Person, in SupportStart) (uuid.UUID, error) {
	in.Reason, in.Ticket = trimText(in.Reason), trimText(in.Ticket)
	id := NewID()
	var verdict string
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var tenant *uuid.UUID
		var end *time.Time
		err := tx.get(ctx, row("session", `
select * from lookup.support_start(@id, @slug, @subject, @reason, @ticket, @minutes, @token, @event, @request)`,
			pgx.StrictNamedArgs{"id": id, "slug": trimText(in.Slug), "subject": in.Subject, "reason": in.Reason, "ticket": in.Ticket,
				"minutes": in.Minutes, "token": me.credentials.Token.hash(), "event": NewID(), "request": me.RequestID},
			&verdict, &tenant, &end))
		if err == nil {
			err = tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.started", Denied: verdict != "ok",
				Detail: map[string]any{"tenant": tenant, "session": id}})
		}
		if err != nil || verdict != "ok" {
			return err
		}
		tx.spendOnTenant(actSupport, *tenant)
		inside := tx.asSupport(*tenant, id, in.Subject)
		if err := inside.Enqueue(ctx, &queue.SupportStarted{Session: id}); err != nil {
			return err
		}
		return inside.EnqueueAt(ctx, &queue.SupportExpiry{Session: id}, *end)
	})
	if err == nil {
		err = in.refusal(verdict)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("start support: %w", err)
	}
	return id, nil
}

func (in SupportStart) refusal(verdict string) error {
	switch verdict {
	case "ok":
		return nil
	case "no_tenant":
		return ErrNotFound
	case "no_step_up":
		return ErrStepUp
	case "busy":
		return ErrConflict
	case "bad_target":
		return InvalidError{"person": "Choose a person who still has access."}
	case "bad_input":
		return in.validate()
	}
	return ErrForbidden
}

// The longest texts of an agent, in characters.
const (
	MaxReason = 500
	MaxTicket = 80
)

func (in SupportStart) validate() InvalidError {
	invalid := validateReason(in.Reason, in.Ticket)
	if in.Minutes < 1 || in.Minutes > 60 {
		invalid["minutes"] = "Choose how long."
	}
	return invalid
}

func validateReason(reason, ticket string) InvalidError {
	invalid := InvalidError{}
	switch n := len([]rune(reason)); {
	case n == 0:
		invalid["reason"] = "Enter a reason. The customer sees it."
	case n > MaxReason:
		invalid["reason"] = tooLong(n, MaxReason)
	}
	switch n := len([]rune(ticket)); {
	case n == 0:
		invalid["ticket"] = "Enter the ticket."
	case n > MaxTicket:
		invalid["ticket"] = tooLong(n, MaxTicket)
	}
	return invalid
}

// StopSupport ends the agent's running session, in whichever browser it is, and
// removes an ended session from this browser. Without one it does nothing.
func (db *DB) StopSupport(ctx context.Context, me Person) error {
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error { return tx.stopSupport(ctx, me) })
	if err != nil {
		return fmt.Errorf("stop support: %w", err)
	}
	return nil
}

func (tx *Tx) stopSupport(ctx context.Context, me Person) error {
	type ended struct{ TenantID, SessionID, SubjectID uuid.UUID }
	var sessions []ended
	err := tx.get(ctx, many("stop support", &sessions, `select * from lookup.support_stop(@token, @request)`,
		pgx.StrictNamedArgs{"token": me.credentials.Token.hash(), "request": tx.request}))
	if err != nil {
		return err
	}
	for _, s := range sessions {
		err := tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.stopped",
			Detail: map[string]any{"tenant": s.TenantID, "session": s.SessionID}})
		if err != nil {
			return err
		}
		inside := tx.asSupport(s.TenantID, s.SessionID, s.SubjectID)
		if err := inside.Enqueue(ctx, &queue.SupportEnded{Session: s.SessionID}); err != nil {
			return err
		}
	}
	return nil
}

// asSupport returns the deed with the scope that its jobs' signatures must name: the
// tenant, the subject and the session. It doesn't change what the policies are told.
func (tx *Tx) asSupport(tenant, session, subject uuid.UUID) *Tx {
	inside := *tx
	inside.scope.Tenant, inside.scope.Support, inside.scope.User = tenant, session, subject
	return &inside
}

// trimText removes characters that PostgreSQL can't store, and invisible ones around
// the text, so that a blank reason counts as empty.
func trimText(s string) string {
	s = names.CleanText(norm.NFC.String(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")))
	if !names.Visible(s) {
		return ""
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
}
