package store

import (
	"context"
	"fmt"
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
		err := tx.tx.QueryRow(ctx, `select lookup.forget_me($1, $2, $3)`, me.credentials.Token.hash(), NewID(), me.RequestID).Scan(&verdict)
		if err != nil {
			return translate(err)
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

// Forget erases whoever has that address, or was invited by it, and nothing else.
// Slugs are those of the tenants that make it [ErrLastOwner]. An address that nobody
// has is [ErrNotFound], an agent's [ErrForbidden].
func (o *Operator) Forget(ctx context.Context, email string) (slugs []string, err error) {
	var verdict string
	err = o.conn.QueryRow(ctx, `select * from lookup.forget_address($1, $2)`, email, NewID()).Scan(&verdict, &slugs)
	if err == nil {
		err = forgetVerdict(verdict)
	} else {
		err = translate(err)
	}
	if err != nil {
		return slugs, fmt.Errorf("forget: %w", err)
	}
	return nil, nil
}
