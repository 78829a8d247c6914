package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// turns keep one tenant from holding every connection: each has at most so many
// at a time, and whoever finds them taken waits for a turn, but not for long.
// What a tenant's slow queries use up is its own.
type connLimiter struct {
	perTenant int
	maxWait   time.Duration

	mu      sync.Mutex
	tenants map[uuid.UUID]*tenantConns
}

// tenantConns is those of one tenant who have a turn or wait for one. There is none for
// a tenant that nobody is busy in, so memory is bounded by the requests under way.
type tenantConns struct {
	slots chan struct{}
	users int
}

// connMaxWait is how long somebody waits for a turn: less than a statement may
// take, so that who waits behind slow ones is told before long.
const connMaxWait = 4 * time.Second

func newConnLimiter(conns int32) *connLimiter {
	return &connLimiter{perTenant: max(1, int(conns)/2), maxWait: connMaxWait, tenants: map[uuid.UUID]*tenantConns{}}
}

// acquire returns what ends the turn, or [ErrUnavailable] when none came in time.
func (t *connLimiter) acquire(ctx context.Context, s scope) (end func(), err error) {
	of := s.tenant
	if of == uuid.Nil {
		of = s.user
	}
	l := t.enter(of)
	select {
	case l.slots <- struct{}{}:
	default:
		err = t.wait(ctx, l)
	}
	if err != nil {
		t.exit(of, l)
		return nil, fmt.Errorf("wait for a turn: %w", err)
	}
	return func() {
		<-l.slots
		t.exit(of, l)
	}, nil
}

func (t *connLimiter) wait(ctx context.Context, l *tenantConns) error {
	over := time.NewTimer(t.maxWait)
	defer over.Stop()
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-over.C:
		return ErrUnavailable
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

func (t *connLimiter) enter(of uuid.UUID) *tenantConns {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.tenants[of]
	if l == nil {
		l = &tenantConns{slots: make(chan struct{}, t.perTenant)}
		t.tenants[of] = l
	}
	l.users++
	return l
}

func (t *connLimiter) exit(of uuid.UUID, l *tenantConns) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(t.tenants, of)
	}
}
