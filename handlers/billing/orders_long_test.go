//go:build long

package billing_test

import (
	"fmt"
	"testing"
	"time"
)

// Any three webhooks of a life, in every order, twice and late: one state. Agencies share the
// work, because each mostly waits for the database.
func TestLongEveryThreeWebhooksEndInOneState(t *testing.T) {
	t.Parallel()
	const agencies = 4
	for n := range agencies {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			p, start := newPayer(t), time.Now().Add(-20*24*time.Hour).Truncate(time.Second)
			story, tried := p.story(start), 0
			for i := range story {
				for j := range i {
					for k := range j {
						if tried++; tried%agencies == n {
							p.wantOneState(start, []event{story[k], story[j], story[i]})
						}
					}
				}
			}
			t.Logf("a share of %d choices of three", tried)
		})
	}
}
