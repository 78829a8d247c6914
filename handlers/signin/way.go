package signin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"portico/store"
	"portico/views"
)

// Way is another way to sign in than by mail: a provider that says who somebody
// is. It keeps nothing between Begin and Finish; this room does.
type Way interface {
	Name() string   // as in /auth/{provider}
	Label() string  // as in "Continue with …"
	Issuer() string // the first half of every identity it names
	StepsUp() bool  // it can say when somebody signed in there
	// Begin returns the provider's page that the browser is sent to.
	Begin(ctx context.Context, c Challenge) (string, error)
	// Finish turns the query of the provider's answer, whose state fitted, into
	// who the person is. A provider that does not answer is [ErrWayAway]; any
	// other error is an answer that proves nothing.
	Finish(ctx context.Context, answer url.Values, c Challenge) (store.Identity, error)
}

// Challenge is what the answer of a provider must fit. Each is random, for one
// flow only.
type Challenge struct {
	State    string
	Nonce    string
	Verifier string // of PKCE; the provider gets its S256 hash
	// Since, unless zero, has the person sign in at the provider anew, and is when
	// they were sent there to; the answer has to prove that they did.
	Since time.Time
	// Pick has the person see there which account it is, so that nobody links one
	// that somebody else signed their browser in with.
	Pick bool
}

// ErrWayAway is a provider that cannot be reached or does not answer in time.
var ErrWayAway = errors.New("sign-in provider away")

// whyDeclined is in the address of the sign-in page after a provider sent
// somebody back without a proof.
const whyDeclined = "declined"

// Providers are the other ways to sign in, as pages show them.
func (room *Room) Providers() []views.Provider {
	list := make([]views.Provider, len(room.ways))
	for i, way := range room.ways {
		list[i] = views.Provider{Name: way.Name(), Label: way.Label()}
	}
	return list
}

// way finds the provider of a request. Routes for GET take HEAD as well, but a
// request that nobody looks at the answer of neither begins nor spends anything.
func (room *Room) way(r *http.Request) (Way, error) {
	if r.Method == http.MethodHead {
		return nil, statusError(http.StatusMethodNotAllowed)
	}
	i := slices.IndexFunc(room.ways, func(way Way) bool { return way.Name() == r.PathValue("provider") })
	if i < 0 {
		return nil, store.ErrNotFound
	}
	return room.ways[i], nil
}

