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
type turns struct {
	most     int
	patience time.Duration

	mu    sync.Mutex
	lines map[uuid.UUID]*line
}

// line is those of one tenant who have a turn or wait for one. There is none for
// a tenant that nobody is busy in, so memory is bounded by the requests under way.
type line struct {
	taken chan struct{}
	busy  int
}

// turnPatience is how long somebody waits for a turn: less than a statement may
// take, so that who waits behind slow ones is told before long.
const turnPatience = 4 * time.Second

func newTurns(conns int32) *turns {
	return &turns{most: max(1, int(conns)/2), patience: turnPatience, lines: map[uuid.UUID]*line{}}
}

// take returns what ends the turn, or [ErrUnavailable] when none came in time.
func (t *turns) take(ctx context.Context, s scope) (end func(), err error) {
	of := s.tenant
	if of == uuid.Nil {
		of = s.user
	}
	l := t.join(of)
	select {
	case l.taken <- struct{}{}:
	default:
		err = t.wait(ctx, l)
	}
	if err != nil {
		t.leave(of, l)
		return nil, fmt.Errorf("wait for a turn: %w", err)
	}
	return func() {
		<-l.taken
		t.leave(of, l)
	}, nil
}

func (t *turns) wait(ctx context.Context, l *line) error {
	over := time.NewTimer(t.patience)
	defer over.Stop()
	select {
	case l.taken <- struct{}{}:
		return nil
	case <-over.C:
		return ErrUnavailable
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

func (t *turns) join(of uuid.UUID) *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[of]
	if l == nil {
		l = &line{taken: make(chan struct{}, t.most)}
		t.lines[of] = l
	}
	l.busy++
	return l
}

func (t *turns) leave(of uuid.UUID, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.busy--; l.busy == 0 {
		delete(t.lines, of)
	}
}
