package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// RequestWrite switches the agent's running session to writing. With fourEyes it asks
// for a second agent's confirmation and returns false until that is given. Without a
// running session, or if it writes already, it is [ErrConflict]; if the grant only
// allows reading [ErrForbidden]; without a step-up younger than the session and than
// five minutes [ErrStepUp]. Each of these, except the first, is in the tenant's
// trail.
func (db *DB) RequestWrite(ctx context.Context, me Person, fourEyes bool) (writing bool, err error) {
	var verdict string
	err = db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var tenant, session *uuid.UUID
		err := tx.get(ctx, row("session", `select * from lookup.support_write(@token, @four_eyes, @event, @request)`,
			pgx.StrictNamedArgs{"token": me.credentials.Token.hash(), "four_eyes": fourEyes, "event": NewID(), "request": me.RequestID},
			&verdict, &tenant, &session))
		if err != nil {
			return err
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.write_requested", Denied: verdict != "ok" && verdict != "asked",
			Detail: map[string]any{"tenant": tenant, "session": session}})
	})
	if err == nil {
		err = writeRefusal(verdict)
	}
	if err != nil {
		return false, fmt.Errorf("write support: %w", err)
	}
	return verdict == "ok", nil
}

func writeRefusal(verdict string) error {
	switch verdict {
	case "ok", "asked":
		return nil
	case "no_step_up":
		return ErrStepUp
	case "no_session", "no_ask", "writing":
		return ErrConflict
	}
	return ErrForbidden
}

// WriteRequest is another agent's session that waits for a second agent's
// confirmation.
type WriteRequest struct {
	SessionID   uuid.UUID
	TenantName  string
	AgentName   string
	SubjectName string
	Reason      string
	Ticket      string
	AskedAt     time.Time
}

// ListWriteRequests reads the sessions of other agents that wait for a confirmation,
// at most 20.
func ListWriteRequests(dst *[]WriteRequest) OwnRead {
	return OwnRead{many("write asks", dst, `select * from lookup.support_write_asks()`, pgx.StrictNamedArgs{})}
}

// ConfirmWrite is a second agent's confirmation that a session may write. A session
// that didn't ask, that is their own, or that asked too long ago, is [ErrConflict].
// Without a step-up in the last five minutes it is [ErrStepUp].
func (db *DB) ConfirmWrite(ctx context.Context, me Person, session uuid.UUID) error {
	var verdict string
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var tenant *uuid.UUID
		err := tx.get(ctx, row("session", `select * from lookup.support_write_confirm(@session, @token, @event, @request)`,
			pgx.StrictNamedArgs{"session": session, "token": me.credentials.Token.hash(), "event": NewID(), "request": me.RequestID},
			&verdict, &tenant))
		if err != nil {
			return err
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "support.write_confirmed", Denied: verdict != "ok",
			Detail: map[string]any{"tenant": tenant, "session": session}})
	})
	if err == nil {
		err = writeRefusal(verdict)
	}
	if err != nil {
		return fmt.Errorf("confirm write: %w", err)
	}
	return nil
}
