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

// limitWindow is what attempts are counted over, if not by the day.
const (
	limitWindow = 15 * time.Minute
	limitDay    = 24 * time.Hour
)

// limit is how many attempts of a kind there may be in a window.
type limit struct {
	kind   string
	most   int
	window time.Duration
}

// Attackers must neither flood people with mail nor lock them out. Requests for mail
// are limited by network long before the limit of the address is reached. Once that is
// reached too, a browser that has signed in with the address still gets its mail. A
// mail that its reader answered does not count. Wrong codes are counted over all
// flows, because a new flow is a new set of tries: fifty guesses a day at a million
// codes are hopeless.
var (
	mailFromPrefix = limit{"mail from a network", 60, limitWindow}
	mailToFrom     = limit{"mail to an address from a network", 10, limitWindow}
	mailTo         = limit{"mail to an address", 20, limitWindow}
	mailToKnown    = limit{"mail to a known browser", 5, limitWindow}
	mailStepUp     = limit{"step-up mail", 10, limitWindow}
	codeOfFlow     = limit{"code of a flow", 20, limitWindow}
	wrongCodes     = limit{"wrong codes of an address", 50, limitDay}
	wrongKnown     = limit{"wrong codes of a known browser", 50, limitDay}
	wrongStepUp    = limit{"wrong step-up codes", 50, limitDay}
	strayProof     = limit{"stray proof from a network", 60, limitWindow}
	providerVisit  = limit{"provider from a network", 120, limitWindow}
)

// countAttempt counts one attempt and refuses it beyond the limit.
func (s *Service) countAttempt(ctx context.Context, l limit, of ...string) error {
	ok, after, err := s.db.RateLimit(ctx, s.limitKey(l, of...), l.window, l.most)
	if err != nil {
		return fmt.Errorf("count %s: %w", l.kind, err)
	}
	if !ok {
		return web.TooMany(after, errors.New(l.kind))
	}
	return nil
}

// limitKey is a key for what is counted that does not reveal it.
func (s *Service) limitKey(l limit, of ...string) [32]byte {
	parts := [][]byte{[]byte(l.kind)}
	for _, o := range of {
		parts = append(parts, []byte(o))
	}
	return [32]byte(mac(s.rateKey, parts...))
}

// countMail counts a mail that is asked for. What strangers have used up does not
// count against a browser that has signed in as this address.
func (s *Service) countMail(r *http.Request, email string) error {
	err := s.countMailOfAll(r, email)
	if !web.HasStatus(err, http.StatusTooManyRequests) {
		return err
	}
	if k, ok := s.knownBrowser(r, email); ok {
		return s.countAttempt(r.Context(), mailToKnown, k.ID.String())
	}
	return err
}

// countMailOfAll counts the narrowest first, so that what it refuses does not use
// up the wider counters.
func (s *Service) countMailOfAll(r *http.Request, email string) error {
	from := web.Network(r)
	if err := s.countAttempt(r.Context(), mailToFrom, email, from); err != nil {
		return err
	}
	if err := s.countAttempt(r.Context(), mailFromPrefix, from); err != nil {
		return err
	}
	return s.countAttempt(r.Context(), mailTo, email)
}

// refundMail takes a counted mail back, because its reader answered it.
func (s *Service) refundMail(r *http.Request, email string) error {
	from := web.Network(r)
	keys := [][32]byte{s.limitKey(mailToFrom, email, from), s.limitKey(mailFromPrefix, from), s.limitKey(mailTo, email)}
	if k, ok := s.knownBrowser(r, email); ok {
		keys = append(keys, s.limitKey(mailToKnown, k.ID.String()))
	}
	return s.db.RefundRate(r.Context(), keys...)
}

// countCode counts a code typed in a browser that has a flow. Five tries are the
// flow's own limit; this one stops a program from asking on and on.
func (s *Service) countCode(r *http.Request, flow uuid.UUID) error {
	return s.countAttempt(r.Context(), codeOfFlow, flow.String())
}

// wrongOf is what the wrong codes of a sign-in are counted under: the address, or
// the browser that has signed in as it.
func (s *Service) wrongOf(r *http.Request, email string) (limit, string) {
	if k, ok := s.knownBrowser(r, email); ok {
		return wrongKnown, k.ID.String()
	}
	return wrongCodes, email
}

// refundTries takes back the codes of a flow whose last one was right.
func (s *Service) refundTries(r *http.Request, tries int, l limit, of string) {
	// Failing costs one try of the limit; the person is signed in.
	_ = s.db.RefundRate(r.Context(), slices.Repeat([][32]byte{s.limitKey(l, of)}, tries)...)
}

// countStray counts a proof that fits nothing. Good proofs are never counted, so that
// attempts from the same network lock nobody out.
func (s *Service) countStray(r *http.Request) error {
	return s.countAttempt(r.Context(), strayProof, web.Network(r))
}
