package signin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// passkeyCookie binds a WebAuthn ceremony to the browser it began in. It is separate from
// the other flow cookies, so that trying a passkey does not invalidate a mailed code.
const passkeyCookie = "__Host-portico-passkey"

// ceremonyTime is how long a device may take. The database enforces the same limit.
const ceremonyTime = 5 * time.Minute

// newPasskeys binds passkeys to our own origin, so that no other host, not even a
// tenant's, can use them. It returns nil if the origin is an IP address, for which
// WebAuthn allows no passkeys.
func newPasskeys(origin *url.URL) (*webauthn.WebAuthn, error) {
	if _, err := netip.ParseAddr(origin.Hostname()); err == nil {
		return nil, nil
	}
	timeout := webauthn.TimeoutConfig{Timeout: ceremonyTime, TimeoutUVD: ceremonyTime}
	return webauthn.New(&webauthn.Config{
		RPID:                  origin.Hostname(),
		RPDisplayName:         "Portico",
		RPOrigins:             []string{origin.Scheme + "://" + origin.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
}

// passkeyUser implements [webauthn.User].
type passkeyUser struct {
	id          uuid.UUID
	email, name string
	keys        []webauthn.Credential
}

func (k passkeyUser) WebAuthnID() []byte                         { return k.id[:] }
func (k passkeyUser) WebAuthnName() string                       { return k.email }
func (k passkeyUser) WebAuthnDisplayName() string                { return k.name }
func (k passkeyUser) WebAuthnCredentials() []webauthn.Credential { return k.keys }

// loadPasskeyUser returns the person with their passkeys.
func (s *Service) loadPasskeyUser(r *http.Request, me store.Person) (passkeyUser, error) {
	var own []store.Passkey
	if err := s.db.ReadOwn(r.Context(), me, store.ListPasskeys(&own)); err != nil {
		return passkeyUser{}, err
	}
	h := passkeyUser{id: me.ID(), email: me.Email, name: me.Name}
	for _, k := range own {
		h.keys = append(h.keys, webauthn.Credential{ID: k.CredentialID})
	}
	return h, nil
}

// beginCeremony sends the options to the device, and binds their session data to this
// browser and, if me is not nil, to this session.
func (s *Service) beginCeremony(w http.ResponseWriter, r *http.Request, c store.Ceremony, me *store.Person, options any, session *webauthn.SessionData, to string) error {
	text, err := json.Marshal(session)
	if err != nil {
		return err
	}
	var token *store.Token
	if me != nil {
		token, _ = s.cookies.Read(r)
	}
	f := newFlow()
	if f.ID, err = s.db.BeginCeremony(r.Context(), c, token, f.Secret, web.LocalPath(to), string(text)); err != nil {
		return err
	}
	if err := s.cookies.writeFlow(w, passkeyCookie, f); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, options)
	return nil
}

// ceremony is a spent ceremony whose answer is still to be verified.
type ceremony struct {
	store.CeremonyAnswer
	flow    uuid.UUID
	session webauthn.SessionData
}

// endCeremony spends the ceremony of this browser and session, even if the answer turns
// out to be invalid. If there is none, the error is [answeredAgain] for an answer that
// was accepted in this session before, and else [errCeremonyOver].
func (s *Service) endCeremony(w http.ResponseWriter, r *http.Request, c store.Ceremony, credential []byte, challenge string) (ceremony, error) {
	over := func() (ceremony, error) {
		if to, used := s.usedPasskey(r, c, challenge); used {
			return ceremony{}, answeredAgain{to}
		}
		return ceremony{}, errCeremonyOver
	}
	f, ok := s.cookies.readFlow(r, passkeyCookie)
	if !ok {
		spent, err := over()
		if errors.Is(err, errCeremonyOver) && lostCookie(r, passkeyCookie) {
			err = ErrNoCookie
		}
		return spent, err
	}
	s.cookies.clearFlow(w, passkeyCookie)
	token, _ := s.cookies.Read(r)
	a, err := s.db.SpendCeremony(r.Context(), c, token, f.ID, f.Secret, credential)
	if errors.Is(err, store.ErrNotFound) {
		return over()
	}
	done := ceremony{CeremonyAnswer: a, flow: f.ID}
	if err == nil {
		err = json.Unmarshal([]byte(a.Fit), &done.session)
	}
	return done, err
}

// answeredAgain is an answer of a device that comes a second time, and where it led.
type answeredAgain struct{ to string }

func (a answeredAgain) Error() string { return "answered before" }

// goOn tells the script where to go on. Nothing is used or opened.
func (a answeredAgain) goOn(w http.ResponseWriter) error {
	web.WriteJSON(w, http.StatusOK, map[string]string{"to": a.to})
	return nil
}

// verifyAssertion verifies the device's answer: its signature by the passkey's key, the
// user handle of the passkey's owner, and that the device verified the user. Otherwise
// the error is [ErrProviderRefused].
func (s *Service) verifyAssertion(c ceremony, answer *protocol.ParsedCredentialAssertionData) (store.UsedPasskey, error) {
	if c.Owner == nil {
		return store.UsedPasskey{}, refusal("unknown passkey")
	}
	owner := passkeyUser{id: *c.Owner, keys: []webauthn.Credential{{
		ID: answer.RawID, PublicKey: c.PublicKey, Flags: webauthn.CredentialFlags{BackupEligible: *c.BackupEligible},
	}}}
	findOwner := func(_, _ []byte) (webauthn.User, error) { return owner, nil }
	if _, err := s.passkeys.ValidateDiscoverableLogin(findOwner, c.session, answer); err != nil {
		return store.UsedPasskey{}, errors.Join(ErrProviderRefused, err)
	}
	data := answer.Response.AuthenticatorData
	return store.UsedPasskey{Flow: c.flow, CredentialID: answer.RawID, SignCount: data.Counter, BackedUp: data.Flags.HasBackupState()}, nil
}

// PasskeyBegin begins a sign-in with any passkey of ours.
func (s *Service) PasskeyBegin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	options, session, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeySignIn, nil, options, session, r.URL.Query().Get("return_to"))
}

