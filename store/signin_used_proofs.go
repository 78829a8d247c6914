package store

import (
	"context"
	"crypto/subtle"

	"github.com/google/uuid"

	"portico/store/engine"
)

// AnsweredFlow is a flow whose answer comes a second time.
type AnsweredFlow struct {
	Purpose  OIDCPurpose
	ReturnTo string
	Done     bool // false if the first answer came to nothing, as when the person declined
}

// AnsweredFlow returns a flow that was answered in this browser or belongs to this
// session. Anything else is [ErrNotFound].
func (db *DB) AnsweredFlow(ctx context.Context, token *Token, cookie, state Secret, provider string) (AnsweredFlow, error) {
	var f AnsweredFlow
	err := db.engine.OutsideTenant(ctx, "answered flow", engine.Row(&f.Purpose, &f.ReturnTo, &f.Done),
		`select * from lookup.flow_answered($1, $2, $3, $4)`, cookie.hash(), state.hash(), provider, token.hash())
	return f, err
}

// UsedProof is a proof of identity that opened a session or was used in it. It proves
// nothing any more.
type UsedProof struct {
	ID        uuid.UUID // of its flow
	Purpose   string    // "mail", "step_up" or a [Ceremony]
	ReturnTo  string
	LinkHash  []byte
	CodeHash  []byte
	Challenge string // of a passkey
}

// IsLink reports whether the link is that of the proof.
func (p UsedProof) IsLink(link Secret) bool { return same(link, p.LinkHash) }

// IsCode reports whether the code, keyed with one of the keys, is that of the proof.
func (p UsedProof) IsCode(codes []Secret) bool {
	for _, code := range codes {
		if same(code, p.CodeHash) {
			return true
		}
	}
	return false
}

func same(s Secret, hash []byte) bool { return subtle.ConstantTimeCompare(s.hash(), hash) == 1 }

// ProofsUsed returns the proofs that opened the session with this token or were used in
// it, the last first. There are none for a session that has ended and for nil.
func (db *DB) ProofsUsed(ctx context.Context, token *Token) (used []UsedProof, err error) {
	if token == nil {
		return nil, nil
	}
	return used, db.engine.OutsideTenant(ctx, "proofs used", engine.Many(&used), `select * from lookup.proofs_used($1)`, token.hash())
}

// HandoverUsed returns where the hand-over led that opened the session with this token on
// the host. Any other is [ErrNotFound].
func (db *DB) HandoverUsed(ctx context.Context, handover Secret, host string, token *Token) (returnTo string, err error) {
	var to *string
	err = db.engine.OutsideTenant(ctx, "handover used", engine.Value(&to),
		`select lookup.handover_used($1, $2, $3)`, handover.hash(), host, token.hash())
	if err == nil && to == nil {
		err = ErrNotFound
	}
	return deref(to), err
}
