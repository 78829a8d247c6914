package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
	"portico/store/queue"
)

// twoTrips are the pages that read only after they know who is asking.
var twoTrips = map[string]string{
	"/w/{tenant}/deliverables/{id}/versions/{number}/certificate.pdf": "it counts how many PDFs somebody makes",
	"/w/{tenant}/deliverables/{id}":                                   "notes are those of the version and file that it shows, which it chooses first",
	"/w/{tenant}/members/{id}":                                        "somebody who is no member may be staff who work in clients only",
	"/w/{tenant}/members/import":                                      "few people open it",
	"/w/{tenant}/invites/new":                                         "few people open it",
	"/w/{tenant}/settings/domains":                                    "few people open it",
	"/w/{tenant}/settings/keys":                                       "few people open it",
	"/w/{tenant}/settings/billing":                                    "few people open it",
	"/w/{tenant}/clients/new":                                         "few people open it",
	"/w/{tenant}/support":                                             "few people open it",
}

// A page of a tenant takes one round trip, in which the database identifies the visitor and
// reads all that the page shows. Few take a second one.
func TestPagesTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	count := &storetest.Trips{}
	// One connection, so that each statement is prepared only once.
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: count, MaxConns: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	a := storetest.Agency(t)
	dana, above := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency)
	project := storetest.Project(t, dana, "Spring")
	things := map[string]uuid.UUID{"projects": project, "deliverables": storetest.Deliverable(t, dana, project, "Logo"), "clients": dana.TenantID()}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update versions set shared_at = now() where deliverable_id = $1`, things["deliverables"]); err != nil {
		t.Fatal(err)
	}
	storetest.Certificate(t, dana.TenantID(), things["deliverables"], storetest.Draft(t, dana, things["deliverables"]), "a certificate")
	site := newSiteWith(t, db, storage(t), func(*handlers.Config) {})
	browser := site.as(t, a.Dana)
	admin := storetest.Admin(t)
	run(t, admin, `update versions set shared_at = now(), shared_by = created_by where deliverable_id = $1`, things["deliverables"])
	run(t, admin, `
insert into versions (tenant_id, id, deliverable_id, number, created_by)
select tenant_id, $2, deliverable_id, 2, created_by from versions where deliverable_id = $1`, things["deliverables"], store.NewID()) // to compare with
	pages := 0
	for _, route := range new(handlers.Server).Routes() {
		kind, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/w/{tenant}/"), "/")
		id, known := things[kind]
		needsID := strings.Contains(route.Path, "{id}")
		if route.Who != handlers.AMember || route.Method != http.MethodGet || route.Asset || route.Streams || route.JSON || (needsID && !known) {
			continue
		}
		at, slug := dana, a.Acme
		if route.Agency {
			at, slug = above, a.Agency
		}
		path := fill(route.Path, slug, id.String())
		// Make the page the last place already, or it would be recorded after the page.
		if _, err := admin.Exec(t.Context(), `
update memberships set last_place = $3, last_seen_at = now(), unread = 0, used_at = now() where tenant_id = $1 and user_id = $2`,
			at.TenantID(), at.ID(), strings.TrimPrefix(path, "/w/"+slug)); err != nil {
			t.Fatal(err)
		}
		first := browser.get(t, path)
		if first.status != http.StatusOK && first.status != http.StatusSeeOther {
			t.Errorf("%s: status %d", path, first.status)
		}
		before := count.Count()
		browser.get(t, path)
		most := int64(1)
		if twoTrips[route.Path] != "" {
			most = 2
		}
		if took := count.Count() - before; took > most || took < 1 {
			t.Errorf("%s took %d round trips", route.Path, took)
		}
		pages++
	}
	if pages < 12 {
		t.Errorf("only %d pages looked at", pages)
	}
}
