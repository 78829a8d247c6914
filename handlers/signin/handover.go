package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// handoverCookie binds a hand-over to the browser that asked for it. It is set on
// the tenant's host before the browser leaves for the main one.
const handoverCookie = "__Host-portico-handover"

// AskHandover returns the page of the main host that hands the session of this
// browser over to the host of the request, and leads to a local path there.
func (s *Service) AskHandover(w http.ResponseWriter, r *http.Request, host, to string) (string, error) {
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
	// It is a way back itself while somebody signs in first.
	if web.LocalPath(page) == views.PathHome {
		page = views.Handover(host, browser, views.PathHome)
	}
	return page, nil
}

// HandoverAsked reads what a tenant's host asked for: the host, the hash of the
// browser's secret and the path to lead to.
func HandoverAsked(q url.Values) (store.Handover, bool) {
	browser, err := base64.RawURLEncoding.DecodeString(q.Get("browser"))
	return store.Handover{
		Host: q.Get("host"), Browser: browser, ReturnTo: web.LocalPath(q.Get("to")),
	}, err == nil && len(browser) == sha256.Size
}

// TakeHandover spends a hand-over on the host of the request and lets the browser
// in there. One that is over, or of another browser or host, is [store.ErrNotFound].
func (s *Service) TakeHandover(w http.ResponseWriter, r *http.Request, host, token string) (string, error) {
	f, ok := s.cookies.readFlow(r, handoverCookie)
	if !ok {
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

// NewHandoverToken is the secret of one hand-over, for an address.
func NewHandoverToken() string { return rand.Text() }
