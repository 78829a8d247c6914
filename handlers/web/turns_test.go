package web_test

import (
	"context"
	"testing"

	"portico/handlers/web"
)

// Beyond its turns a key gets none until one ends; another key has its own. Whoever gives
// up waiting gets none.
func TestTurnsAreBoundedByKey(t *testing.T) {
	t.Parallel()
	turns := web.NewTurns(2)
	first, ok := turns.Try("a")
	second, okToo := turns.Try("a")
	if !ok || !okToo {
		t.Fatal("a free turn is refused")
	}
	if _, ok := turns.Try("a"); ok {
		t.Error("a third turn at once")
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := turns.Wait(gone, "a"); err == nil {
		t.Error("a turn for who gave up")
	}
	other, ok := turns.Try("b")
	if !ok {
		t.Fatal("another key has no turn")
	}
	other()
	waiting := make(chan func())
	go func() {
		end, err := turns.Wait(t.Context(), "a")
		if err != nil {
			t.Error(err)
		}
		waiting <- end
	}()
	first()
	third := <-waiting
	if _, ok := turns.Try("a"); ok {
		t.Error("a third turn after one that waited")
	}
	second()
	third()
	if end, ok := turns.Try("a"); !ok {
		t.Error("no turn is free after all have ended")
	} else {
		end()
	}
}
