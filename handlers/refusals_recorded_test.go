package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/support"
)

// The tenant's trail has the refusals of a suspended workspace, and those of support where
// it is turned off, like every other refusal.
func TestRefusalsOfClosedWorkspacesAreRecorded(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	d.in(t, d.Mia)
	off := deskWith(t, func(c *handlers.Config) { c.Support = support.Off })
	off.sam.signIn(t, d.token)
	acme := d.Member(t, d.Mia, d.Acme).TenantID()
	recorded := func(what string, refused func() answer) {
		t.Helper()
		before := refusals(t, acme)
		want(t, what, refused(), http.StatusForbidden)
		if got := refusals(t, acme) - before; got != 1 {
			t.Errorf("%s: %d rows in the trail, want 1", what, got)
		}
	}
	recorded("support, turned off", func() answer { return off.sam.get(t, d.base+"/projects") })
	mia, dana := d.as(t, d.Mia), d.as(t, d.Dana)
	want(t, "before", mia.get(t, d.base+"/projects"), http.StatusOK)
	run(t, storetest.Admin(t), `update tenants set state = 'suspended' where id = $1`, acme)
	recorded("the client", func() answer { return mia.get(t, d.base+"/projects") })
	recorded("staff", func() answer { return dana.post(t, d.base+"/projects", url.Values{"name": {"x"}}) })
	want(t, "staff read", dana.get(t, d.base+"/projects"), http.StatusOK)
}

func refusals(t *testing.T, tenant uuid.UUID) (n int) {
	t.Helper()
	err := storetest.Superuser(t).QueryRow(t.Context(), `
select count(*)
from audit_events
where tenant_id = $1
  and verb = 'access.refused'
  and result = 'denied'`, tenant).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
