package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// Secret is a random value that only its bearer knows. The database stores its
// SHA-256, so a short one, such as a mailed code, must be keyed (HMAC) first.
type Secret []byte

func (s Secret) hash() []byte {
	sum := sha256.Sum256(s)
	return sum[:]
}

// NewSession is the session to open after a successful proof.
type NewSession struct {
	Token     Token  // new, random
	Host      string // "" on the main host
	UserAgent string
	Old       *Token // the session this browser had before; it ends
	RequestID string
	// SignUp is the rule of now: a proof that began as a sign-up may make an account only if
	// it still may.
	SignUp SignUpRule
}

// BeginMailFlow begins a sign-in by mail and queues its mail in one transaction. It
// does the same for an unknown address; the job then sends nothing.
func (db *DB) BeginMailFlow(ctx context.Context, cookie Secret, email, returnTo string) (uuid.UUID, error) {
	return db.BeginSignUpFlow(ctx, cookie, email, returnTo, SignUpOff)
}

// BeginSignUpFlow is [DB.BeginMailFlow], whose proof also creates the account of an
// address that has none, if the rule allows it to sign up.
func (db *DB) BeginSignUpFlow(ctx context.Context, cookie Secret, email, returnTo string, rule SignUpRule) (uuid.UUID, error) {
	id := NewID()
	err := db.write(ctx, engine.Scope{}, "", "", func(tx *Tx) error {
		if err := tx.beginFlow(ctx, id, "mail", cookie, &email, nil, returnTo, OIDCFlow{SignUp: rule}); err != nil {
			return err
		}
		return tx.enqueuePlatform(ctx, queue.SignInMail{Flow: id})
	})
	return id, err
}

// BeginStepUp begins a step-up of the person's own session and queues its mail.
func (db *DB) BeginStepUp(ctx context.Context, me Person, cookie Secret, returnTo string) (uuid.UUID, error) {
	id := NewID()
	err := db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		if err := tx.beginFlow(ctx, id, "step_up", cookie, nil, &me.SessionID, returnTo, OIDCFlow{}); err != nil {
			return err
		}
		return tx.enqueuePlatform(ctx, queue.SignInMail{Flow: id})
	})
	return id, err
}

// OIDCPurpose is what a provider's answer is for.
type OIDCPurpose string

// The purposes. All but a sign-in belong to one session.
const (
	OIDCSignIn OIDCPurpose = "oidc"
	OIDCLink   OIDCPurpose = "oidc_link"
	OIDCStepUp OIDCPurpose = "oidc_step_up"
)

// OIDCFlow is what a provider's answer must match. State is set only to begin a flow;
// BegunAt comes from the database.
type OIDCFlow struct {
	ID       uuid.UUID
	Purpose  OIDCPurpose
	Provider string
	State    Secret
	Nonce    string
	Verifier string
	ReturnTo string
	SignUp   SignUpRule // set only to begin a sign-in
	BegunAt  time.Time
}

// BeginOIDCFlow records a sign-in that was sent to a provider.
func (db *DB) BeginOIDCFlow(ctx context.Context, cookie Secret, f OIDCFlow) error {
	return db.write(ctx, engine.Scope{}, "", "", func(tx *Tx) error {
		return tx.beginFlow(ctx, NewID(), string(OIDCSignIn), cookie, nil, nil, f.ReturnTo, f)
	})
}

func (tx *Tx) beginFlow(ctx context.Context, id uuid.UUID, purpose string, cookie Secret, email *string, session *uuid.UUID, returnTo string, f OIDCFlow) error {
	var state []byte
	if f.State != nil {
		state = f.State.hash()
	}
	var begun bool
	err := tx.get(ctx, value("begin "+purpose+" flow", &begun, `
select lookup.flow_begin(@id, @purpose, @cookie, @email, @session, @return_to, @provider, @state, @nonce, @verifier, @sign_up)`,
		pgx.StrictNamedArgs{"id": id, "purpose": purpose, "cookie": cookie.hash(), "email": email, "session": session,
			"return_to": returnTo, "provider": f.Provider, "state": state, "nonce": f.Nonce, "verifier": f.Verifier, "sign_up": f.SignUp.orNull()}))
	if err != nil {
		return err
	}
	if !begun {
		return fmt.Errorf("begin %s flow: %w", purpose, ErrForbidden)
	}
	return nil
}

// FlowMail is the recipient of a flow's mail.
type FlowMail struct {
	Purpose  string // "mail" or "step_up"
	Email    string
	Name     string // "" for an address that signs up
	ReturnTo string
	SignsUp  bool // it leads to the form for a new agency
}

