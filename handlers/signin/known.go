package signin

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/store"
)

// A browser that has signed in by mail keeps a cookie that says as whom, so that
// it is not shut out by what strangers do with the address. Nothing in it can be
// read, and it opens nothing: its browser is counted for itself.
const (
	knownCookie    = "__Host-portico-known"
	knownCookieAge = 365 * 24 * time.Hour
	knownMost      = 5 // addresses; the oldest goes first
)

// known is what the cookie holds.
type knownAddresses struct {
	ID uuid.UUID `json:"i"` // random, what this browser is counted under
	Of [][]byte  `json:"o"` // HMACs of folded addresses, the latest first
}

// knownHere returns the cookie of this browser, and whether it has signed in as
// this address.
func (s *Service) knownBrowser(r *http.Request, email string) (knownAddresses, bool) {
	cookie, err := r.Cookie(knownCookie)
	if err != nil {
		return knownAddresses{}, false
	}
	for _, codec := range s.cookies.known {
		var k knownAddresses
		if codec.Decode(knownCookie, cookie.Value, &k) == nil {
			return k, slices.ContainsFunc(k.Of, s.sameAddress(email))
		}
	}
	return knownAddresses{}, false
}

// remember has this browser known as the address from now on.
func (s *Service) remember(w http.ResponseWriter, r *http.Request, email string) {
	k, _ := s.knownBrowser(r, email)
	if k.ID == uuid.Nil {
		k.ID = store.NewID()
	}
	k.Of = slices.DeleteFunc(k.Of, s.sameAddress(email))
	k.Of = slices.Insert(k.Of, 0, mac(s.keys.For(PurposeKnownBrowser)[0], []byte(email)))
	k.Of = k.Of[:min(len(k.Of), knownMost)]
	// Without the cookie the browser only counts as an unknown one.
	if value, err := s.cookies.known[0].Encode(knownCookie, k); err == nil {
		setCookie(w, newCookie(knownCookie, value, knownCookieAge))
	}
}

// sameAddress says whether an HMAC is that of the address, under whichever key.
func (s *Service) sameAddress(email string) func([]byte) bool {
	var macs [][]byte
	for _, key := range s.keys.For(PurposeKnownBrowser) {
		macs = append(macs, mac(key, []byte(email)))
	}
	return func(one []byte) bool {
		return slices.ContainsFunc(macs, func(m []byte) bool { return bytes.Equal(m, one) })
	}
}