// ProviderBegin sends the browser to a provider, with a challenge that is bound
// to this browser by a cookie.
func (room *Room) ProviderBegin(w http.ResponseWriter, r *http.Request, _ store.Visitor) error {
	way, err := room.way(r)
	if err != nil {
		return err
	}
	there, err := room.sendTo(w, r, way, Challenge{}, func(cookie store.Secret, f store.OIDCFlow) error {
		f.ReturnTo = LocalPath(r.URL.Query().Get("return_to"))
		return room.db.BeginOIDCFlow(r.Context(), cookie, f)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, there, http.StatusSeeOther)
	return nil
}

// sendTo begins a flow, with a challenge that is bound to this browser by a cookie,
// and returns the provider's page for it.
func (room *Room) sendTo(w http.ResponseWriter, r *http.Request, way Way, c Challenge, begin func(store.Secret, store.OIDCFlow) error) (string, error) {
	if err := room.hit(r.Context(), providerVisit, NetworkOf(r)); err != nil {
		return "", err
	}
	c.State, c.Nonce, c.Verifier = randomText(), randomText(), randomText()
	there, err := way.Begin(r.Context(), c)
	// What we know of a provider is remembered, so its absence does not show here.
	if err == nil && !room.up(r.Context(), "auth:"+way.Name()) {
		err = ErrWayAway
	}
	if err != nil {
		room.watch.SignIn(way.Name(), outcome(err))
		return "", wayError(way, err)
	}
	// A second tab shares the cookie of the first, so that both can finish.
	f, ok := room.cookies.readFlow(r, providerCookie)
	if !ok {
		f = newFlow()
	}
	err = begin(f.Secret, store.OIDCFlow{Provider: way.Name(), State: store.Secret(c.State), Nonce: c.Nonce, Verifier: c.Verifier})
	if err != nil {
		return "", err
	}
	return there, room.cookies.writeFlow(w, providerCookie, f)
}

// ProviderReturn takes a provider's answer: only in the browser that was sent
// there, only once, only for ten minutes. It is one of the two GETs that spend
// something, and can be, because the cookie binds it to that browser. What it is the
// answer to is what was asked; a link and a step-up are their session's too.
func (room *Room) ProviderReturn(w http.ResponseWriter, r *http.Request, v store.Visitor) error {
	way, err := room.way(r)
	if err != nil {
		return err
	}
	f, err := room.spendState(r, way, r.URL.Query())
	if err != nil {
		return err
	}
	me, signedIn := v.Person()
	switch {
	case f.Purpose == store.OIDCSignIn:
		return room.signInBy(w, r, way, f)
	case !signedIn: // the session ran out meanwhile
		return statusError(http.StatusBadRequest)
	case f.Purpose == store.OIDCLink:
		return room.linkTo(w, r, me, way, f)
	}
	return room.stepUpBy(w, r, me, way, f)
}

// signInBy opens a session for whoever the provider says it is.
func (room *Room) signInBy(w http.ResponseWriter, r *http.Request, way Way, f store.OIDCFlow) error {
	if r.URL.Query().Has("error") {
		room.watch.SignIn(way.Name(), "declined")
		http.Redirect(w, r, views.LoginBecause(whyDeclined, f.ReturnTo), http.StatusSeeOther)
		return nil
	}
	who, err := room.whoSays(r, way, f, time.Time{})
	if err != nil {
		return err
	}
	s := room.newSession(w, r)
	_, err = room.db.SignInByIdentity(r.Context(), f.ID, who, s)
	if errors.Is(err, store.ErrNotFound) {
		room.watch.SignIn(way.Name(), "unknown")
		return room.noAccount(w, r, f.ReturnTo)
	}
	room.watch.SignIn(way.Name(), outcome(err))
	if err != nil {
		return err
	}
	return room.opened(w, r, s.Token, providerCookie, f.ReturnTo)
}

// whoSays turns a provider's answer into who it is, signed in there since then.
func (room *Room) whoSays(r *http.Request, way Way, f store.OIDCFlow, since time.Time) (store.Identity, error) {
	answer := r.URL.Query()
	c := Challenge{State: answer.Get("state"), Nonce: f.Nonce, Verifier: f.Verifier, Since: since}
	who, err := way.Finish(r.Context(), answer, c)
	if err != nil {
		room.watch.SignIn(way.Name(), outcome(err))
		return who, wayError(way, err)
	}
	// The records keep addresses folded; one that cannot be is nobody's here.
	email, ok := FoldEmail(who.Email)
	who.Email, who.EmailVerified = email, who.EmailVerified && ok
	return who, nil
}

// spendState finds the flow that an answer belongs to. One that fits none is a
// bad request: there is nothing to go on with.
func (room *Room) spendState(r *http.Request, way Way, answer url.Values) (store.OIDCFlow, error) {
	browser, ok := room.cookies.readFlow(r, providerCookie)
	if !ok || len(answer["state"]) != 1 {
		return store.OIDCFlow{}, statusError(http.StatusBadRequest)
	}
	token, _ := room.cookies.Read(r)
	f, err := room.db.SpendState(r.Context(), token, browser.Secret, store.Secret(answer.Get("state")), way.Name())
	if errors.Is(err, store.ErrNotFound) {
		return f, statusError(http.StatusBadRequest)
	}
	return f, err
}

// noAccount tells somebody who proved who they are that nobody here knows them.
// No account is made: people are invited.
func (room *Room) noAccount(w http.ResponseWriter, r *http.Request, to string) error {
	return room.signInPage(w, r, http.StatusForbidden, views.SignInProps{
		ReturnTo: LocalPath(to),
		Notice:   "That account has no invitation here, or it was unlinked. Request a link by email to the address your contact knows. You can then link the account on your account page.",
	})
}

// wayError picks the status of what a provider did.
func wayError(way Way, err error) error {
	if errors.Is(err, ErrWayAway) {
		return refusedWay{err, http.StatusServiceUnavailable, way.Name()}
	}
	return refusedWay{err, http.StatusBadRequest, way.Name()}
}

// refusedWay is a provider's failure with our status for it.
type refusedWay struct {
	error
	status   int
	provider string
}

func (e refusedWay) HTTPStatus() int { return e.status }

// RefusedBy says, for the log, which provider's answer was refused and why: in our
// own words, since an error of a library may quote what it was given.
func (e refusedWay) RefusedBy() (provider, reason string) {
	var ours refusedError
	if errors.As(e.error, &ours) {
		return e.provider, ours.reason
	}
	return e.provider, "an answer that proves nothing"
}

func (e refusedWay) Unwrap() error { return e.error }

// randomText is 32 random bytes as text.
func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