// MintFlow stores the mailed secrets of a flow and returns the recipient. A flow that
// has ended, or of an unknown address that may not sign up, is [ErrNotFound].
func (db *DB) MintFlow(ctx context.Context, flow uuid.UUID, link, code Secret) (FlowMail, error) {
	var m FlowMail
	err := db.engine.OutsideTenant(ctx, "mint flow", engine.One(&m),
		`select * from lookup.flow_mint($1, $2, $3)`, flow, link.hash(), code.hash())
	return m, err
}

// MailedLink is what the page of a mailed link may show.
type MailedLink struct {
	Flow      uuid.UUID
	Email     string    // "" for a link that can't be used
	EndReason EndReason // why it can't be used; "" while it can
	ReturnTo  string
}

// EndReason is why a link or a code can't be used.
type EndReason string

// The reasons. EndedGone reveals nothing: unknown, deleted, or of another browser.
const (
	EndedUsed    EndReason = "used"
	EndedExpired EndReason = "expired"
	EndedTries   EndReason = "too_many"
	EndedGone    EndReason = "gone"
	EndedRevoked EndReason = "revoked" // of an invitation
)

// EndedError is a proof that can't be used. It wraps [ErrNotFound].
type EndedError struct{ Why EndReason }

func (e EndedError) Error() string { return "proof is over: " + string(e.Why) }

func (e EndedError) Unwrap() error { return ErrNotFound }

// WrongCodeError is a mistyped code. It wraps [ErrInvalid].
type WrongCodeError struct{ TriesLeft int }

func (e WrongCodeError) Error() string { return fmt.Sprintf("wrong code, %d tries left", e.TriesLeft) }

func (e WrongCodeError) Unwrap() error { return ErrInvalid }

// PeekFlow returns the address of a mailed link and whether it can be used. It
// changes nothing.
func (db *DB) PeekFlow(ctx context.Context, link Secret) (MailedLink, error) {
	var p MailedLink
	var state string
	err := db.engine.OutsideTenant(ctx, "peek flow", engine.Row(&p.Flow, &p.Email, &state, &p.ReturnTo),
		`select * from lookup.flow_peek($1)`, link.hash())
	if errors.Is(err, ErrNotFound) {
		return MailedLink{EndReason: EndedGone}, nil
	}
	if err != nil {
		return p, err
	}
	if state != "live" {
		p.EndReason = EndReason(state)
	}
	return p, nil
}

// SignInResult is the result of a sign-in or a step-up by mail.
type SignInResult struct {
	UserID   uuid.UUID
	ReturnTo string
	Tries    int // how many codes were tried, including the right one; 0 for a link
}

// codeTries is how many codes a flow accepts; the database counts them.
const codeTries = 5

// SignInByLink opens a session for a mailed link, once, in any browser. A link that
// was used, has expired or is unknown is [ErrNotFound].
func (db *DB) SignInByLink(ctx context.Context, link Secret, s NewSession) (SignInResult, error) {
	var a SignInResult
	err := db.engine.OutsideTenant(ctx, "sign in by link", engine.Row(&a.UserID, &a.ReturnTo),
		`select * from lookup.sign_in_by_link($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		link.hash(), NewID(), s.Token.hash(), s.Host, s.UserAgent, s.Old.hash(), NewID(), s.RequestID, s.SignUp.orNull())
	return a, err
}

// MailedCode is a code typed in the browser of a flow.
type MailedCode struct {
	Flow   uuid.UUID
	Cookie Secret // the flow cookie of that browser
	// Codes is the typed code, keyed with each key that may have been in use when it
	// was minted. Together they count as one try.
	Codes []Secret
}

func (c MailedCode) hashes() [][]byte {
	hashes := make([][]byte, len(c.Codes))
	for i, code := range c.Codes {
		hashes[i] = code.hash()
	}
	return hashes
}

// SignInByCode opens a session for a mailed code in the browser that asked. A wrong
// code is a [WrongCodeError]. After five tries, or if the flow has ended, it is an
// [EndedError].
func (db *DB) SignInByCode(ctx context.Context, c MailedCode, s NewSession) (SignInResult, error) {
	var verdict string
	var tries int
	var user *uuid.UUID
	var a SignInResult
	err := db.engine.OutsideTenant(ctx, "sign in by code", engine.Row(&verdict, &tries, &user, &a.ReturnTo),
		`select * from lookup.sign_in_by_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.Flow, c.Cookie.hash(), c.hashes(), NewID(), s.Token.hash(), s.Host, s.UserAgent, s.Old.hash(), NewID(), s.RequestID, s.SignUp.orNull())
	if err != nil {
		return a, err
	}
	a.UserID, a.Tries = deref(user), codeTries-tries
	return a, verdictError("sign in by code", verdict, tries)
}

