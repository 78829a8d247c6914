package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Leaving is a workspace that somebody would leave by being forgotten.
type Leaving struct {
	Slug        string
	Name        string // that they know it by
	Alone       bool   // nobody else owns it, and so they cannot go
	ForgetsName bool   // what they did there would bear nobody's name
}

// ListLeaving reads what the person would leave, by name, at most 1000.
func ListLeaving(dst *[]Leaving) OwnRead {
	return OwnRead{many("list leaving", dst, `select * from lookup.my_leaving()`, nil)}
}

// ErrInside is somebody who looks as somebody else right now. It wraps [ErrConflict].
var ErrInside = fmt.Errorf("inside a support session: %w", ErrConflict)

// ForgetMe erases the person: address, identities, passkeys and sessions, their
// places in tenants, and the name where a tenant says so. It is [ErrStepUp] without
// a fresh proof, [ErrLastOwner] while a tenant has no other owner, [ErrInside] while
// they look as somebody else, and [ErrNotFound] for agents.
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
		return ErrInside
	case "agent":
		return ErrForbidden
	}
	return ErrNotFound
}
