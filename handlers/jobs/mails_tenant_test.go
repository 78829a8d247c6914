package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// Two agencies with two clients each publish work, have support sessions and send
// digests at the same time. Every mail holds canaries of the recipient's own tenants
// only, and no client's mail mentions a draft. New kinds of mail that these actions
// cause are checked too.
func TestEveryMailStaysInItsTenant(t *testing.T) {
	t.Parallel()
	r := theRunner(t)
	type reader struct {
		email  string
		may    []string // canaries
		client bool
		min    int // mails
	}
	var readers []reader
	var tenants []uuid.UUID
	var marks []string
	for range 2 {
		a := storetest.Agency(t)
		acme, globex := "cnryacme"+a.Suffix, "cnryglobex"+a.Suffix
		marks = append(marks, acme, globex)
		readers = append(readers,
			reader{a.Mia, []string{acme}, true, 4}, reader{a.Leo, []string{acme}, true, 2}, reader{a.Gus, []string{globex}, true, 4},
			reader{a.Ravi, []string{acme}, false, 1}, reader{a.Dana, []string{acme, globex}, false, 4})
		for slug, mark := range map[string]string{a.Acme: acme, a.Globex: globex} {
			dana := a.Member(t, a.Dana, slug)
			tenants = append(tenants, dana.TenantID())
			published(t, dana, mark)
			draft(t, dana, mark+"draft")
			runSupportSession(t, dana, mark)
		}
	}
	check(t, storetest.DB().EnqueueDigests(t.Context(), time.Now().UTC().Format(time.DateOnly), tenants))
	waitIdle(t, r, tenants)

	for _, who := range readers {
		got := mailsTo(t, who.email)
		if len(got) < who.min {
			t.Errorf("%d mails to %s, want %d or more", len(got), who.email, who.min)
		}
		for _, m := range got {
			rest := allParts(m)
			for _, mark := range who.may {
				if who.client && strings.Contains(rest, mark+"draft") {
					t.Errorf("LEAK of a draft to %s: %s", who.email, m.Subject())
				}
				rest = strings.ReplaceAll(rest, mark, "")
			}
			for _, mark := range marks {
				if strings.Contains(rest, mark) {
					t.Errorf("LEAK of %s to %s: %s", mark, who.email, m.Subject())
				}
			}
		}
	}
}

// runSupportSession has support start a session in the member's tenant, as the member,
// and stop it.
func runSupportSession(t *testing.T, as store.Member, mark string) {
	t.Helper()
	storetest.GrantSupport(t, as)
	agent := storetest.StepUp(t, storetest.SignIn(t, storetest.Agent(t)))
	sam := storetest.Person(t, agent)
	_, err := storetest.DB().StartSupport(t.Context(), sam, store.SupportStart{
		Slug: as.Tenant.Slug, Subject: as.ID(), Reason: mark, Ticket: mark, Minutes: 30})
	check(t, err)
	check(t, storetest.DB().StopSupport(t.Context(), sam))
}

func allParts(m stack.Message) string { return string(m.Raw) + m.Subject() + m.Text() + m.HTML() }
