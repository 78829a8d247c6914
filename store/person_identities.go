package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// LinkedIdentity is an account at a provider with which a person signs in.
type LinkedIdentity struct {
	ID         uuid.UUID
	Issuer     string
	Email      string // at the provider, if it verified the address when it was linked
	CreatedAt  time.Time
	LastUsedAt *time.Time
}

// ListIdentities reads the person's own linked identities, oldest first.
func ListIdentities(dst *[]LinkedIdentity) OwnRead {
	return OwnRead{many("list identities", dst, `
select id, issuer, coalesce(email, '') as email, created_at, last_used_at
from identities
where user_id = nullif(current_setting('app.user_id', true), '')::uuid
order by created_at, id
limit 100`, nil)}
}

// BeginOwnOIDCFlow records that the person's session has sent them to a provider, to
// link an account or to step up. A link without a step-up in the last five minutes is
// [ErrStepUp]; agents are [ErrForbidden].
func (db *DB) BeginOwnOIDCFlow(ctx context.Context, me Person, cookie Secret, f OIDCFlow) error {
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		return tx.beginFlow(ctx, NewID(), string(f.Purpose), cookie, nil, &me.SessionID, f.ReturnTo, f)
	})
	if errors.Is(err, ErrForbidden) && f.Purpose == OIDCLink && !me.Agent {
		return ErrStepUp
	}
	return err
}

// LinkIdentity links an identity to the person. Another person's identity is
// [ErrConflict], more than twenty are an [InvalidError], and a flow that has ended or
// belongs to another session is [ErrNotFound].
func (db *DB) LinkIdentity(ctx context.Context, me Person, flow uuid.UUID, identity Identity) error {
	var email *string
	if identity.EmailVerified {
		email = &identity.Email
	}
	err := db.personDeed(ctx, "link identity", `select lookup.identity_link($1, $2, $3, $4, $5, $6, $7)`,
		me.credentials.Token.hash(), flow, identity.Issuer, identity.Subject, email, NewID(), me.RequestID)
	if errors.Is(err, errTooMany) {
		return InvalidError{"": "You can link at most 20 accounts. Unlink one that you no longer use."}
	}
	return err
}

// UnlinkIdentity removes one of the person's identities. It can't sign them in until
// they link it again. Another person's is [ErrNotFound], without a step-up in the
// last five minutes it is [ErrStepUp], and the only way to sign in [ErrConflict].
func (db *DB) UnlinkIdentity(ctx context.Context, me Person, id uuid.UUID) error {
	return db.personDeed(ctx, "unlink identity", `select lookup.identity_remove($1, $2, $3, $4)`,
		me.credentials.Token.hash(), id, NewID(), me.RequestID)
}

// StepUpByIdentity steps the session up and gives it a new token. An identity that is
// not the person's is [ErrForbidden]; a flow that has ended or belongs to another
// session is [ErrNotFound].
func (db *DB) StepUpByIdentity(ctx context.Context, me Person, flow uuid.UUID, identity Identity, renewed Token) error {
	return db.personDeed(ctx, "step up by identity", `select lookup.step_up_by_identity($1, $2, $3, $4, $5, $6, $7)`,
		me.credentials.Token.hash(), flow, identity.Issuer, identity.Subject, renewed.hash(), NewID(), me.RequestID)
}
