package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit is how many requests this process answers to one tenant or visitor.
// The zero value is no limit.
type RateLimit struct {
	PerSecond float64
	Burst     int
}

// Quarter is a quarter of the limit.
func (l RateLimit) Quarter() RateLimit { return RateLimit{l.PerSecond / 4, l.Burst / 4} }

// RateLimiter keeps everybody to the same limit, each for themselves, in this
// process alone. Memory is bounded without a clock: when maxKnown are known, they
// become the old ones, and only those who come back are kept.
type RateLimiter struct {
	limit RateLimit

	mu         sync.Mutex
	known, old map[string]*rate.Limiter
}

const maxKnown = 10_000

// NewRateLimiter limits each key to that.
func NewRateLimiter(limit RateLimit) *RateLimiter {
	return &RateLimiter{limit: limit, known: map[string]*rate.Limiter{}}
}

// Allow counts one request of key and says whether it is within the limit.
func (l *RateLimiter) Allow(key string) bool {
	if l.limit == (RateLimit{}) {
		return true
	}
	l.mu.Lock()
	one := l.known[key]
	if one == nil {
		if one = l.old[key]; one == nil {
			one = rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)
		}
		if len(l.known) >= maxKnown {
			l.known, l.old = map[string]*rate.Limiter{}, l.known
		}
		l.known[key] = one
	}
	l.mu.Unlock()
	return one.Allow()
}

// ErrRateLimit is a request beyond a [RateLimiter]'s limit, which fills up again
// within seconds.
var ErrRateLimit = TooMany(2*time.Second, nil)
