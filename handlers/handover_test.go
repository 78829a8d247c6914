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

// hostBrowser is a browser that visits several hosts and keeps the cookies of each.
type hostBrowser struct {
	site *site
	jars map[string]map[string]string // by host, by name
}

func (s *site) hostBrowser() *hostBrowser { return &hostBrowser{s, map[string]map[string]string{}} }

// signIn puts a session of the main host into the browser.
func (b *hostBrowser) signIn(t *testing.T, email string) store.Token {
	t.Helper()
	token := storetest.SignIn(t, email)
	one := b.site.nobody()
	one.signIn(t, token)
	name, value, _ := strings.Cut(one.cookie, "=")
	b.jar("")[name] = value
	return token
}

func (b *hostBrowser) jar(host string) map[string]string {
	if b.jars[host] == nil {
		b.jars[host] = map[string]string{}
	}
	return b.jars[host]
}

// at sends a request to a host, "" for the main one, and keeps the cookies it sets.
func (b *hostBrowser) at(t *testing.T, host, method, path string) answer {
	t.Helper()
	return b.send(t, host, method, path, nil)
}

func (b *hostBrowser) post(t *testing.T, host, path string, form url.Values) answer {
	t.Helper()
	return b.send(t, host, http.MethodPost, path, form)
}

func (b *hostBrowser) send(t *testing.T, host, method, path string, form url.Values) answer {
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
	var got answer
	if form != nil {
		got = one.do(t, method, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
	} else {
		got = one.do(t, method, path, nil, "")
	}
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if b.jar(host)[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar(host), c.Name)
		}
	}
	return got
}

func (b *hostBrowser) get(t *testing.T, host, path string) answer {
	return b.at(t, host, http.MethodGet, path)
}

