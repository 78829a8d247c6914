package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// program is the API key of a visitor that is a program.
type program struct {
	scope   store.KeyScope
	broken  bool // it doesn't work any more
	foreign bool // it belongs to another tenant, where it works
}

// opened are the capabilities that each scope must open, and no others.
var opened = map[store.KeyScope][]store.Capability{
	store.ScopeReadWork:    {store.UseAPI, store.SeeWork},
	store.ScopeDeliverWork: {store.UseAPI, store.SeeWork, store.EditWork, store.Upload, store.Publish},
	store.ScopeWriteUsage:  {store.UseAPI, store.SeeUsage, store.ReportUsage},
}

// expectedOfProgram is what a route for programs answers to a visitor.
func expectedOfProgram(route handlers.Route, p *visitor) int {
	switch {
	case p.program == nil || p.program.broken:
		return http.StatusUnauthorized
	case !store.May(route.Needs, p.party, p.role), !slices.Contains(opened[p.program.scope], route.Needs):
		return http.StatusForbidden
	}
	return allowed
}

// newPrograms are the programs that visit the fixture: with each scope, of each side, with
// keys that no longer work, and with the key of another tenant. Programs exist on the main
// host only.
func newPrograms(t *testing.T, w *world, b *storetest.Tenants) []*visitor {
	t.Helper()
	if w.hosts != nil {
		return nil
	}
	var all []*visitor
	add := func(name, email string, party store.Party, role store.Role, scope store.KeyScope, after string) {
		token, id := storetest.APIKey(t, email, w.own.slug, scope)
		p := &visitor{name: name, email: email, inside: true, party: party, role: role, visibleKeys: []string{w.own.key},
			program: &program{scope: scope, broken: strings.HasPrefix(after, "update api_keys")}, browser: bearer(w.site, token)}
		if after != "" {
			if _, err := w.admin.Exec(t.Context(), after, id); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, p)
	}
	for _, scope := range store.KeyScopes {
		add("key for "+string(scope)+" of an agency's owner", w.own.person(t, store.PartyAgency, store.RoleOwner), store.PartyAgency, store.RoleOwner, scope, "")
	}
	add("key of a client's admin", w.own.person(t, store.PartyClient, store.RoleAdmin), store.PartyClient, store.RoleAdmin, store.ScopeReadWork, "")
	add("key of an owner who became a viewer", w.own.person(t, store.PartyAgency, store.RoleOwner), store.PartyAgency, store.RoleViewer, store.ScopeDeliverWork,
		`update memberships m set role = 'viewer' from api_keys k where k.id = $1 and m.tenant_id = k.tenant_id and m.user_id = k.user_id`)
	add("revoked key", w.own.person(t, store.PartyAgency, store.RoleOwner), store.PartyAgency, store.RoleOwner, store.ScopeDeliverWork,
		`update api_keys set revoked_at = now() where id = $1`)
	add("expired key", w.own.person(t, store.PartyAgency, store.RoleOwner), store.PartyAgency, store.RoleOwner, store.ScopeDeliverWork,
		`update api_keys set expires_at = now() where id = $1`)
	token, _ := storetest.APIKey(t, b.Dana, b.Globex, store.ScopeDeliverWork)
	return append(all, &visitor{name: "key of another agency", email: b.Dana, inside: true, party: store.PartyAgency, role: store.RoleOwner,
		program: &program{scope: store.ScopeDeliverWork, foreign: true}, browser: bearer(w.site, token)})
}

// bearer is a program that sends the key and nothing else.
func bearer(s *site, token store.TenantToken) *browser {
	b := s.nobody()
	b.header.Set("Authorization", "Bearer "+store.KeyPrefix+token.String())
	return b
}

// triedBy are the visitors who try a route. A session opens no route for programs, and a
// key no other: a few of the ones try the others' routes.
func (w *world) triedBy(route handlers.Route) []*visitor {
	var few []*visitor
	if route.Who != handlers.AProgram {
		for _, p := range w.programs {
			if !p.program.broken && !p.program.foreign && p.program.scope == store.ScopeDeliverWork {
				few = append(few, p)
			}
		}
		return slices.Concat(w.visitors, few[:min(1, len(few))])
	}
	for _, p := range w.visitors {
		if p.representative() {
			few = append(few, p)
		}
	}
	return append(few, w.programs...)
}

// ofForeignKey are the ids that the key of another tenant must not find.
func (w *world) ofForeignKey(kind string) (all []idCase) {
	for _, e := range []*fixture{w.own, w.sister, w.other} {
		all = append(all, idCase{"one of the " + kind + " of " + e.slug, e.things[kind].String(), http.StatusNotFound})
	}
	return all
}

func sendJSON(body string) func(*testing.T, *browser, string) answer {
	return func(t *testing.T, b *browser, path string) answer {
		return b.do(t, http.MethodPost, path, strings.NewReader(body), "application/json")
	}
}

// sendReport sends a report that nobody sent before.
func sendReport(t *testing.T, b *browser, path string) answer {
	return b.with("Idempotency-Key", uuid.NewString()).do(t, http.MethodPost, path, strings.NewReader(`{"metric":"aiRuns","quantity":1}`), "application/json")
}

func readyVersion(t *testing.T, w *world, _ *visitor) uuid.UUID {
	_, version := w.own.deliverable(t, w.own.things["projects"], w.own.mark)
	storetest.File(t, w.own.staff, version, w.own.mark("name"))
	return version
}

// programsUpload is an upload that the program began, because nobody else may continue it.
func programsUpload(t *testing.T, w *world, p *visitor) uuid.UUID {
	got := p.browser.json(t, http.MethodPost, "/api/v1/versions/"+freshDraft(t, w, p).String()+"/uploads", map[string]any{"name": w.own.markHidden("name"), "size": 5})
	if got.status != http.StatusCreated {
		t.Fatalf("an upload of a program: %d %.300s", got.status, got.body)
	}
	return must(uuid.Parse(decode[plan](t, got).ID))
}

func programsSentUpload(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := programsUpload(t, w, p)
	want(t, "a part", p.browser.putPart(t, "/api/v1/uploads/"+id.String()+"/parts/1", []byte("12345")), http.StatusNoContent)
	return id
}

// keyOfOwnSide is a key that the visitor's side made.
func keyOfOwnSide(t *testing.T, w *world, p *visitor) uuid.UUID {
	email := w.own.staff.Email
	if p.party == store.PartyClient {
		email = w.own.client.Email
	}
	_, id := storetest.APIKey(t, email, w.own.slug, store.ScopeReadWork)
	return id
}
