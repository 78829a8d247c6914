package web

import (
	"context"
	"sync"
)

// Turns bounds how much happens at once in this process, for each key separately.
type Turns struct {
	most int

	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is the turns of one key. It is forgotten when nobody has one or waits.
type lane struct {
	taken chan struct{}
	users int
}

// NewTurns returns a bound of most turns at once for each key.
func NewTurns(most int) *Turns { return &Turns{most: most, lanes: map[string]*lane{}} }

// Wait takes a turn as soon as one is free, or fails when the context ends. Call end when
// the turn is over.
func (t *Turns) Wait(ctx context.Context, key string) (end func(), err error) {
	l := t.enter(key)
	select {
	case l.taken <- struct{}{}:
		return t.end(key, l), nil
	case <-ctx.Done():
		t.leave(key, l)
		return nil, ctx.Err()
	}
}

// Try takes a turn if one is free.
func (t *Turns) Try(key string) (end func(), ok bool) {
	l := t.enter(key)
	select {
	case l.taken <- struct{}{}:
		return t.end(key, l), true
	default:
		t.leave(key, l)
		return nil, false
	}
}

func (t *Turns) end(key string, l *lane) func() {
	return func() {
		<-l.taken
		t.leave(key, l)
	}
}

func (t *Turns) enter(key string) *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lanes[key]
	if l == nil {
		l = &lane{taken: make(chan struct{}, t.most)}
		t.lanes[key] = l
	}
	l.users++
	return l
}

func (t *Turns) leave(key string, l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(t.lanes, key)
	}
}
