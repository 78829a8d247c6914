package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/handlers/web"
)

// Windows of the limits.
const (
	limitWindow = 15 * time.Minute
	limitDay    = 24 * time.Hour
)

// limit is the maximum number of attempts of a kind within a window.
type limit struct {
	kind   string
	max    int
	window time.Duration
}

// An attacker must neither flood an address with mail nor lock its owner out. Requests
// for mail are limited by network long before the address reaches its own limit. If it
// does, a browser that has signed in with the address still gets mail. A mail that was
// used to sign in does not count. Wrong codes are counted across all flows, because each
// flow allows five tries: with fifty guesses a day, finding one of a million codes is
// hopeless.
//
// Sign-up mails anybody, so its own limits are narrower: they keep a network from mailing
// strangers. Whoever uses up those of an address only delays its sign-up, not its sign-in.
// Each proof may be another account, so the proofs that a network and a mail domain use count
// as well: whoever gets all mail of a domain has as many addresses as they like.
var (
	mailFromNetwork          = limit{"mail from a network", 60, limitWindow}
	mailToAddressFromNetwork = limit{"mail to an address from a network", 10, limitWindow}
	mailToAddress            = limit{"mail to an address", 20, limitWindow}
	mailToKnown              = limit{"mail to a known browser", 5, limitWindow}
	signUpFromNetwork        = limit{"sign-up mail from a network", 30, limitDay}
	signUpToAddress          = limit{"sign-up mail to an address", 5, limitDay}
	signUpOfDomain           = limit{"sign-ups of a mail domain", 20, limitDay}
	agenciesOfPerson         = limit{"agencies of a person", 3, limitDay}
	slugsOfPerson            = limit{"slugs that a person tries", 30, limitDay}
	agenciesFromNetwork      = limit{"agencies from a network", 10, limitDay}
	mailStepUp               = limit{"step-up mail", 10, limitWindow}
	codeOfFlow               = limit{"code of a flow", 20, limitWindow}
	wrongCodes               = limit{"wrong codes of an address", 50, limitDay}
	wrongKnown               = limit{"wrong codes of a known browser", 50, limitDay}
	wrongStepUp              = limit{"wrong step-up codes", 50, limitDay}
	invalidProof             = limit{"invalid proof from a network", 60, limitWindow}
	providerVisit            = limit{"provider from a network", 120, limitWindow}
)

// countAttempt counts one attempt. Beyond the limit it returns a [web.Problem] with
// status 429.
func (s *Service) countAttempt(ctx context.Context, l limit, of ...string) error {
	ok, after, err := s.db.RateLimit(ctx, s.limitKey(l, of...), l.window, l.max)
	if err != nil {
		return fmt.Errorf("count %s: %w", l.kind, err)
	}
	if !ok {
		return web.TooMany(after, errors.New(l.kind))
	}
	return nil
}

// limitKey returns the key of a counter, which does not reveal what is counted.
func (s *Service) limitKey(l limit, of ...string) [32]byte {
	parts := [][]byte{[]byte(l.kind)}
	for _, o := range of {
		parts = append(parts, []byte(o))
	}
	return [32]byte(mac(s.rateKey, parts...))
}

// countMail counts a request for a mail. If strangers have used up the limits, a browser
// that has signed in with this address has a limit of its own.
func (s *Service) countMail(r *http.Request, email string) error {
	err := s.countMailForAll(r, email)
	if !web.HasStatus(err, http.StatusTooManyRequests) {
		return err
	}
	if k, ok := s.knownBrowser(r, email); ok {
		return s.countAttempt(r.Context(), mailToKnown, k.ID.String())
	}
	return err
}

// countMailForAll counts the network first, so that a network beyond its limit adds no
// counter for each address that it asks for. What a narrower limit refuses doesn't use up
// the network's.
func (s *Service) countMailForAll(r *http.Request, email string) error {
	from := web.Network(r)
	if err := s.countAttempt(r.Context(), mailFromNetwork, from); err != nil {
		return err
	}
	err := s.countAttempt(r.Context(), mailToAddressFromNetwork, email, from)
	if web.HasStatus(err, http.StatusTooManyRequests) {
		return errors.Join(err, s.db.RefundRate(r.Context(), s.limitKey(mailFromNetwork, from)))
	}
	if err != nil {
		return err
	}
	return s.countAttempt(r.Context(), mailToAddress, email)
}

// refundMail uncounts a mail that was used to sign in, or to sign up.
func (s *Service) refundMail(r *http.Request, email, to string) error {
	from := web.Network(r)
	keys := [][32]byte{s.limitKey(mailToAddressFromNetwork, email, from), s.limitKey(mailFromNetwork, from), s.limitKey(mailToAddress, email)}
	if s.signsUp(to) {
		keys = append(keys, s.limitKey(signUpToAddress, email))
	}
	if k, ok := s.knownBrowser(r, email); ok {
		keys = append(keys, s.limitKey(mailToKnown, k.ID.String()))
	}
	return s.db.RefundRate(r.Context(), keys...)
}

// countCode counts a code typed in a flow. The flow itself allows five tries; this limit
// stops programs that keep sending codes after that.
func (s *Service) countCode(r *http.Request, flow uuid.UUID) error {
	return s.countAttempt(r.Context(), codeOfFlow, flow.String())
}

// wrongCodeCounter returns the counter for wrong codes of a sign-in: the browser's own if
// it has signed in with the address, else the address's.
func (s *Service) wrongCodeCounter(r *http.Request, email string) (limit, string) {
	if k, ok := s.knownBrowser(r, email); ok {
		return wrongKnown, k.ID.String()
	}
	return wrongCodes, email
}

// refundTries uncounts the wrong codes of a flow once the right one is typed.
func (s *Service) refundTries(r *http.Request, tries int, l limit, of string) {
	// The person is signed in, so an error here must not fail the request.
	_ = s.db.RefundRate(r.Context(), slices.Repeat([][32]byte{s.limitKey(l, of)}, tries)...)
}

// countInvalidProof counts an invalid link, code or passkey by network. Valid ones are
// not counted, so that attempts from the same network keep nobody out.
func (s *Service) countInvalidProof(r *http.Request) error {
	return s.countAttempt(r.Context(), invalidProof, web.Network(r))
}