// leave requests a page on a tenant's host, and returns the path on the main host that
// it redirects to.
func (b *hostBrowser) leave(t *testing.T, host, path string) string {
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

// handOver opens the hand-over page of the main host, and returns where it leads.
func (b *hostBrowser) handOver(t *testing.T, page string) (host, path string) {
	t.Helper()
	got := b.get(t, "", page)
	want(t, "the main host", got, http.StatusOK)
	to := refresh.FindStringSubmatch(got.header.Get("Refresh"))
	if to == nil || !strings.Contains(got.body, html.EscapeString(to[1]+to[3])) {
		t.Fatalf("leads to %q; %.600s", got.header.Get("Refresh"), got.body)
	}
	return to[2], to[3]
}

// A member who is signed in on the main host opens a page on their tenant's host, and
// the hand-over leads to that page. Signing out on either host, or everywhere, signs
// them out on both.
func TestHandoverLeadsToThePage(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domain := "portal-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Acme)
	for _, host := range []string{a.Acme + ".portals.test", domain} {
		for out, at := range map[string]string{"/logout": "", "/account/sign-out-everywhere": "", "/logout ": host} {
			b := s.hostBrowser()
			b.signIn(t, a.Mia)
			back, path := b.handOver(t, b.leave(t, host, "/projects?show=archived"))
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

// A client controls its own domain and every cookie there, so staff get no session on
// it and stay on the main host. Staff are handed over to hosts under the installation's
// domain and to their agency's own domain.
func TestStaffGetNoSessionOnAClientsDomain(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	domains := map[string]string{}
	for _, slug := range []string{a.Acme, a.Agency} {
		domains[slug] = "own-" + slug + ".example.test"
		run(t, storetest.Admin(t), `insert into domains (host, tenant_id, verified_at, pointing) select $1, id, now(), 'there' from tenants where slug = $2`, domains[slug], slug)
	}
	dana, mia := s.hostBrowser(), s.hostBrowser()
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
	for host, b := range map[string]*hostBrowser{domains[a.Acme]: mia, a.Acme + ".portals.test": dana, domains[a.Agency]: dana} {
		_, path := b.handOver(t, b.leave(t, host, "/"))
		want(t, "handed over to "+host, b.get(t, host, path), http.StatusSeeOther)
		want(t, "inside at "+host, b.get(t, host, "/"), http.StatusOK)
	}
}

// Visitors who are not signed in sign in during the hand-over.
func TestHandoverAsksToSignIn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	b := s.hostBrowser()
	page := b.leave(t, a.Acme+".portals.test", "/projects")
	got := b.get(t, "", page)
	want(t, "nobody", got, http.StatusFound)
	signInPath := "/login?" + url.Values{"return_to": {page}}.Encode()
	if got.location() != signInPath {
		t.Errorf("leads to %q, want %q", got.location(), signInPath)
	}
	if got := b.get(t, "", signInPath); !strings.Contains(got.body, `name="return_to" value="`+html.EscapeString(page)) {
		t.Errorf("the sign-in page does not lead back: %.800s", got.body)
	}
	b.signIn(t, a.Mia)
	want(t, "signed in", b.get(t, "", page), http.StatusOK)
	// A form must not redirect to another host, so it leads to a page first.
	if got := s.hostBrowser().at(t, a.Acme+".portals.test", http.MethodPost, "/projects"); got.location() != "/handover/over?return_to=%2Fprojects%2Fnew" {
		t.Errorf("a form leads to %q", got.location())
	}
	long := b.leave(t, a.Acme+".portals.test", "/projects?q="+strings.Repeat("a", 3000))
	if to, _ := url.Parse(long); to.Query().Get("to") != "/" {
		t.Errorf("a way back of 3000 letters is kept: %.100s", long)
	}
}

// Case 2: a hand-over works once, within a minute, on its host, in its browser. Every
// other attempt is refused and does not spend it.
func TestHandoverWorksOnceForItsBrowserAndHost(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	other := storetest.Agency(t)
	admin := storetest.Admin(t)
	host := a.Acme + ".portals.test"
	mia := s.hostBrowser()
	mia.signIn(t, a.Mia)
	page := mia.leave(t, host, "/projects")
	back, path := mia.handOver(t, page)

	thief := s.hostBrowser()
	thief.signIn(t, other.Mia)
	thief.leave(t, host, "/projects") // has a secret of its own
	want(t, "in another browser", thief.get(t, host, path), http.StatusGone)
	want(t, "in a browser without a secret", s.hostBrowser().get(t, host, path), http.StatusGone)
	for elsewhere, status := range map[string]int{a.Globex + ".portals.test": 410, other.Acme + ".portals.test": 410, "evil.test": 404} {
		mia.jars[elsewhere] = mia.jar(host)
		want(t, "on "+elsewhere, mia.get(t, elsewhere, path), status)
	}
	mia.jars[host] = mia.jar(host)
	want(t, "on the main host", mia.get(t, "", path), http.StatusNotFound)
	want(t, "by HEAD", mia.at(t, host, http.MethodHead, path), http.StatusMethodNotAllowed)
	want(t, "another token", mia.get(t, host, path[:len(path)-1]), http.StatusGone)
	want(t, "all that spent nothing", mia.get(t, back, path), http.StatusSeeOther)

	// Replayed, with the cookie it was bound to.
	again := s.hostBrowser()
	again.signIn(t, a.Mia)
	page = again.leave(t, host, "/projects")
	secret := again.jar(host)["__Host-portico-handover"]
	_, path = again.handOver(t, page)
	want(t, "once", again.get(t, host, path), http.StatusSeeOther)
	again.jars[host] = map[string]string{"__Host-portico-handover": secret}
	want(t, "twice", again.get(t, host, path), http.StatusGone)

	// Late, by the clock of the database.
	late := s.hostBrowser()
	lateToken := late.signIn(t, a.Mia)
	_, path = late.handOver(t, late.leave(t, host, "/projects"))
	run(t, admin, `update handovers set expires_at = expires_at - interval '60 seconds' where session_id = $1`, storetest.Person(t, lateToken).SessionID)
	want(t, "late", late.get(t, host, path), http.StatusGone)

	// Signed out meanwhile.
	gone := s.hostBrowser()
	gone.signIn(t, a.Mia)
	_, path = gone.handOver(t, gone.leave(t, host, "/projects"))
	want(t, "sign out", gone.at(t, "", http.MethodPost, "/logout"), http.StatusSeeOther)
	want(t, "of a session that is over", gone.get(t, host, path), http.StatusGone)
}

// Case 2: non-members and agents get no hand-over, and unknown hosts get none. The
// refusal is the same, byte for byte, as for a host that does not exist.
func TestHandoverIsRefusedToNonMembers(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	other := storetest.Agency(t)
	unproved := "unproved-" + a.Suffix + ".example.test"
	run(t, storetest.Admin(t), `insert into domains (host, tenant_id) select $1, id from tenants where slug = $2`, unproved, a.Acme)
	host := a.Acme + ".portals.test"
	for who, email := range map[string]string{"another agency's": other.Dana, "a client of the same agency": a.Gus, "an agent": storetest.Agent(t)} {
		b := s.hostBrowser()
		b.signIn(t, email)
		page := b.leave(t, host, "/")
		got, nowhere := b.get(t, "", page), b.get(t, "", strings.Replace(page, url.QueryEscape(host), "nobody.portals.test", 1))
		want(t, who, got, http.StatusNotFound)
		if got.withoutRequestID() != nowhere.withoutRequestID() {
			t.Errorf("%s can tell the host from one that never was", who)
		}
	}
	b := s.hostBrowser()
	b.signIn(t, a.Mia)
	for _, strange := range []string{unproved, "evil.test", "x." + host, strings.ToUpper(host), host + "."} {
		page := "/handover?" + url.Values{"host": {strange}, "browser": {strings.Repeat("A", 43)}, "to": {"/"}}.Encode()
		want(t, "an unknown host: "+strange, b.get(t, "", page), http.StatusNotFound)
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

// A session on a tenant's host keeps its parent session alive and ends with it. The
// account page does not list it as another browser.
func TestHandedOverSessionEndsWithItsParent(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	admin := storetest.Admin(t)
	host := a.Acme + ".portals.test"
	b := s.hostBrowser()
	parent := storetest.Person(t, b.signIn(t, a.Mia)).SessionID
	_, path := b.handOver(t, b.leave(t, host, "/projects"))
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
