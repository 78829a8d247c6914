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

// passkeyCookie binds a ceremony to the browser it began in. It is apart from the
// others, so that trying a passkey does not make a mailed code useless.
const passkeyCookie = "__Host-portico-passkey"

// ceremonyTime is how long a device may take; the database counts the same.
const ceremonyTime = 5 * time.Minute

// newPasskeys binds passkeys to our own origin: no other host, not even a tenant's,
// can use or ask for one. An address that is a bare IP has none, which is nil.
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

// keyHolder is a person as the library sees one.
type keyHolder struct {
	id          uuid.UUID
	email, name string
	keys        []webauthn.Credential
}

func (k keyHolder) WebAuthnID() []byte                         { return k.id[:] }
func (k keyHolder) WebAuthnName() string                       { return k.email }
func (k keyHolder) WebAuthnDisplayName() string                { return k.name }
func (k keyHolder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

// holder is the person with the passkeys they have.
func (s *Service) holder(r *http.Request, me store.Person) (keyHolder, error) {
	var own []store.Passkey
	if err := s.db.ReadOwn(r.Context(), me, store.ListPasskeys(&own)); err != nil {
		return keyHolder{}, err
	}
	h := keyHolder{id: me.ID(), email: me.Email, name: me.Name}
	for _, k := range own {
		h.keys = append(h.keys, webauthn.Credential{ID: k.CredentialID})
	}
	return h, nil
}

// beginCeremony asks a device, in this browser and session, and remembers what its
// answer has to fit.
func (s *Service) beginCeremony(w http.ResponseWriter, r *http.Request, c store.Ceremony, me *store.Person, question any, fit *webauthn.SessionData, to string) error {
	text, err := json.Marshal(fit)
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
	web.WriteJSON(w, http.StatusOK, question)
	return nil
}

// ceremony is one whose answer has come back and is yet to be checked.
type ceremony struct {
	store.CeremonyAnswer
	flow uuid.UUID
	fit  webauthn.SessionData
}

// endCeremony spends the ceremony of this browser and session, whatever the answer
// is worth.
func (s *Service) endCeremony(w http.ResponseWriter, r *http.Request, c store.Ceremony, credential []byte) (ceremony, error) {
	f, ok := s.cookies.readFlow(r, passkeyCookie)
	if !ok {
		return ceremony{}, errCeremonyOver
	}
	s.cookies.clearFlow(w, passkeyCookie)
	token, _ := s.cookies.Read(r)
	a, err := s.db.SpendCeremony(r.Context(), c, token, f.ID, f.Secret, credential)
	if errors.Is(err, store.ErrNotFound) {
		return ceremony{}, errCeremonyOver
	}
	done := ceremony{CeremonyAnswer: a, flow: f.ID}
	if err == nil {
		err = json.Unmarshal([]byte(a.Fit), &done.fit)
	}
	return done, err
}

// check says whether the answer is the key's. The one it names has to be the
// person's, the person the one whose handle the device gives, and the device has to
// have made sure that they are there.
func (s *Service) check(c ceremony, answer *protocol.ParsedCredentialAssertionData) (store.UsedPasskey, error) {
	if c.Owner == nil {
		return store.UsedPasskey{}, refusal("a passkey that nobody has")
	}
	owner := keyHolder{id: *c.Owner, keys: []webauthn.Credential{{
		ID: answer.RawID, PublicKey: c.PublicKey, Flags: webauthn.CredentialFlags{BackupEligible: *c.BackupEligible},
	}}}
	whose := func(_, _ []byte) (webauthn.User, error) { return owner, nil }
	if _, err := s.passkeys.ValidateDiscoverableLogin(whose, c.fit, answer); err != nil {
		return store.UsedPasskey{}, errors.Join(ErrProviderRefused, err)
	}
	data := answer.Response.AuthenticatorData
	return store.UsedPasskey{Flow: c.flow, CredentialID: answer.RawID, SignCount: data.Counter, BackedUp: data.Flags.HasBackupState()}, nil
}

// PasskeyBegin asks any device for a passkey of ours, to sign in with.
func (s *Service) PasskeyBegin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	question, fit, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeySignIn, nil, question, fit, r.URL.Query().Get("return_to"))
}

