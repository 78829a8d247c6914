package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
)

// The tenant's trail has a row of the support session and the thing that it requests before
// the first byte, whichever thing it requests first. A picture has one row, however often it
// is loaded.
func TestEveryByteThatSupportSeesHasARow(t *testing.T) {
	t.Parallel()
	s, a := newSiteOver(t, storage(t)), storetest.Agency(t)
	e := newFixture(t, s, a, a.Acme)
	preview(t, a.Member(t, a.Dana, a.Acme), e.things["files"], "small")
	admin := storetest.Admin(t)
	rows := func(session, target uuid.UUID) (all, ofTarget int) {
		t.Helper()
		if err := admin.QueryRow(t.Context(), `
select count(*), count(*) filter (where target_id = $3) from audit_events
where tenant_id = $1 and support_session_id = $2 and verb <> 'support.started'`, e.tenant, session, target).Scan(&all, &ofTarget); err != nil {
			t.Fatal(err)
		}
		return all, ofTarget
	}
	asked, assets := 0, 0
	for _, route := range new(handlers.Server).Routes() {
		if route.Who != handlers.AMember || route.Method != http.MethodGet || route.Support != handlers.SupportReads || strings.HasSuffix(route.Path, "{$}") {
			continue
		}
		kind, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/w/{tenant}/"), "/")
		id := e.things[kind]
		token, session := e.startSupport(t, storetest.Agent(t), a.Dana)
		sam := s.nobody()
		sam.signIn(t, token)
		path := fill(route.Path, a.Acme, id.String())
		var got answer
		for range 2 {
			got = sam.get(t, path)
		}
		if got.status >= 500 {
			t.Errorf("%s: %d", path, got.status)
		}
		all, ofTarget := rows(session, id)
		if all == 0 || (strings.Contains(route.Path, "{id}") && ofTarget == 0) {
			t.Errorf("%s is answered %d and leaves %d rows, %d of its target", route.Path, got.status, all, ofTarget)
		}
		if route.Asset {
			if assets++; all != 1 && got.status == http.StatusOK {
				t.Errorf("%s leaves %d rows, want one", route.Path, all)
			}
		}
		want(t, "stop", sam.post(t, "/support/stop", nil), http.StatusSeeOther)
		asked++
	}
	if asked < 15 || assets < 2 {
		t.Errorf("only %d routes and %d assets were asked for", asked, assets)
	}
}
