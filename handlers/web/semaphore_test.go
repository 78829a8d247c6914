package web_test

import (
	"context"
	"testing"

	"portico/handlers/web"
)

// A key whose slots are all taken gets none until one is released; another key has its
// own. Whoever gives up waiting gets none.
func TestSemaphoreIsBoundedByKey(t *testing.T) {
	t.Parallel()
	semaphore := web.NewKeyedSemaphore(2)
	first, ok := semaphore.TryAcquire("a")
	second, okToo := semaphore.TryAcquire("a")
	if !ok || !okToo {
		t.Fatal("a free slot is refused")
	}
	if _, ok := semaphore.TryAcquire("a"); ok {
		t.Error("a third slot at once")
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := semaphore.Acquire(gone, "a"); err == nil {
		t.Error("a slot for who gave up")
	}
	other, ok := semaphore.TryAcquire("b")
	if !ok {
		t.Fatal("another key has no slot")
	}
	other()
	waiting := make(chan func())
	go func() {
		release, err := semaphore.Acquire(t.Context(), "a")
		if err != nil {
			t.Error(err)
		}
		waiting <- release
	}()
	first()
	third := <-waiting
	if _, ok := semaphore.TryAcquire("a"); ok {
		t.Error("a third slot after one that waited")
	}
	second()
	third()
	if release, ok := semaphore.TryAcquire("a"); !ok {
		t.Error("no slot is free after all were released")
	} else {
		release()
	}
}
