package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// WorkspaceToLeave is a workspace that the person would leave if their account were erased.
type WorkspaceToLeave struct {
	Slug        string
	Name        string // the name that they see
	Alone       bool   // they are its only owner, which blocks the erasure
	ForgetsName bool   // their work there would lose their name
}

// ListWorkspacesToLeave reads the workspaces that the person would leave, by name, at most
// 1000.
func ListWorkspacesToLeave(dst *[]WorkspaceToLeave) OwnRead {
	return OwnRead{many("list leaving", dst, `select * from lookup.my_leaving()`, nil)}
}

// ErrInSupportSession means that the person is in a support session. It wraps [ErrConflict].
var ErrInSupportSession = fmt.Errorf("inside a support session: %w", ErrConflict)

// ForgetMe erases the person: address, identities, passkeys, sessions and
// memberships, and the name in tenants that ask for it. It returns [ErrStepUp]
// without a fresh step-up, [ErrLastOwner] while a tenant has no other owner,
// [ErrInSupportSession] in a support session, and [ErrNotFound] for agents.
func (db *DB) ForgetMe(ctx context.Context, me Person) error {
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		var verdict string
		err := tx.get(ctx, value("erase", &verdict, `select lookup.forget_me(@token, @event, @request)`,
			pgx.StrictNamedArgs{"token": me.credentials.Token.hash(), "event": NewID(), "request": me.RequestID}))
		if err != nil {
			return err
		}
		return forgetVerdict(verdict)
	})
	if err != nil {
		return fmt.Errorf("forget me: %w", err)
	}
	return nil
}

func forgetVerdict(verdict string) error {
	switch verdict {
	case "ok":
		return nil
	case "no_step_up":
		return ErrStepUp
	case "last_owner":
		return ErrLastOwner
	case "inside":
		return ErrInSupportSession
	case "agent":
		return ErrForbidden
	}
	return ErrNotFound
}