// PasskeySignIn signs in the person the answering passkey belongs to.
func (s *Service) PasskeySignIn(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	c, used, err := s.answer(w, r, store.PasskeySignIn)
	session := s.newSession(r)
	if err == nil {
		err = s.db.SignInByPasskey(r.Context(), used, session)
	}
	s.metrics.SignIn(byPasskey, outcome(err))
	if err != nil {
		return s.refusePasskey(r, err)
	}
	return s.answerScript(w, session.Token, c.ReturnTo)
}

// PasskeyStepUpBegin asks for a passkey; one of the person's own has to answer.
func (s *Service) PasskeyStepUpBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	question, fit, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeyStepUp, &me, question, fit, r.URL.Query().Get("return_to"))
}

// PasskeyStepUp takes the answer of one of them as a fresh proof: the session goes
// on under a new token.
func (s *Service) PasskeyStepUp(w http.ResponseWriter, r *http.Request, me store.Person) error {
	c, used, err := s.answer(w, r, store.PasskeyStepUp)
	renewed := newToken()
	if err == nil {
		err = s.db.StepUpByPasskey(r.Context(), me, used, renewed)
	}
	s.metrics.SignIn(byPasskeyStepUp, outcome(err))
	if err != nil {
		return s.refusePasskey(r, err)
	}
	return s.answerScript(w, renewed, c.ReturnTo)
}

// answer reads and checks what a device said.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, of store.Ceremony) (ceremony, store.UsedPasskey, error) {
	body, err := web.ReadBody(r)
	if err != nil {
		return ceremony{}, store.UsedPasskey{}, err
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return ceremony{}, store.UsedPasskey{}, errNoAnswer
	}
	c, err := s.endCeremony(w, r, of, answer.RawID)
	if err != nil {
		return c, store.UsedPasskey{}, err
	}
	used, err := s.check(c, answer)
	return c, used, err
}

// refusePasskey says to people why a passkey did not do. What fits nothing is
// counted, as other stray proofs are.
func (s *Service) refusePasskey(r *http.Request, err error) error {
	switch {
	case errors.Is(err, store.ErrCloned):
		return &web.Problem{Status: http.StatusForbidden, Sentence: "This passkey was refused because a copy of it may be in use. Sign in by email, remove it from your account and add a new one."}
	case errors.Is(err, ErrProviderRefused), errors.Is(err, store.ErrNotFound):
		if e := s.countStray(r); e != nil {
			return e
		}
		return &web.Problem{Status: http.StatusForbidden, Sentence: "That passkey doesn't work here. Try another, or request a code by email."}
	}
	return err
}

// goOn ends a proof that a script brought: a new token, and where to go next.
func (s *Service) answerScript(w http.ResponseWriter, token store.Token, to string) error {
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

// PasskeyAddBegin asks the device for a new passkey, after a fresh step-up.
func (s *Service) PasskeyAddBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if s.passkeys == nil {
		return store.ErrNotFound
	}
	if !frame.SteppedUp(me) {
		return needStepUp(w)
	}
	h, err := s.holder(r, me)
	if err != nil {
		return err
	}
	question, fit, err := s.passkeys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return s.beginCeremony(w, r, store.PasskeyAdd, &me, question, fit, views.PathAccount)
}

// PasskeyAdd keeps the passkey that the device made.
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
	c, err := s.endCeremony(w, r, store.PasskeyAdd, answer.RawID)
	if err != nil {
		return err
	}
	made, err := s.passkeys.CreateCredential(keyHolder{id: me.ID()}, c.fit, answer)
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
		return needStepUp(w)
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

// PasskeyRemove takes one of the person's passkeys away, after a fresh step-up.
func (s *Service) PasskeyRemove(w http.ResponseWriter, r *http.Request, me store.Person) error {
	id, err := ownID(r)
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

// needStepUp tells a script where the person proves themselves first.
func needStepUp(w http.ResponseWriter) error {
	web.WriteJSON(w, http.StatusConflict, map[string]string{
		"error": "STEP_UP", "message": "Confirm it's you first.", "to": views.StepUpTo(views.PathAccount)})
	return nil
}
