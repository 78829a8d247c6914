package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// handoverCookie binds a handover to the browser that requested it. It is set on the
// tenant's host before the browser is sent to the main host.
const handoverCookie = "__Host-portico-handover"

// RequestHandover returns the URL on the main host that hands this browser's session
// over to host, the host of the request. to is a local path there to return to.
func (s *Service) RequestHandover(w http.ResponseWriter, r *http.Request, host, to string) (string, error) {
	// A second tab shares the cookie of the first, so that both come back.
	f, ok := s.cookies.readFlow(r, handoverCookie)
	if !ok {
		f = newFlow()
	}
	if err := s.cookies.writeFlow(w, handoverCookie, f); err != nil {
		return "", err
	}
	sum := sha256.Sum256(f.Secret)
	browser := base64.RawURLEncoding.EncodeToString(sum[:])
	page := views.Handover(host, browser, web.LocalPath(to))
	// The URL itself must be a valid return path, for people who have to sign in first.
	if web.LocalPath(page) == views.PathHome {
		page = views.Handover(host, browser, views.PathHome)
	}
	return page, nil
}

// ParseHandover reads the query that [Service.RequestHandover] made: the host, the hash
// of the browser's secret and the return path. It returns false if the hash is malformed.
func ParseHandover(q url.Values) (store.Handover, bool) {
	browser, err := base64.RawURLEncoding.DecodeString(q.Get("browser"))
	return store.Handover{
		Host: q.Get("host"), Browser: browser, ReturnTo: web.LocalPath(q.Get("to")),
	}, err == nil && len(browser) == sha256.Size
}

// AcceptHandover spends a handover and starts a session on host, the host of the
// request. It returns the local path to return to. If the handover has expired or
// belongs to another browser or host, the error is [store.ErrNotFound], and [ErrNoCookie] as
// well if the browser has no cookie of it.
func (s *Service) AcceptHandover(w http.ResponseWriter, r *http.Request, host, token string) (string, error) {
	f, ok := s.cookies.readFlow(r, handoverCookie)
	switch {
	case lostCookie(r, handoverCookie):
		return "", errors.Join(store.ErrNotFound, ErrNoCookie)
	case !ok:
		return "", store.ErrNotFound
	}
	session := s.newSession(r)
	session.Host = host
	to, err := s.db.SpendHandover(r.Context(), store.Secret(token), f.Secret, session)
	if err != nil {
		return "", err
	}
	if err := s.cookies.Write(w, session.Token); err != nil {
		return "", err
	}
	s.cookies.clearFlow(w, handoverCookie)
	return web.LocalPath(to), nil
}

// NewHandoverToken returns the secret of a new handover, safe for use in a URL.
func NewHandoverToken() string { return rand.Text() }
