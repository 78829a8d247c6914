package handlers_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// roamer is a browser that goes from host to host and keeps the cookies of each.
type roamer struct {
	site *site
	jars map[string]map[string]string // by host, by name
}

func (s *site) roamer() *roamer { return &roamer{s, map[string]map[string]string{}} }

// signIn puts a session of the main host into the browser.
func (b *roamer) signIn(t *testing.T, email string) store.Token {
	t.Helper()
	token := storetest.SignIn(t, email)
	one := b.site.nobody()
	one.signIn(t, token)
	name, value, _ := strings.Cut(one.cookie, "=")
	b.jar("")[name] = value
	return token
}

func (b *roamer) jar(host string) map[string]string {
	if b.jars[host] == nil {
		b.jars[host] = map[string]string{}
	}
	return b.jars[host]
}

// at asks a host, "" for the main one, and keeps the cookies it gives.
func (b *roamer) at(t *testing.T, host, method, path string) answer {
	t.Helper()
	one := b.site.nobody()
	var cookies []string
	for name, value := range b.jar(host) {
		cookies = append(cookies, name+"="+value)
	}
	one.cookie = strings.Join(cookies, "; ")
	if host != "" {
		one = one.with("Host", host)
	}
	got := one.do(t, method, path, nil, "")
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if b.jar(host)[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar(host), c.Name)
		}
	}
	return got
}

func (b *roamer) get(t *testing.T, host, path string) answer {
	return b.at(t, host, http.MethodGet, path)
}

// leave asks a tenant's host for a page, and returns the page of the main host
// that it is sent to.
func (b *roamer) leave(t *testing.T, host, path string) string {
	t.Helper()
	got := b.get(t, host, path)
	want(t, "nobody at "+host, got, http.StatusFound)
	page, found := strings.CutPrefix(got.location(), b.site.server.URL)
	if !found || !strings.HasPrefix(page, "/handover?") {
		t.Fatalf("%s%s leads to %q", host, path, got.location())
	}
	return page
}

var refresh = regexp.MustCompile(`^0; url=(http://([a-z0-9.-]+):\d+)(/handover/[A-Z0-9]+)$`)

// handed has the main host hand the session over, and returns where to.
func (b *roamer) handed(t *testing.T, page string) (host, path string) {
	t.Helper()
	got := b.get(t, "", page)
	want(t, "the main host", got, http.StatusOK)
	to := refresh.FindStringSubmatch(got.header.Get("Refresh"))
	if to == nil || !strings.Contains(got.body, html.EscapeString(to[1]+to[3])) {
		t.Fatalf("leads to %q; %.600s", got.header.Get("Refresh"), got.body)
	}
	return to[2], to[3]
}

// A member of a tenant comes to its host signed in on the main one only: they are
// handed over and stand where they wanted to go. Signed out on the main host, or
// everywhere, or there, they are out at both.
func TestHandover(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domain := "portal-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Acme)
	for _, host := range []string{a.Acme + ".portals.test", domain} {
		for out, at := range map[string]string{"/logout": "", "/account/sign-out-everywhere": "", "/logout ": host} {
			b := s.roamer()
			b.signIn(t, a.Mia)
			back, path := b.handed(t, b.leave(t, host, "/projects?show=archived"))
			if back != host {
				t.Fatalf("from %s handed over to %s", host, back)
			}
			got := b.get(t, host, path)
			want(t, "handed over", got, http.StatusSeeOther)
			if got.location() != "/projects?show=archived" {
				t.Errorf("leads to %q", got.location())
			}
			want(t, "inside", b.get(t, host, got.location()), http.StatusOK)
			want(t, "back in the browser's history", b.get(t, host, path), http.StatusSeeOther)

			want(t, "sign out", b.at(t, at, http.MethodPost, strings.TrimSpace(out)), http.StatusSeeOther)
			want(t, "then at "+host, b.get(t, host, "/projects"), http.StatusFound)
			want(t, "then on the main host", b.get(t, "", "/account"), http.StatusFound)
		}
	}
}

