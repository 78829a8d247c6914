package signin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"portico/store"
)

// SessionCookie is the name of the session cookie. The prefix makes browsers
// refuse it from a sibling host, over plain HTTP, or with a wider path.
const SessionCookie = "__Host-portico"

const (
	sessionCookieAge = 30 * 24 * time.Hour
	flowCookieAge    = 24 * time.Hour // longer than a code works, so that a late one is answered "expired"
	tokenValue       = "token"        // key in sessions.Session.Values
	renewValue       = "renew"        // true: signed with an older key
)

// Cookies turns the session cookie into a store.Token and back. It does not know whom
// the token belongs to or whether it is still valid: every request checks that in the
// database. It is a sessions.Store.
type Cookies struct {
	session []securecookie.Codec // newest key first
	flow    []securecookie.Codec
	known   []securecookie.Codec
}

var _ sessions.Store = (*Cookies)(nil)

// NewCookies returns the cookies of an installation with these keys.
func NewCookies(keys Keys) *Cookies {
	c := &Cookies{}
	for _, key := range keys.For(PurposeSessionCookie) {
		// No maximum age: the database decides how long a session lasts.
		c.session = append(c.session, securecookie.New(key, nil).MaxAge(0).SetSerializer(securecookie.NopEncoder{}))
	}
	for _, key := range keys.For(PurposeFlowCookie) {
		c.flow = append(c.flow, securecookie.New(key, derive(key, "encryption")).
			MaxAge(int(flowCookieAge/time.Second)).SetSerializer(securecookie.JSONEncoder{}))
	}
	for _, key := range keys.For(PurposeKnownBrowser) {
		c.known = append(c.known, securecookie.New(key, derive(key, "encryption")).
			MaxAge(int(knownCookieAge/time.Second)).SetSerializer(securecookie.JSONEncoder{}))
	}
	return c
}

// Read returns the token in the request's session cookie, or nil for a missing or
// invalid cookie. renew means that the cookie was signed with an older key and should
// be written again.
func (c *Cookies) Read(r *http.Request) (token *store.Token, renew bool) {
	session, _ := c.Get(r, SessionCookie)
	t, ok := session.Values[tokenValue].(store.Token)
	if !ok {
		return nil, false
	}
	renew, _ = session.Values[renewValue].(bool)
	return &t, renew
}

// Write sets the session cookie, signed with the newest key.
func (c *Cookies) Write(w http.ResponseWriter, token store.Token) error {
	session := c.blank(SessionCookie)
	session.Values[tokenValue] = token
	return c.Save(nil, w, session)
}

// Clear removes the session cookie from the browser.
func (c *Cookies) Clear(w http.ResponseWriter) {
	setCookie(w, newCookie(SessionCookie, "", -time.Second))
}

// Get implements sessions.Store. It caches nothing and calls [Cookies.New].
func (c *Cookies) Get(r *http.Request, name string) (*sessions.Session, error) {
	return c.New(r, name)
}

// New implements sessions.Store. It never returns nil or an error: for a missing or
// invalid cookie the session is blank.
func (c *Cookies) New(r *http.Request, name string) (*sessions.Session, error) {
	session := c.blank(name)
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	for i, codec := range c.session {
		var raw []byte
		if codec.Decode(name, cookie.Value, &raw) != nil || len(raw) != len(store.Token{}) {
			continue
		}
		session.IsNew = false
		session.Values[tokenValue] = store.Token(raw)
		session.Values[renewValue] = i > 0
		break
	}
	return session, nil
}

// Save implements sessions.Store. It only writes the cookie, or removes it for a session
// without a token.
func (c *Cookies) Save(_ *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	token, ok := session.Values[tokenValue].(store.Token)
	if !ok {
		setCookie(w, newCookie(session.Name(), "", -time.Second))
		return nil
	}
	value, err := c.session[0].Encode(session.Name(), token[:])
	if err != nil {
		return err
	}
	setCookie(w, newCookie(session.Name(), value, sessionCookieAge))
	return nil
}

func (c *Cookies) blank(name string) *sessions.Session {
	session := sessions.NewSession(c, name)
	session.IsNew = true
	session.Options = &sessions.Options{
		Path: "/", MaxAge: int(sessionCookieAge / time.Second), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	return session
}

// newCookie returns a cookie with the attributes that all our cookies have. A negative
// age removes it.
func newCookie(name, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// setCookie is http.SetCookie, but replaces an earlier cookie of the same name in the
// answer.
func setCookie(w http.ResponseWriter, cookie *http.Cookie) {
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, cookie.Name+"=")
	})
	http.SetCookie(w, cookie)
}
