package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// SupportVerdict is what an owner or admin says of a support session.
type SupportVerdict string

// The verdicts.
const (
	SupportAccepted SupportVerdict = "accepted"
	SupportFlagged  SupportVerdict = "flagged"
)

// MaxFlag is the longest text of a flag, in characters.
const MaxFlag = 500

// ReviewSupport records what the actor says of a support session: that it was right, once
// it is over, or at any time that something was wrong, in words. A flag is mailed to the
// operators. Only owners and admins review, in person. A session that doesn't exist, or that
// was staff viewing as a client, is [ErrNotFound]; one that still runs or was reviewed
// before is [ErrConflict]; a flag without words an [InvalidError].
func (tx *Tx) ReviewSupport(ctx context.Context, session uuid.UUID, verdict SupportVerdict, words string) error {
	if err := tx.requireConsentRight(); err != nil {
		return err
	}
	words = trimText(words)
	if n := len([]rune(words)); n > MaxFlag {
		return InvalidError{"words": tooLong(n, MaxFlag)}
	}
	verb := "support.session_accepted"
	switch verdict {
	case SupportFlagged:
		if words == "" {
			return InvalidError{"words": "Say what was wrong."}
		}
		verb = "support.session_flagged"
	case SupportAccepted:
	default:
		return InvalidError{"verdict": "Choose one."}
	}
	var runs bool
	err := tx.get(ctx, value("reviewed session", &runs, `
select ended_at is null and ends_at > now()
from support_sessions
where tenant_id = @tenant_id
  and id = @id
  and kind = 'support'`, pgx.StrictNamedArgs{"id": session}))
	if err != nil {
		return err
	}
	if runs && verdict == SupportAccepted {
		return ErrConflict
	}
	n, err := tx.exec(ctx, "review support session", `
insert into support_reviews (tenant_id, id, verdict, words)
values (@tenant_id, @id, @verdict, @words)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{"id": session, "verdict": verdict, "words": words})
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrConflict
	}
	if verdict == SupportFlagged {
		if err := tx.Enqueue(ctx, &queue.SupportFlagged{Session: session}); err != nil {
			return err
		}
	}
	return tx.audit(Event{Verb: verb, TargetKind: KindSupportSession, TargetID: session})
}

// FlagMailDue reports whether the mail about a flag is still to be sent. A session that
// isn't flagged in this tenant is [ErrNotFound].
func (tx *Tx) FlagMailDue(ctx context.Context, session uuid.UUID) (bool, error) {
	err := tx.exists(ctx, "support flag", `
select exists (
    select 1
    from support_reviews
    where tenant_id = @tenant_id
      and id = @id
      and verdict = 'flagged'
)`, pgx.StrictNamedArgs{"id": session})
	if err != nil {
		return false, err
	}
	sent, err := tx.EffectDone(ctx, FlagMailKey(session))
	return !sent, err
}

// FlagMailKey is the effect key of the mail about a flag.
func FlagMailKey(session uuid.UUID) string { return "support_flag_mail:" + session.String() }

// FlaggedSupport is a session that somebody flagged, as its agent reads it.
type FlaggedSupport struct {
	ID         uuid.UUID
	TenantName string
	AgentName  string
	Ticket     string
	StartedAt  time.Time
	Words      string
	ByName     string
	CreatedAt  time.Time
}

// ListFlaggedSupport reads the agent's own flagged sessions, the latest first, at most 100.
// Operators list all: [Operator.Flags].
func ListFlaggedSupport(limit int, dst *[]FlaggedSupport) OwnRead {
	return OwnRead{many("flagged support", dst, `select * from lookup.support_flagged(@limit)`, pgx.StrictNamedArgs{"limit": limit})}
}
