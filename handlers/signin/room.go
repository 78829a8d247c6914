package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"

	"portico/handlers/metrics"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// Room answers every route of sign-in and account. Make one with [New].
type Room struct {
	db      *store.DB
	cookies *Cookies
	keys    Keys
	rateKey []byte
	ways    []Way
	watch   *metrics.Recorder // nil counts nothing
	// passkeys is nil where there are none: see [Room.At].
	passkeys *webauthn.WebAuthn
	// tenantDomain is what the hosts of tenants stand under; "" for none.
	tenantDomain string
	// agentCodes says that agents of support may prove themselves by mail.
	agentCodes bool
	up         func(ctx context.Context, neighbour string) bool
}

// New returns the room of an installation with these keys and, besides mail,
// these ways to sign in, in the order they are shown.
func New(db *store.DB, keys Keys, ways ...Way) *Room {
	return &Room{
		db:      db,
		cookies: NewCookies(keys),
		keys:    keys,
		rateKey: keys.For(PurposeRateLimit)[0],
		ways:    ways,
		up:      func(context.Context, string) bool { return true },
	}
}

// Asking lets the room ask whether a neighbour answers, by the name that /readyz
// gives it, before it sends somebody there.
func (room *Room) Asking(up func(ctx context.Context, neighbour string) bool) *Room {
	room.up = up
	return room
}

// TakingAgentCodes lets agents of support prove themselves anew with a mailed code.
// Without it they do so with a passkey alone, and a code is good only for adding
// their first.
func (room *Room) TakingAgentCodes() *Room {
	room.agentCodes = true
	return room
}

// mailAway is the same for every address, so it tells of none.
const mailAway = "We can't send email at the moment. Try again in a minute."

// retryMail is how many seconds to wait for a mail server.
const retryMail = "30"

// Watched has the room count what comes of the proofs it is shown.
func (room *Room) Watched(w *metrics.Recorder) *Room {
	room.watch = w
	return room
}

// Token returns the token in the request's session cookie, or nil. A cookie
// signed with an older key is written anew on the way.
func (room *Room) Token(w http.ResponseWriter, r *http.Request) *store.Token {
	token, renew := room.cookies.Read(r)
	if renew {
		_ = room.cookies.Write(w, *token) // the old cookie is as good until its key goes
	}
	return token
}

// opened ends a sign-in that succeeded: the browser has a new session, nothing of
// the flow is left in it, and it goes on.
func (room *Room) opened(w http.ResponseWriter, r *http.Request, token store.Token, flowName, to string) error {
	if err := room.cookies.Write(w, token); err != nil {
		return err
	}
	room.cookies.clearFlow(w, flowName)
	http.Redirect(w, r, LocalPath(to), http.StatusSeeOther)
	return nil
}

// newSession is what a proof in this request will earn. The id is new every
// time, so a cookie that somebody planted is worth nothing afterwards.
func (room *Room) newSession(w http.ResponseWriter, r *http.Request) store.NewSession {
	old, _ := room.cookies.Read(r)
	return store.NewSession{Token: newToken(), UserAgent: userAgent(r), Old: old, RequestID: requestID(w)}
}

func newToken() (token store.Token) {
	_, _ = rand.Read(token[:])
	return token
}

// requestID is the one that the middleware gave this request.
func requestID(w http.ResponseWriter) string { return w.Header().Get("X-Request-Id") }

// userAgent is what the browser calls itself, as text the database takes.
func userAgent(r *http.Request) string { return strings.ToValidUTF8(r.UserAgent(), "?") }

// statusError is a refusal that is not the store's to say.
type statusError int

func (e statusError) Error() string   { return http.StatusText(int(e)) }
func (e statusError) HTTPStatus() int { return int(e) }

// readForm parses the body of a form. One that is too large says so itself; one
// that took too long is told from one that is no form.
func readForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	var tooMany interface{ HTTPStatus() int } // fields
	switch {
	case err == nil, errors.As(err, &tooLarge), errors.As(err, &tooMany):
		return err
	case TooSlow(err):
		return statusError(http.StatusRequestTimeout)
	}
	return statusError(http.StatusBadRequest)
}

// TooSlow says whether reading a body ended because it took too long to come.
func TooSlow(err error) bool {
	var late net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &late) && late.Timeout())
}

// lobby is the frame of a person's page outside any tenant.
func lobby(me store.Person) views.Chrome {
	return views.Chrome{
		Person: views.Person{Name: me.Name, Email: me.Email},
		Dates:  ui.DatesFor(me.TimeZone, me.Locale),
		Doors:  views.Doors{Console: me.Agent, Workspaces: !me.Agent},
	}
}