// SpendState accepts a provider's answer once, in the browser that asked and, except
// for a sign-in, in its session. Anything else is [ErrNotFound]. token is the
// session's, nil for none.
func (db *DB) SpendState(ctx context.Context, token *Token, cookie, state Secret, provider string) (OIDCFlow, error) {
	f := OIDCFlow{Provider: provider}
	err := db.engine.OutsideTenant(ctx, "spend state",
		engine.Row(&f.ID, &f.Purpose, &f.Nonce, &f.Verifier, &f.ReturnTo, &f.BegunAt),
		`select * from lookup.flow_spend_state($1, $2, $3, $4)`, cookie.hash(), state.hash(), provider, token.hash())
	return f, err
}

// Identity is a person according to a provider.
type Identity struct {
	Issuer        string
	Subject       string
	Email         string
	EmailVerified bool
}

// SignInByIdentity opens a session for the person of an identity. It returns
// [ErrNotFound] for an unlinked identity whose address is unverified or unknown, or
// belongs to a person who has unlinked an account and since then links by hand only.
func (db *DB) SignInByIdentity(ctx context.Context, flow uuid.UUID, identity Identity, s NewSession) (uuid.UUID, error) {
	var user *uuid.UUID
	err := db.engine.OutsideTenant(ctx, "sign in by identity", engine.Value(&user),
		`select lookup.sign_in_by_identity($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		flow, identity.Issuer, identity.Subject, identity.Email, identity.EmailVerified,
		NewID(), s.Token.hash(), s.Host, s.UserAgent, s.Old.hash(), NewID(), s.RequestID, s.SignUp.orNull())
	if err == nil && user == nil {
		err = fmt.Errorf("sign in by identity: %w", ErrNotFound)
	}
	return deref(user), err
}

// StepUpByCode steps the session up and gives it a new token. The errors are those of
// [DB.SignInByCode].
func (db *DB) StepUpByCode(ctx context.Context, me Person, c MailedCode, renewed Token) (SignInResult, error) {
	var verdict string
	var tries int
	a := SignInResult{UserID: me.ID()}
	err := db.engine.OutsideTenant(ctx, "step up", engine.Row(&verdict, &tries, &a.ReturnTo),
		`select * from lookup.step_up_by_code($1, $2, $3, $4, $5, $6, $7)`,
		me.credentials.Token.hash(), c.Flow, c.Cookie.hash(), c.hashes(), renewed.hash(), NewID(), me.RequestID)
	if err != nil {
		return a, err
	}
	a.Tries = codeTries - tries
	return a, verdictError("step up", verdict, tries)
}

func verdictError(name, verdict string, triesLeft int) error {
	switch verdict {
	case "ok":
		return nil
	case "wrong":
		return fmt.Errorf("%s: %w", name, WrongCodeError{triesLeft})
	}
	return fmt.Errorf("%s: %w", name, EndedError{EndReason(verdict)})
}

// RateLimit counts one attempt under a key, an HMAC of what is limited, and says
// whether it is within limit for the window, and otherwise after how long to retry.
func (db *DB) RateLimit(ctx context.Context, key [32]byte, window time.Duration, limit int) (allowed bool, retryAfter time.Duration, err error) {
	hits, wait, err := db.rateHit(ctx, key[:], window)
	return hits <= limit, wait, err
}

func (db *DB) rateHit(ctx context.Context, key []byte, window time.Duration) (hits int, wait time.Duration, err error) {
	var seconds int
	err = db.engine.OutsideTenant(ctx, "rate limit", engine.Row(&hits, &seconds),
		`select * from lookup.rate_hit($1, $2)`, key, int(window.Seconds()))
	if err != nil {
		return 0, 0, err
	}
	return hits, time.Duration(seconds) * time.Second, nil
}

// RefundRate takes back one attempt per key; a key may appear more than once.
func (db *DB) RefundRate(ctx context.Context, keys ...[32]byte) error {
	list := make([][]byte, len(keys))
	for i := range keys {
		list[i] = keys[i][:]
	}
	return db.engine.OutsideTenant(ctx, "refund rate", engine.Nothing, `select lookup.rate_refund($1)`, list)
}

// Sweep removes ended sessions, flows and rate counters, and returns how many rows it
// removed.
func (db *DB) Sweep(ctx context.Context) (removed int64, err error) {
	var sessions, flows, counters int64
	err = db.engine.OutsideTenant(ctx, "sweep", engine.Row(&sessions, &flows, &counters), `select * from lookup.sweep()`)
	return sessions + flows + counters, err
}