// A client's own domain is in the client's hands, and so is every cookie there: the
// agency's people take none to it, and stay where they are. Under the domain of the
// installation, and at a domain of their agency's, they come in like anybody.
func TestStaffStayOffAClientsDomain(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domains := map[string]string{}
	for _, slug := range []string{a.Acme, a.Agency} {
		domains[slug] = "own-" + slug + ".example.test"
		run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at, pointing) select $1, id, now(), 'there' from tenants where slug = $2`, domains[slug], slug)
	}
	dana, mia := s.roamer(), s.roamer()
	dana.signIn(t, a.Dana)
	mia.signIn(t, a.Mia)
	page := "/w/" + a.Acme + "/projects"

	got := dana.get(t, "", page)
	want(t, "staff on the main host", got, http.StatusOK)
	if to := got.header.Get("Refresh"); to != "" {
		t.Errorf("staff are sent to %q", to)
	}
	got = dana.get(t, "", dana.leave(t, domains[a.Acme], "/projects?show=archived"))
	if want(t, "staff from the client's domain", got, http.StatusSeeOther); got.location() != page+"?show=archived" || got.header.Get("Refresh") != "" {
		t.Errorf("staff are sent to %q", got.location())
	}
	want(t, "staff at the client's domain", dana.get(t, domains[a.Acme], "/projects"), http.StatusFound)

	if to := mia.get(t, "", page).header.Get("Refresh"); !strings.Contains(to, domains[a.Acme]) {
		t.Errorf("the client is sent to %q", to)
	}
	for host, b := range map[string]*roamer{domains[a.Acme]: mia, a.Acme + ".portals.test": dana, domains[a.Agency]: dana} {
		_, path := b.handed(t, b.leave(t, host, "/"))
		want(t, "handed over to "+host, b.get(t, host, path), http.StatusSeeOther)
		want(t, "inside at "+host, b.get(t, host, "/"), http.StatusOK)
	}
}

// Who is not signed in anywhere signs in on the way.
func TestHandoverAsksToSignIn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	b := s.roamer()
	page := b.leave(t, a.Acme+".portals.test", "/projects")
	got := b.get(t, "", page)
	want(t, "nobody", got, http.StatusFound)
	door := "/login?" + url.Values{"return_to": {page}}.Encode()
	if got.location() != door {
		t.Errorf("leads to %q, want %q", got.location(), door)
	}
	if got := b.get(t, "", door); !strings.Contains(got.body, `name="return_to" value="`+html.EscapeString(page)) {
		t.Errorf("the door does not lead back: %.800s", got.body)
	}
	b.signIn(t, a.Mia)
	want(t, "signed in", b.get(t, "", page), http.StatusOK)
	// A form may lead to no other host, so it leads to a page that says so first.
	if got := s.roamer().at(t, a.Acme+".portals.test", http.MethodPost, "/projects"); got.location() != "/handover/over" {
		t.Errorf("a form leads to %q", got.location())
	}
	long := b.leave(t, a.Acme+".portals.test", "/projects?q="+strings.Repeat("a", 3000))
	if to, _ := url.Parse(long); to.Query().Get("to") != "/" {
		t.Errorf("a way back of 3000 letters is kept: %.100s", long)
	}
}

// Case 2: a hand-over is good once, for a minute, on its host, in its browser and
// for people of its tenant. Whatever else is tried spends nothing.
func TestHandoverIsBound(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	other := storetest.Agency(t)
	admin := storetest.Admin(t)
	host := a.Acme + ".portals.test"
	mia := s.roamer()
	mia.signIn(t, a.Mia)
	page := mia.leave(t, host, "/projects")
	back, path := mia.handed(t, page)

	thief := s.roamer()
	thief.signIn(t, other.Mia)
	thief.leave(t, host, "/projects") // has a secret of its own
	want(t, "in another browser", thief.get(t, host, path), http.StatusGone)
	want(t, "in a browser without a secret", s.roamer().get(t, host, path), http.StatusGone)
	for _, elsewhere := range []string{a.Globex + ".portals.test", other.Acme + ".portals.test", "evil.test"} {
		mia.jars[elsewhere] = mia.jar(host)
		want(t, "on "+elsewhere, mia.get(t, elsewhere, path), http.StatusGone)
	}
	mia.jars[host] = mia.jar(host)
	want(t, "on the main host", mia.get(t, "", path), http.StatusNotFound)
	want(t, "by HEAD", mia.at(t, host, http.MethodHead, path), http.StatusMethodNotAllowed)
	want(t, "another token", mia.get(t, host, path[:len(path)-1]), http.StatusGone)
	want(t, "all that spent nothing", mia.get(t, back, path), http.StatusSeeOther)

	// Replayed, with the cookie it was bound to.
	again := s.roamer()
	again.signIn(t, a.Mia)
	page = again.leave(t, host, "/projects")
	secret := again.jar(host)["__Host-portico-handover"]
	_, path = again.handed(t, page)
	want(t, "once", again.get(t, host, path), http.StatusSeeOther)
	again.jars[host] = map[string]string{"__Host-portico-handover": secret}
	want(t, "twice", again.get(t, host, path), http.StatusGone)

	// Late, by the clock of the database.
	late := s.roamer()
	lateToken := late.signIn(t, a.Mia)
	_, path = late.handed(t, late.leave(t, host, "/projects"))
	run(t, admin, `update handovers set expires_at = expires_at - interval '60 seconds' where session_id = $1`, storetest.Person(t, lateToken).SessionID)
	want(t, "late", late.get(t, host, path), http.StatusGone)

	// Signed out meanwhile.
	gone := s.roamer()
	gone.signIn(t, a.Mia)
	_, path = gone.handed(t, gone.leave(t, host, "/projects"))
	want(t, "sign out", gone.at(t, "", http.MethodPost, "/logout"), http.StatusSeeOther)
	want(t, "of a session that is over", gone.get(t, host, path), http.StatusGone)
}

