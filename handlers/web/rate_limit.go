package web

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit limits the requests that this process answers for one tenant or visitor.
// The zero value means no limit.
type RateLimit struct {
	PerSecond float64
	Burst     int
}

// Quarter returns a quarter of the limit.
func (l RateLimit) Quarter() RateLimit { return RateLimit{l.PerSecond / 4, l.Burst / 4} }

// RateLimiter applies the same limit to each key separately, in this process only. It
// bounds its memory without a clock: when it knows maxKnown keys, they become the old
// generation, from which only keys that return are kept.
type RateLimiter struct {
	limit RateLimit

	mu         sync.Mutex
	known, old map[string]*rate.Limiter
}

const maxKnown = 10_000

// NewRateLimiter returns a limiter that applies limit to each key.
func NewRateLimiter(limit RateLimit) *RateLimiter {
	return &RateLimiter{limit: limit, known: map[string]*rate.Limiter{}}
}

// Knows reports whether a request of key was counted, and not so long ago that it was
// forgotten.
func (l *RateLimiter) Knows(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[key] != nil || l.old[key] != nil
}

// Forget forgets what was counted of key.
func (l *RateLimiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.known, key)
	delete(l.old, key)
}

// Allow counts one request of key and reports whether it is within the limit.
func (l *RateLimiter) Allow(key string) bool {
	return l.limit == (RateLimit{}) || l.limiter(key).Allow()
}

// Left returns how many requests of key fit now, and how long until all of the burst fit
// again.
func (l *RateLimiter) Left(key string) (left int, full time.Duration) {
	if l.limit == (RateLimit{}) {
		return 0, 0
	}
	tokens := l.limiter(key).Tokens()
	return max(0, int(tokens)), time.Duration((float64(l.limit.Burst) - tokens) / l.limit.PerSecond * float64(time.Second))
}

// Burst returns how many requests of a key fit at once; 0 means that there is no limit.
func (l *RateLimiter) Burst() int { return l.limit.Burst }

func (l *RateLimiter) limiter(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	return one
}

// ErrRateLimit is returned for a request beyond a [RateLimiter]'s limit. The limit
// refills within seconds.
var ErrRateLimit = TooMany(2*time.Second, nil)
