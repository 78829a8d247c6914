package signin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// A network beyond its limit adds no counters, whatever addresses it asks for. Another
// network is served.
func TestRefusedNetworkAddsNoCounters(t *testing.T) {
	t.Parallel()
	trace := &statements{}
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: trace, MaxConns: 1,
	})
	check(t, err)
	t.Cleanup(db.Close)
	h := build(t, db, testKeys)
	b := h.browser(t)
	storetest.InOneWindow(t, 15*time.Minute)
	for n := range 60 {
		b.want(b.post("/login", "email", fmt.Sprintf("n%d@crowd.test", n)), http.StatusSeeOther)
	}
	trace.take()
	b.want(b.post("/login", "email", "one-more@crowd.test"), http.StatusTooManyRequests)
	counted := 0
	for _, sql := range trace.take() {
		if strings.Contains(sql, "rate_hit") {
			counted++
		}
	}
	if counted != 1 { // the network's own
		t.Errorf("a refused request counts %d times, want 1", counted)
	}
	other := h.browser(t)
	other.want(other.post("/login", "email", "one-more@crowd.test"), http.StatusSeeOther)
}
