package billing

import (
	"testing"
	"time"

	"portico/store"
)

// Stripe refuses an idempotency key with other data than before, and repeats a failure
// under the same one. So other data and another hour have another key.
func TestCustomerKeyFitsItsData(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 10, 5, 0, 0, time.UTC)
	me := store.Member{Tenant: store.Tenant{Name: "Northwind"}}
	me.Email = "dana@northwind.test"
	key := customerKey(me, 0, at)
	if again := customerKey(me, 0, at.Add(50*time.Minute)); again != key {
		t.Errorf("a repeat has another key: %s, then %s", key, again)
	}
	renamed, moved := me, me
	renamed.Tenant.Name, moved.Email = "Northwind Ltd", "dana@other.test"
	for what, other := range map[string]string{"another name": customerKey(renamed, 0, at), "another address": customerKey(moved, 0, at),
		"the next hour": customerKey(me, 0, at.Add(time.Hour)), "after a former customer": customerKey(me, 1, at)} {
		if other == key {
			t.Errorf("%s has the same key", what)
		}
	}
}
