package signin

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/store"
)

// A browser that has signed in by mail keeps a cookie with the addresses it signed in
// with. Such a known browser has rate limits of its own, so that strangers who use up
// the limits of an address do not lock its owner out. The cookie is encrypted and grants
// no access.
const (
	knownCookie       = "__Host-portico-known"
	knownCookieAge    = 365 * 24 * time.Hour
	maxKnownAddresses = 5 // the oldest is dropped first
)

// knownAddresses is the content of the cookie.
type knownAddresses struct {
	ID    uuid.UUID `json:"i"` // random; the key of this browser's own limits
	HMACs [][]byte  `json:"o"` // HMACs of folded addresses, the latest first
}

// knownBrowser returns the cookie of this browser, and whether the browser has signed in
// with this address.
func (s *Service) knownBrowser(r *http.Request, email string) (knownAddresses, bool) {
	cookie, err := r.Cookie(knownCookie)
	if err != nil {
		return knownAddresses{}, false
	}
	for _, codec := range s.cookies.known {
		var k knownAddresses
		if codec.Decode(knownCookie, cookie.Value, &k) == nil {
			return k, slices.ContainsFunc(k.HMACs, s.sameAddress(email))
		}
	}
	return knownAddresses{}, false
}

// remember adds the address to this browser's cookie.
func (s *Service) remember(w http.ResponseWriter, r *http.Request, email string) {
	k, _ := s.knownBrowser(r, email)
	if k.ID == uuid.Nil {
		k.ID = store.NewID()
	}
	k.HMACs = slices.DeleteFunc(k.HMACs, s.sameAddress(email))
	k.HMACs = slices.Insert(k.HMACs, 0, mac(s.keys.For(PurposeKnownBrowser)[0], []byte(email)))
	k.HMACs = k.HMACs[:min(len(k.HMACs), maxKnownAddresses)]
	// Without the cookie the browser only keeps the general limits.
	if value, err := s.cookies.known[0].Encode(knownCookie, k); err == nil {
		setCookie(w, newCookie(knownCookie, value, knownCookieAge))
	}
}

// sameAddress returns a function that reports whether an HMAC is the address's, under
// any of the keys.
func (s *Service) sameAddress(email string) func([]byte) bool {
	var macs [][]byte
	for _, key := range s.keys.For(PurposeKnownBrowser) {
		macs = append(macs, mac(key, []byte(email)))
	}
	return func(one []byte) bool {
		return slices.ContainsFunc(macs, func(m []byte) bool { return bytes.Equal(m, one) })
	}
}
