package signin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/handlers/web"
)

// reasonNoCookie is in the URL of the sign-in page after a browser came back without the
// cookie that it got.
const reasonNoCookie = "no-cookie"

// noCookie is what somebody can do about it. Safari keeps no secure cookie of
// http://localhost, which other browsers do.
const noCookie = "This browser didn't keep the cookie that signing in needs, or more than ten minutes have passed. " +
	"Allow cookies for this site and try again. Safari doesn't accept it over http: use https or another browser."

// ErrNoCookie is what a step answers whose browser came back without the cookie of the step
// before. Nothing was spent.
var ErrNoCookie = &web.Problem{Status: http.StatusConflict, Title: "This browser keeps no cookies", Sentence: noCookie}

// lostCookie reports whether a request lacks a cookie that the step before has set.
func lostCookie(r *http.Request, name string) bool {
	_, err := r.Cookie(name)
	return err != nil
}

// triedCookie shows that a browser keeps our cookies. It holds nothing.
const triedCookie = "__Host-portico-tried"

// tryOut sets a cookie, so that the next request shows whether this browser keeps it.
func (c *Cookies) tryOut(w http.ResponseWriter) {
	setCookie(w, newCookie(triedCookie, "1", time.Hour))
}

// keepsCookies reports whether the browser kept a cookie of ours, when it sends the form of
// a page that set one. Where it doesn't say that the form is ours, it may be.
func keepsCookies(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return true
	}
	return slices.ContainsFunc(r.Cookies(), func(c *http.Cookie) bool { return strings.HasPrefix(c.Name, SessionCookie) })
}
