package handlers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"portico/handlers/signin"
	"portico/store"
)

// Share is how many requests of one tenant this process answers; one visitor gets
// a quarter of it. The zero value is no limit.
type Share struct {
	PerSecond float64
	Burst     int
}

func (s Share) quarter() Share { return Share{s.PerSecond / 4, s.Burst / 4} }

// shares hand everybody theirs. Memory is bounded without a clock: when so many
// are known, they become the old ones, and of the old those who come back are kept.
type shares struct {
	each Share

	mu         sync.Mutex
	known, old map[string]*rate.Limiter
}

const knownShares = 10_000

func newShares(each Share) *shares { return &shares{each: each, known: map[string]*rate.Limiter{}} }

// allows says whether there is something left of the share.
func (s *shares) allows(of string) bool {
	if s.each == (Share{}) {
		return true
	}
	s.mu.Lock()
	l := s.known[of]
	if l == nil {
		if l = s.old[of]; l == nil {
			l = rate.NewLimiter(rate.Limit(s.each.PerSecond), s.each.Burst)
		}
		if len(s.known) >= knownShares {
			s.known, s.old = map[string]*rate.Limiter{}, s.known
		}
		s.known[of] = l
	}
	s.mu.Unlock()
	return l.Allow()
}

// tooMany is a limit that was reached.
type tooMany struct{ after time.Duration }

func (tooMany) Error() string               { return "too many" }
func (tooMany) HTTPStatus() int             { return http.StatusTooManyRequests }
func (e tooMany) RetryAfter() time.Duration { return e.after }

// errShareUsed ends as fast as a share fills up.
var errShareUsed = tooMany{2 * time.Second}

// admitVisitor refuses a browser, or a network without a session, that asks too
// fast. It comes before the first round trip and costs none.
func (s *Server) admitVisitor(r *http.Request, token *store.Token) error {
	of := "network " + signin.NetworkOf(r)
	if token != nil {
		of = string(token[:])
	}
	if !s.visitors.allows(of) {
		return errShareUsed
	}
	return nil
}

// admitTenant refuses a tenant whose people together ask too fast. Only those who
// belong there count, so nobody uses up the share of others.
func (s *Server) admitTenant(v store.Visitor) error {
	if me, ok := v.Member(); ok && !s.tenants.allows(me.TenantID().String()) {
		return errShareUsed
	}
	return nil
}

// admitMinute is the limit of a route that has one: per person and tenant, or per
// network for who is nobody yet. It is counted in the database, for all processes.
func (s *Server) admitMinute(r *http.Request, route Route, v store.Visitor) error {
	if route.PerMinute == 0 {
		return nil
	}
	of := "network " + signin.NetworkOf(r)
	if me, ok := v.Person(); ok {
		of = "person " + me.ID().String()
	}
	if me, ok := v.Member(); ok {
		of += " in " + me.TenantID().String()
	}
	return s.count(r.Context(), route.PerMinute, time.Minute, route.pattern()+" by "+of)
}

// count counts one attempt of what the words name, and refuses it beyond most.
// The database learns an HMAC of the words.
func (s *Server) count(ctx context.Context, most int, window time.Duration, words string) error {
	mac := hmac.New(sha256.New, s.cfg.CountKey)
	mac.Write([]byte(words))
	allowed, after, err := s.db.RateLimit(ctx, [32]byte(mac.Sum(nil)), window, most)
	if err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if !allowed {
		return tooMany{after}
	}
	return nil
}