// Case 2: people of other tenants, agents and unknown hosts are handed over
// nowhere, by the same bytes as for a host that never was.
func TestHandoverIsForMembers(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	other := storetest.Agency(t)
	unproved := "unproved-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id) select $1, id from tenants where slug = $2`, unproved, a.Acme)
	host := a.Acme + ".portals.test"
	for who, email := range map[string]string{"another agency's": other.Dana, "a sister tenant's": a.Gus, "an agent": storetest.Agent(t)} {
		b := s.roamer()
		b.signIn(t, email)
		got, nowhere := b.get(t, "", b.leave(t, host, "/")), b.get(t, "", b.leave(t, "nobody.portals.test", "/"))
		want(t, who, got, http.StatusNotFound)
		if got.withoutRequestID() != nowhere.withoutRequestID() {
			t.Errorf("%s can tell the host from one that never was", who)
		}
	}
	b := s.roamer()
	b.signIn(t, a.Mia)
	for _, strange := range []string{unproved, "evil.test", "x." + host, strings.ToUpper(host), host + "."} {
		page := "/handover?" + url.Values{"host": {strange}, "browser": {strings.Repeat("A", 43)}, "to": {"/"}}.Encode()
		want(t, "a host that is nobody's: "+strange, b.get(t, "", page), http.StatusNotFound)
	}
	for _, browser := range []string{"", "AAAA", strings.Repeat("A", 44)} {
		page := "/handover?" + url.Values{"host": {host}, "browser": {browser}, "to": {"/"}}.Encode()
		want(t, "no browser", b.get(t, "", page), http.StatusNotFound)
	}
	page := "/handover?" + url.Values{"host": {host}, "browser": {strings.Repeat("A", 43)}, "to": {"//evil.test"}}.Encode()
	want(t, "by HEAD", b.at(t, "", http.MethodHead, page), http.StatusMethodNotAllowed)
	want(t, "the rightful person", b.get(t, "", page), http.StatusOK)
	want(t, "from a tenant's host", b.get(t, host, page), http.StatusFound)
}

// A session of a tenant's host keeps the one it came from alive, and never
// outlives it; it counts as no browser of its own.
func TestHandedOverSessionIsAChild(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	admin := storetest.Admin(t)
	host := a.Acme + ".portals.test"
	b := s.roamer()
	parent := storetest.Person(t, b.signIn(t, a.Mia)).SessionID
	_, path := b.handed(t, b.leave(t, host, "/projects"))
	want(t, "handed over", b.get(t, host, path), http.StatusSeeOther)
	run(t, admin, `update sessions set last_used_at = now() - interval '1 hour' where id = $1 or parent_id = $1`, parent)
	want(t, "inside", b.get(t, host, "/projects"), http.StatusOK)
	var fresh, same int
	err := admin.QueryRow(t.Context(), `
select count(*) filter (where s.last_used_at > now() - interval '1 minute'), count(*) filter (where s.expires_at = p.expires_at)
from sessions s join sessions p on p.id = $1
where s.id = $1 or s.parent_id = $1`, parent).Scan(&fresh, &same)
	if err != nil || fresh != 2 || same != 2 {
		t.Errorf("%d of two sessions were touched, %d end together: %v", fresh, same, err)
	}
	if page := b.get(t, "", "/account"); strings.Contains(page.body, "/sign-out\"") || !strings.Contains(page.body, "Opened a portal at its own address") {
		t.Error("the account lists another browser, or not where this one went")
	}
	run(t, admin, `update memberships set ended_at = now() where user_id = (select user_id from sessions where id = $1)`, parent)
	want(t, "access taken away", b.get(t, host, "/projects"), http.StatusNotFound)
}
