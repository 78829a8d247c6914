package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// connLimiter keeps one tenant from using every connection: each gets at most
// perTenant at a time, and a caller waits for one at most maxWait. A tenant's slow
// queries hold up its own people only.
type connLimiter struct {
	perTenant int
	maxWait   time.Duration

	mu      sync.Mutex
	tenants map[uuid.UUID]*tenantConns
}

// tenantConns counts who uses a tenant's connections or waits for one. An idle tenant
// has no entry, so memory is bounded by the requests under way.
type tenantConns struct {
	slots chan struct{}
	users int
}

// connMaxWait is less than a statement may take, so that callers behind slow
// statements are told soon.
const connMaxWait = 4 * time.Second

func newConnLimiter(conns int32, wait time.Duration) *connLimiter {
	return &connLimiter{perTenant: max(1, int(conns)/2), maxWait: cmp.Or(wait, connMaxWait), tenants: map[uuid.UUID]*tenantConns{}}
}

// acquire waits for a connection of the scope's tenant, or of its person if it has
// none. Call end when done with it; none in time is [ErrUnavailable].
func (t *connLimiter) acquire(ctx context.Context, s Scope) (end func(), err error) {
	of := s.Tenant
	if of == uuid.Nil {
		of = s.User
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
		return Unavailable(ctx.Err())
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

func (t *connLimiter) busy() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.tenants)
}