// PasskeySignIn signs in the owner of the passkey that answered.
func (s *Service) PasskeySignIn(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	c, used, err := s.verifyPasskey(w, r, store.PasskeySignIn)
	if again, ok := errors.AsType[answeredAgain](err); ok {
		return again.goOn(w)
	}
	session := s.newSession(r)
	if err == nil {
		err = s.db.SignInByPasskey(r.Context(), used, session)
	}
	s.metrics.SignIn(byPasskey, outcome(err))
	if err != nil {
		return s.refusePasskey(r, err)
	}
	return s.finishPasskey(w, session.Token, c.ReturnTo)
}

// PasskeyStepUpBegin begins a step-up with one of the person's own passkeys.
func (s *Service) PasskeyStepUpBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	options, session, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeyStepUp, &me, options, session, r.URL.Query().Get("return_to"))
}

// PasskeyStepUp accepts the answer of one of the person's passkeys as a step-up. The
// session gets a new token.
func (s *Service) PasskeyStepUp(w http.ResponseWriter, r *http.Request, me store.Person) error {
	c, used, err := s.verifyPasskey(w, r, store.PasskeyStepUp)
	if again, ok := errors.AsType[answeredAgain](err); ok {
		return again.goOn(w)
	}
	renewed := newToken()
	if err == nil {
		err = s.db.StepUpByPasskey(r.Context(), me, used, renewed)
	}
	s.metrics.SignIn(byPasskeyStepUp, outcome(err))
	if err != nil {
		return s.refusePasskey(r, err)
	}
	return s.finishPasskey(w, renewed, c.ReturnTo)
}

