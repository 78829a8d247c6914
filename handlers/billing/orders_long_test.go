//go:build long

package billing_test

import (
	"testing"
	"time"
)

// Any three webhooks of a life, in every order, twice and late: one state.
func TestLongEveryThreeWebhooksEndInOneState(t *testing.T) {
	t.Parallel()
	p, start := newPayer(t), time.Now().Add(-20*24*time.Hour).Truncate(time.Second)
	story := p.story(start)
	for i := range story {
		for j := range i {
			for k := range j {
				p.wantOneState(start, []event{story[k], story[j], story[i]})
			}
		}
	}
}
