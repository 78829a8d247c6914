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
// perTenant at a time, and a caller waits for one at most maxWait. Slow queries of one
// tenant delay only its own people.
type connLimiter struct {
	perTenant int
	maxWait   time.Duration

	mu      sync.Mutex
	tenants map[uuid.UUID]*tenantConns
}

// tenantConns counts the callers that use a tenant's connections or wait for one. An
// idle tenant has no entry, so the running requests bound the memory.
type tenantConns struct {
	slots chan struct{}
	users int
}

// connMaxWait is shorter than the statement timeout, so that callers behind slow
// statements fail soon.
const connMaxWait = 4 * time.Second

func newConnLimiter(conns int32, wait time.Duration) *connLimiter {
	return &connLimiter{perTenant: max(1, int(conns)/2), maxWait: cmp.Or(wait, connMaxWait), tenants: map[uuid.UUID]*tenantConns{}}
}

// acquire waits for a connection of the scope's tenant, or of its person if the scope
// has no tenant. The caller must call end. After maxWait the error is [ErrUnavailable].
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
		return nil, fmt.Errorf("wait for a connection: %w", err)
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
