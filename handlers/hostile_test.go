package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/store"
)

// injections are inputs that would do harm if they became part of a query.
var injections = []string{
	"' or '1'='1", "'; update projects set name = 'Taken'; --", `") or 1=1 --`, "1; select pg_sleep(9)", "x' union select name from users --",
	"$1", "@tenant_id", "%", `\`, "\x00", "\xff\xfe", "'||(select set_config('app.tenant_id',null,true))||'", "{{7*7}}", "${7*7}",
}

// Case 17: SQL in every parameter, header and field reveals nothing, breaks nothing and
// changes nothing.
func TestInjectionHasNoEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, table(), &tally{}, mainHost)
	before := w.rowsOfOtherTenants(t)
	names := []string{"q", "show", "before", "kind", "person", "support", "refused", "did", "id", "version", "return_to", "why", "over",
		"tenant", "ticket", "minutes", "sort", "order", "filter", "limit", "offset", "page", "' or 1=1 --"}
	headers := []string{"X-Tenant-Id", "X-Forwarded-Host", "User-Agent", "Referer", "Accept-Language", "X-Request-Id", "If-None-Match", "Range", "X-User"}
	for _, role := range []string{"agency owner", "client viewer", "agent outside"} {
		p := w.visitorNamed(role)
		for i, bad := range injections {
			for _, route := range table() {
				if a, _ := actOf(route); a.endsSessions || route.Streams {
					continue
				}
				r := request{visitor: p, route: route, method: methodOf(route), path: w.path(route), what: bad}
				q, form := url.Values{}, url.Values{}
				for _, name := range names {
					q.Set(name, bad)
				}
				for _, field := range []string{"name", "title", "summary", "brief", "due", "after", "note", "accent", "welcome", "portal_name",
					"hours", "email", "code", "person", "reason", "ticket", "minutes", "tenant", "visible", bad} {
					form.Set(field, bad)
				}
				b := p.browser.with(headers[i%len(headers)], strings.Map(printableOnly, bad))
				w.tally.probes.Add(1)
				w.checkAnswer(t, r, b.do(t, r.method, r.path+"?"+q.Encode(), strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"))
			}
		}
	}
	if after := w.rowsOfOtherTenants(t); !maps.Equal(before, after) {
		t.Error("rows of other tenants changed")
	}
	var taken int
	if err := w.admin.QueryRow(t.Context(), `select count(*) from projects where name = 'Taken'`).Scan(&taken); err != nil || taken != 0 {
		t.Errorf("%d projects were renamed, %v", taken, err)
	}
	t.Logf("%d probes", w.tally.probes.Load())
}

// printableOnly removes what a header cannot carry.
func printableOnly(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

func (w *world) visitorNamed(name string) *visitor {
	return w.visitors[slices.IndexFunc(w.visitors, func(p *visitor) bool { return p.name == name })]
}

// Case 21: form fields that no form has are ignored, and so is a tenant named in a field
// (case 1).
func TestExtraFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	extra := url.Values{
		"tenant_id": {globex.TenantID().String()}, "tenant": {a.Globex}, "id": {uuid.NewString()}, "created_by": {uuid.NewString()},
		"created_at": {"2001-01-01"}, "updated_at": {"2001-01-01"}, "shared_at": {"2001-01-01"}, "deleted_at": {"2001-01-01"},
		"support_session_id": {uuid.NewString()}, "position": {"99"}, "role": {"owner"}, "party": {"agency"}, "kind": {"agent"}, "plan": {"free"},
		"verified": {"1"}, "state": {"suspended"}, "slug": {"taken-" + a.Suffix}, "agency_id": {uuid.NewString()}, "disabled_at": {"2001-01-01"}, "email": {"x@" + a.Suffix + ".test"},
	}
	form := func(own string) url.Values {
		all := maps.Clone(extra)
		maps.Copy(all, must(url.ParseQuery(own)))
		return all
	}
	b, admin := s.as(t, a.Dana), storetest.Admin(t)
	same := func(what, sql string, args ...any) func() {
		t.Helper()
		read := func() (row string) {
			if err := admin.QueryRow(t.Context(), sql, args...).Scan(&row); err != nil {
				t.Fatal(err)
			}
			return row
		}
		before := read()
		return func() {
			t.Helper()
			if after := read(); after != before {
				t.Errorf("%s: %s became %s", what, before, after)
			}
		}
	}

	tenant := same("the tenant", `select jsonb_build_array(id, kind, slug, agency_id, state, created_at)::text from tenants where id = $1`, dana.TenantID())
	person := same("the person", `select jsonb_build_array(id, kind, email, created_at, disabled_at)::text from users where id = $1`, dana.ID())
	member := same("the membership", `select jsonb_build_array(tenant_id, user_id, party, role, email, created_at)::text from memberships where tenant_id = $1 and user_id = $2`, dana.TenantID(), dana.ID())
	theirs := same("the other tenant", `select count(*)::text from projects where tenant_id = $1`, globex.TenantID())
	made := b.post(t, "/w/"+a.Acme+"/projects", form("name=Made+"+a.Suffix))
	want(t, "a project", made, http.StatusSeeOther)
	want(t, "settings", b.post(t, "/w/"+a.Acme+"/settings", form("name=Acme")), http.StatusSeeOther)
	want(t, "account", b.post(t, "/account/name", form("name=Dana")), http.StatusSeeOther)
	tenant()
	person()
	member()
	theirs()
	var fresh bool
	err := admin.QueryRow(t.Context(), `
select tenant_id = $2 and created_by = $3 and created_at > now() - interval '1 hour' and updated_at > now() - interval '1 hour'
       and shared_at is null and deleted_at is null and support_session_id is null
from projects where id = $1`, between(made.location(), "/projects/", "?"), dana.TenantID(), dana.ID()).Scan(&fresh)
	if err != nil || !fresh {
		t.Errorf("the project took a value from an unknown field: %v", err)
	}
}

// Case 22: an object under the wrong parent, and a list that mixes ids of two tenants,
// are not found, and nothing changes.
func TestWrongParentAndMixedIDsAreNotFound(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	acme, globex := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Globex)
	mine, other, theirs := storetest.Project(t, acme, "Mine"), storetest.Project(t, acme, "Other"), storetest.Project(t, globex, "Theirs")
	here, there := storetest.Deliverable(t, acme, mine, "Here"), storetest.Deliverable(t, acme, other, "There")
	foreign := storetest.Deliverable(t, globex, theirs, "Foreign")
	draft := storetest.Draft(t, acme, here)
	file := storetest.File(t, acme, draft, "a.txt")
	b := s.as(t, a.Dana)
	own, sister := storetest.RowsOf(t, acme.TenantID()), storetest.RowsOf(t, globex.TenantID())
	nothing := b.post(t, "/w/"+a.Acme+"/projects/"+store.NewID().String()+"/move", nil)
	for path, after := range map[string]uuid.UUID{
		"/projects/" + mine.String() + "/move":                    theirs,        // behind somebody else's
		"/projects/" + theirs.String() + "/move":                  mine,          // somebody else's behind one's own
		"/projects/" + other.String() + "/move":                   store.NewID(), // behind nothing
		"/deliverables/" + here.String() + "/move":                foreign,
		"/deliverables/" + there.String() + "/move":               here,  // of another project
		"/deliverables/" + file.String() + "/move":                there, // a file is no deliverable
		"/deliverables/" + mine.String() + "/archive":             {},
		"/projects/" + here.String() + "/delete":                  {},
		"/files/" + draft.String() + "/delete":                    {},
		"/versions/" + here.String() + "/files":                   {},
		"/deliverables/" + foreign.String() + "/versions":         {},
		"/deliverables/" + here.String() + "/versions/99/publish": {},
	} {
		got := b.post(t, "/w/"+a.Acme+path, url.Values{"after": {after.String()}, "id": {mine.String(), theirs.String()}})
		want(t, path, got, http.StatusNotFound)
		if got.withoutRequestID() != nothing.withoutRequestID() {
			t.Errorf("%s: differs from the refusal of a random id", path)
		}
	}
	delete(own, "audit_events")
	for table, hash := range storetest.RowsOf(t, acme.TenantID()) {
		if own[table] != hash && table != "audit_events" {
			t.Errorf("%s changed though all was refused", table)
		}
	}
	if after := storetest.RowsOf(t, globex.TenantID()); !maps.Equal(sister, after) {
		t.Error("rows of the other tenant changed")
	}
	want(t, "within one list", b.post(t, "/w/"+a.Acme+"/projects/"+mine.String()+"/move", url.Values{"after": {other.String()}}), http.StatusSeeOther)
	want(t, "their own file", b.post(t, "/w/"+a.Acme+"/files/"+file.String()+"/delete", nil), http.StatusSeeOther)
}

// Case 2: the cookie of one host is not a session on another, neither on a host under
// the tenant domain nor on a tenant's own domain.
func TestCookieIsRefusedOnAnotherHost(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	domain := "portal-" + a.Suffix + ".example.test"
	if _, err := storetest.Admin(t).Exec(t.Context(), `insert into domains (host, tenant_id, verified_at) values ($1, $2, now())`, domain, dana.TenantID()); err != nil {
		t.Fatal(err)
	}
	token, b := storetest.SignIn(t, a.Dana), s.nobody()
	b.signIn(t, token)
	want(t, "on its own host", b.get(t, "/w/"+a.Acme+"/projects"), http.StatusOK)
	for _, host := range []string{a.Acme + ".portals.test", domain, "nobody.portals.test", "evil.test"} {
		for _, path := range []string{"/", "/projects", "/w/" + a.Acme + "/projects", "/account"} {
			got, anybody := b.with("Host", host).get(t, path), s.nobody().with("Host", host).get(t, path)
			// Each is redirected to a hand-over with its own secret.
			secret := regexp.MustCompile(`browser=[\w-]{43}`)
			if got.status != anybody.status || secret.ReplaceAllString(got.withoutRequestID(), "") != secret.ReplaceAllString(anybody.withoutRequestID(), "") {
				t.Errorf("%s%s: %d, and %d without the cookie", host, path, got.status, anybody.status)
			}
		}
	}
	// A session for a host works there and nowhere else.
	storetest.MoveSession(t, token, a.Acme+".portals.test")
	want(t, "made for that host", b.with("Host", a.Acme+".portals.test").get(t, "/projects"), http.StatusOK)
	want(t, "on the main host", b.get(t, "/w/"+a.Acme+"/projects"), http.StatusFound)
	want(t, "on the domain", b.with("Host", domain).get(t, "/projects"), http.StatusFound)
}

// Part of case 5: an unverified domain leads to no tenant, even with a session for that
// host. Once verified, it leads to its tenant.
func TestUnverifiedDomainIsNotRouted(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domain := "unproved-" + a.Suffix + ".example.test"
	tenant := a.Member(t, a.Dana, a.Acme).TenantID()
	admin := storetest.Admin(t)
	run(t, admin, `insert into domains (host, tenant_id) values ($1, $2)`, domain, tenant)
	at := func() *browser {
		b := s.nobody()
		b.signIn(t, storetest.SignInAt(t, a.Mia, domain))
		return b.with("Host", domain)
	}
	want(t, "unproved", at().get(t, "/projects"), http.StatusNotFound)
	run(t, admin, `update domains set verified_at = now() where host = $1`, domain)
	b := at()
	want(t, "proved", b.get(t, "/projects"), http.StatusOK)
	run(t, admin, `delete from domains where host = $1`, domain)
	want(t, "removed", b.get(t, "/projects"), http.StatusNotFound)
}

// Case 3: after a membership ends, a role is lowered, a person is disabled or a tenant is
// suspended, the next request and download are refused. Undoing it applies as soon.
func TestLostAccessEndsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := storetest.Agency(t)
	e := newFixture(t, s, a, a.Acme)
	mia, ravi := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Ravi, a.Acme)
	admin := storetest.Admin(t)
	client, staff := s.as(t, a.Mia), s.as(t, a.Ravi)
	page, file := e.at("/projects"), e.at("/files/"+e.things["files"].String())
	for _, c := range []struct {
		what, off, on string
		id            uuid.UUID
		by            *browser
		status        int
	}{
		{"membership ended", `update memberships set ended_at = now() where user_id = $1`, `update memberships set ended_at = null where user_id = $1`, mia.ID(), client, http.StatusNotFound},
		{"person disabled", `update users set disabled_at = now() where id = $1`, `update users set disabled_at = null where id = $1`, mia.ID(), client, http.StatusFound},
		{"tenant suspended", `update tenants set state = 'suspended' where id = $1`, `update tenants set state = 'active' where id = $1`, e.tenant, client, http.StatusForbidden},
		{"agency suspended", `update tenants set state = 'suspended' where id = (select agency_id from tenants where id = $1)`,
			`update tenants set state = 'active' where id = (select agency_id from tenants where id = $1)`, e.tenant, client, http.StatusForbidden},
	} {
		for _, path := range []string{page, file} {
			want(t, "before: "+c.what, c.by.get(t, path), http.StatusOK)
		}
		run(t, admin, c.off, c.id)
		for _, path := range []string{page, file} {
			got := c.by.get(t, path)
			want(t, c.what, got, c.status)
			if around, inner := splitError(got.body); strings.Contains(inner, e.key) || (c.status != http.StatusForbidden && strings.Contains(around, e.key)) {
				t.Errorf("%s: shows more than the brand: %.300s", c.what, got.body)
			}
		}
		run(t, admin, c.on, c.id)
	}
	want(t, "before: role lowered", staff.post(t, page, url.Values{"name": {"One"}}), http.StatusSeeOther)
	run(t, admin, `update memberships set role = 'viewer' where user_id = $1`, ravi.ID())
	want(t, "role lowered", staff.post(t, page, url.Values{"name": {"Two"}}), http.StatusForbidden)
	want(t, "a viewer still sees", staff.get(t, page), http.StatusOK)
}

func run(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
