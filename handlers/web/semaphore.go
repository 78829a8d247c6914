package web

import (
	"context"
	"sync"
)

// KeyedSemaphore bounds how much happens at once in this process, for each key separately.
type KeyedSemaphore struct {
	most int

	mu   sync.Mutex
	keys map[string]*semaphore
}

// semaphore is that of one key. It is forgotten when nobody holds or waits for a slot.
type semaphore struct {
	slots chan struct{}
	users int
}

// NewKeyedSemaphore returns a semaphore with most slots for each key.
func NewKeyedSemaphore(most int) *KeyedSemaphore {
	return &KeyedSemaphore{most: most, keys: map[string]*semaphore{}}
}

// Acquire takes a slot as soon as one is free, or fails when the context ends. Call
// release to give it back.
func (k *KeyedSemaphore) Acquire(ctx context.Context, key string) (release func(), err error) {
	s := k.enter(key)
	select {
	case s.slots <- struct{}{}:
		return k.release(key, s), nil
	case <-ctx.Done():
		k.leave(key, s)
		return nil, ctx.Err()
	}
}

// TryAcquire takes a slot if one is free.
func (k *KeyedSemaphore) TryAcquire(key string) (release func(), ok bool) {
	s := k.enter(key)
	select {
	case s.slots <- struct{}{}:
		return k.release(key, s), true
	default:
		k.leave(key, s)
		return nil, false
	}
}

func (k *KeyedSemaphore) release(key string, s *semaphore) func() {
	return func() {
		<-s.slots
		k.leave(key, s)
	}
}

func (k *KeyedSemaphore) enter(key string) *semaphore {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.keys[key]
	if s == nil {
		s = &semaphore{slots: make(chan struct{}, k.most)}
		k.keys[key] = s
	}
	s.users++
	return s
}

func (k *KeyedSemaphore) leave(key string, s *semaphore) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s.users--; s.users == 0 {
		delete(k.keys, key)
	}
}