// verifyPasskey reads a device's answer, spends its ceremony and verifies it.
func (s *Service) verifyPasskey(w http.ResponseWriter, r *http.Request, of store.Ceremony) (ceremony, store.UsedPasskey, error) {
	body, err := web.ReadBody(r)
	if err != nil {
		return ceremony{}, store.UsedPasskey{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return ceremony{}, store.UsedPasskey{}, errNoAnswer
	}
	c, err := s.endCeremony(w, r, of, answer.RawID, answer.Response.CollectedClientData.Challenge)
	if err != nil {
		return c, store.UsedPasskey{}, err
	}
	used, err := s.verifyAssertion(c, answer)
	return c, used, err
}

// refusePasskey returns the error that tells people why a passkey was refused. Invalid
// answers are counted like other invalid proofs.
func (s *Service) refusePasskey(r *http.Request, err error) error {
	switch {
	case errors.Is(err, store.ErrCloned):
		return &web.Problem{Status: http.StatusForbidden, Sentence: "This passkey was refused because a copy of it may be in use. Sign in by email, remove it from your account and add a new one."}
	case errors.Is(err, ErrProviderRefused), errors.Is(err, store.ErrNotFound):
		if e := s.countInvalidProof(r); e != nil {
			return e
		}
		return &web.Problem{Status: http.StatusForbidden, Sentence: "That passkey doesn't work here. Try another, or request a code by email."}
	}
	return err
}

// finishPasskey sets the session cookie and tells the script where to go next.
func (s *Service) finishPasskey(w http.ResponseWriter, token store.Token, to string) error {
	if err := s.cookies.Write(w, token); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]string{"to": web.LocalPath(to)})
	return nil
}

var (
	errNoAnswer     = &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: "Your device didn't respond as expected. Try again."}
	errCeremonyOver = &web.Problem{Status: http.StatusConflict, Sentence: "That took too long or was started elsewhere. Try again."}
)

// PasskeyAddBegin begins adding a passkey, after a fresh step-up.
func (s *Service) PasskeyAddBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	if !frame.SteppedUp(me) {
		return writeStepUpRequired(w)
	}
	h, err := s.loadPasskeyUser(r, me)
	if err != nil {
		return err
	}
	options, session, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeyAdd, &me, options, session, views.PathAccount)
}

// PasskeyAdd stores the passkey that the device created.
func (s *Service) PasskeyAdd(w http.ResponseWriter, r *http.Request, me store.Person) error {
	body, err := web.ReadBody(r)
	if err != nil {
		return err
	}
	var in struct {
		Name   string          `json:"name"`
		Answer json.RawMessage `json:"answer"`
	}
	if json.Unmarshal(body, &in) != nil {
		return errNoAnswer
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(in.Answer)
	if err != nil {
		return errNoAnswer
	}
	c, err := s.endCeremony(w, r, store.PasskeyAdd, answer.RawID, answer.Response.CollectedClientData.Challenge)
	if again, ok := errors.AsType[answeredAgain](err); ok {
		return again.goOn(w)
	}
	if err != nil {
		return err
	}
	made, err := s.passkeys.CreateCredential(passkeyUser{id: me.ID()}, c.session, answer)
	if err != nil {
		return s.refusePasskey(r, errors.Join(ErrProviderRefused, err))
	}
	err = s.db.AddPasskey(r.Context(), me, store.NewPasskey{
		Flow: c.flow, CredentialID: made.ID, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount,
		BackupEligible: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState, Name: in.Name,
	})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case errors.Is(err, store.ErrStepUp):
		return writeStepUpRequired(w)
	case errors.Is(err, store.ErrNotFound):
		return errCeremonyOver
	case errors.Is(err, store.ErrConflict):
		return &web.Problem{Status: http.StatusConflict, Sentence: "That passkey is already in use."}
	case invalid:
		return &web.Problem{Status: http.StatusUnprocessableEntity, Sentence: wrong["name"]}
	case err != nil:
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]string{"to": views.AccountDid("passkey.added")})
	return nil
}

// PasskeyRemove removes one of the person's passkeys, after a fresh step-up.
func (s *Service) PasskeyRemove(w http.ResponseWriter, r *http.Request, me store.Person) error {
	id, err := pathID(r)
	if err == nil {
		err = s.db.RemovePasskey(r.Context(), me, id)
	}
	switch {
	case errors.Is(err, store.ErrStepUp):
		return frame.StepUpFirst(w, r, views.PathAccount)
	case errors.Is(err, store.ErrConflict):
		return errLastCredential
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.AccountDid("passkey.removed"), http.StatusSeeOther)
	return nil
}

// writeStepUpRequired tells a script to send the person to step up first.
func writeStepUpRequired(w http.ResponseWriter) error {
	web.WriteJSON(w, http.StatusConflict, map[string]string{
		"error": "STEP_UP", "message": "Confirm it's you first.", "to": views.StepUpTo(views.PathAccount)})
	return nil
}
