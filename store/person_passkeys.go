package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portico/store/engine"
)

// MaxPasskeyName is the longest name of a passkey, in characters.
const MaxPasskeyName = 60

// Passkey is a key on one of a person's devices.
type Passkey struct {
	ID           uuid.UUID
	CredentialID []byte // the device's id of the key
	Name         string
	BackedUp     bool // a password manager or the device's vendor holds a copy
	CreatedAt    time.Time
	LastUsedAt   *time.Time
}

// ListPasskeys reads the person's own passkeys, oldest first.
func ListPasskeys(dst *[]Passkey) OwnRead {
	return OwnRead{many("list passkeys", dst, `
select id, credential_id, name, backed_up, created_at, last_used_at
from passkeys
where user_id = nullif(current_setting('app.user_id', true), '')::uuid
order by created_at, id
limit 100`, nil)}
}

// Ceremony is what a passkey is used for.
type Ceremony string

// The ceremonies. All but a sign-in belong to one session.
const (
	PasskeySignIn Ceremony = "passkey"
	PasskeyAdd    Ceremony = "passkey_add"
	PasskeyStepUp Ceremony = "passkey_step_up"
)

// BeginCeremony stores what an answer must match, for five minutes and one answer.
// token is the session's, nil for a sign-in.
func (db *DB) BeginCeremony(ctx context.Context, c Ceremony, token *Token, cookie Secret, returnTo, fit string) (uuid.UUID, error) {
	id := NewID()
	var begun bool
	err := db.engine.OutsideTenant(ctx, "begin "+string(c), engine.Value(&begun),
		`select lookup.passkey_begin($1, $2, $3, $4, $5, $6)`, id, c, cookie.hash(), token.hash(), returnTo, fit)
	if err == nil && !begun {
		err = fmt.Errorf("begin %s: %w", c, ErrForbidden)
	}
	if err != nil {
		return uuid.Nil, err
	}
	return id, nil
}

// CeremonyAnswer is what an answer must match, and the passkey that it names.
type CeremonyAnswer struct {
	Fit      string
	ReturnTo string
	// Owner is nil for a passkey that doesn't exist or isn't this person's.
	Owner          *uuid.UUID
	PublicKey      []byte
	BackupEligible *bool
}

// SpendCeremony accepts an answer once, in the browser and session that asked.
// Anything else is [ErrNotFound].
func (db *DB) SpendCeremony(ctx context.Context, c Ceremony, token *Token, flow uuid.UUID, cookie Secret, credential []byte) (CeremonyAnswer, error) {
	var a CeremonyAnswer
	err := db.engine.OutsideTenant(ctx, "spend "+string(c),
		engine.Row(&a.Fit, &a.ReturnTo, &a.Owner, &a.PublicKey, &a.BackupEligible),
		`select * from lookup.passkey_answered($1, $2, $3, $4, $5)`, flow, c, cookie.hash(), token.hash(), credential)
	return a, err
}

// ErrCloned means that the passkey's counter went back: somebody has a copy of it.
var ErrCloned = errors.New("passkey is used in two places")

// UsedPasskey is a passkey with a valid answer.
type UsedPasskey struct {
	Flow         uuid.UUID
	CredentialID []byte
	SignCount    uint32
	BackedUp     bool
}

// SignInByPasskey opens a session for the passkey's person. A copied passkey is
// [ErrCloned]; a removed one, or one of a disabled person, is [ErrNotFound].
func (db *DB) SignInByPasskey(ctx context.Context, used UsedPasskey, s NewSession) error {
	return db.personDeed(ctx, "sign in by passkey", `select lookup.sign_in_by_passkey($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		used.Flow, used.CredentialID, int64(used.SignCount), used.BackedUp,
		NewID(), s.Token.hash(), s.Host, s.UserAgent, s.Old.hash(), NewID(), s.RequestID)
}

// StepUpByPasskey steps the session up and gives it a new token. The errors are those
// of [DB.SignInByPasskey].
func (db *DB) StepUpByPasskey(ctx context.Context, me Person, used UsedPasskey, renewed Token) error {
	return db.personDeed(ctx, "step up by passkey", `select lookup.step_up_by_passkey($1, $2, $3, $4, $5, $6, $7, $8)`,
		me.credentials.Token.hash(), used.Flow, used.CredentialID, int64(used.SignCount), used.BackedUp, renewed.hash(), NewID(), me.RequestID)
}

// NewPasskey is a passkey as a device created it.
type NewPasskey struct {
	Flow           uuid.UUID
	CredentialID   []byte
	PublicKey      []byte
	SignCount      uint32
	BackupEligible bool
	BackedUp       bool
	Name           string
}

// AddPasskey adds a passkey for the person. Without a step-up in the last five
// minutes it is [ErrStepUp], the same one twice [ErrConflict], and a bad name or more
// than twenty an [InvalidError].
func (db *DB) AddPasskey(ctx context.Context, me Person, k NewPasskey) error {
	name, err := keptName(k.Name, "a name for this passkey", MaxPasskeyName)
	if err != nil {
		return err
	}
	err = db.personDeed(ctx, "add passkey", `select lookup.passkey_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		me.credentials.Token.hash(), k.Flow, NewID(), k.CredentialID, k.PublicKey, int64(k.SignCount),
		k.BackupEligible, k.BackedUp, name, NewID(), me.RequestID)
	if errors.Is(err, errTooMany) {
		return InvalidError{"name": "You can have at most 20 passkeys. Remove one that you no longer use."}
	}
	return err
}

// RemovePasskey removes one of the person's passkeys. Another person's is
// [ErrNotFound], without a step-up in the last five minutes it is [ErrStepUp], and
// the only way to sign in [ErrConflict].
func (db *DB) RemovePasskey(ctx context.Context, me Person, id uuid.UUID) error {
	return db.personDeed(ctx, "remove passkey", `select lookup.passkey_remove($1, $2, $3, $4)`,
		me.credentials.Token.hash(), id, NewID(), me.RequestID)
}

var errTooMany = errors.New("too many")

// personDeed calls a function that answers with one word, and turns the word into an
// error.
func (db *DB) personDeed(ctx context.Context, name, sql string, args ...any) error {
	var verdict string
	if err := db.engine.OutsideTenant(ctx, name, engine.Value(&verdict), sql, args...); err != nil {
		return err
	}
	var err error
	switch verdict {
	case "ok":
		return nil
	case "no_step_up":
		err = ErrStepUp
	case "cloned":
		err = ErrCloned
	case "taken", "last":
		err = ErrConflict
	case "another":
		err = ErrForbidden
	case "too_many":
		err = errTooMany
	default:
		err = ErrNotFound
	}
	return fmt.Errorf("%s: %w", name, err)
}
