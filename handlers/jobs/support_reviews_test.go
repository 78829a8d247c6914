package jobs

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
	"portico/store/queue"
)

// A report of a support session reaches the operators once, without the words. A forged job
// that names another tenant's session sends nothing.
func TestReportedSupportReachesTheOperators(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	a := storetest.Agency(t)
	me := supporter(t, a)
	mia := a.Member(t, a.Mia, a.Acme)
	words := "It read our plans " + a.Suffix
	check(t, storetest.DB().Write(t.Context(), mia, func(tx *store.Tx) error {
		return tx.ReviewSupport(t.Context(), me.Support.ID, store.SupportFlagged, words)
	}))
	msg := mailTo(t, alertTo, me.Support.ID.String())
	if strings.Contains(msg.Text(), a.Suffix) || !strings.Contains(msg.Text(), "portico support flags") {
		t.Errorf("the mail to the operators:\n%s", msg.Text())
	}
	sent := func(session uuid.UUID) (n int) {
		for _, m := range mailsTo(t, alertTo) {
			if strings.Contains(m.Text(), session.String()) {
				n++
			}
		}
		return n
	}
	sign := func(tenant uuid.UUID) queue.Signature {
		return queue.Signature{Tenant: tenant, RequestedBy: mia.ID(), Actor: mia.ID()}
	}
	ended := endsOf(t, r)
	again := signAndInsert(t, r, &queue.SupportFlagged{Signature: sign(mia.TenantID()), Session: me.Support.ID})
	globex := a.Member(t, a.Gus, a.Globex)
	other := signAndInsert(t, r, &queue.SupportFlagged{Signature: sign(globex.TenantID()), Session: me.Support.ID})
	ended(again)
	ended(other)
	if n := sent(me.Support.ID); n != 1 {
		t.Errorf("%d mails, want one", n)
	}
}
