package signin_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/queue"
)

// signUpSite is a site with that rule of sign-up.
func signUpSite(t testing.TB, rule store.SignUpRule) *site {
	t.Helper()
	return open(t, signin.Config{DB: storetest.DB(), Keys: testKeys, AgentCodes: true, SignUp: rule})
}

const toAgency = "/signup/agency"

// stranger is an address that nobody here has.
func stranger() string { return "nora@" + strings.ToLower(rand.Text())[:12] + ".test" }

func freeSlug() string { return "studio-" + strings.ToLower(rand.Text())[:12] }

// requestSignUp asks for the mail that proves the address, and returns it.
func (b *browser) requestSignUp(email string) mail {
	b.t.Helper()
	b.want(b.post("/login", "email", email, "return_to", toAgency), http.StatusSeeOther)
	return mailed(b.t, email)
}

// proveAddress proves an address that has no account yet with the mailed code.
func (b *browser) proveAddress(email string) *browser {
	b.t.Helper()
	if in := b.want(b.post("/login/code", "code", b.requestSignUp(email).code), http.StatusSeeOther); in.location != toAgency {
		b.t.Errorf("the proof leads to %q", in.location)
	}
	return b
}

// rows counts what a query counts, as a superuser.
func rows(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, sql, args...).Scan(&n) })
	return n
}

func accounts(t testing.TB, email string) int {
	t.Helper()
	return rows(t, `select count(*) from users where email = $1`, email)
}

func agencies(t testing.TB, slug string) int {
	t.Helper()
	return rows(t, `select count(*) from tenants where slug = $1 and kind = 'agency'`, slug)
}

var requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Z2-7]{20,}`)

// Where sign-up is off, its addresses answer like any unknown one, signed in or not, by
// every method. No page links there, and an unknown address gets no mail and no account,
// wherever the proof would lead.
func TestSignUpOffIsNotThere(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), newSite(t)
	nobody, dana := h.browser(t), h.browser(t).signIn(a.Dana)
	alone := h.browser(t).signIn(alonePerson(t))
	for _, b := range []*browser{nobody, dana, alone} {
		for _, path := range []string{"/signup", toAgency} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
				got, unknown := b.send(method, path, nil), b.send(method, "/no/such/page", nil)
				if got.status != http.StatusNotFound || unknown.status != http.StatusNotFound ||
					mask(got.body) != mask(unknown.body) || !slices.Equal(headerNames(got), headerNames(unknown)) {
					t.Errorf("%s %s: %d, and %d for an unknown page", method, path, got.status, unknown.status)
				}
			}
		}
		for _, path := range []string{"/login", "/"} {
			if page := b.get(path); strings.Contains(page.body, "signup") {
				t.Errorf("%s leads to sign-up", path)
			}
		}
		if page := b.get("/login?return_to=%2Fsignup%2Fagency"); strings.Contains(page.body, "Create an agency") {
			t.Error("the sign-in page is one of sign-up")
		}
	}
	who, slug := stranger(), freeSlug()
	nobody.want(nobody.post("/login", "email", who, "return_to", toAgency), http.StatusSeeOther)
	nobody.want(nobody.post("/login/code", "code", "000000"), http.StatusUnprocessableEntity)
	nobody.requestMail(a.Mia) // its job comes after
	if all, err := mails.To(who); err != nil || len(all) != 0 || accounts(t, who) != 0 {
		t.Errorf("%d mails, %d accounts, %v", len(all), accounts(t, who), err)
	}
	dana.want(dana.post(toAgency, "name", "Studio", "slug", slug), http.StatusNotFound)
	if agencies(t, slug) != 0 {
		t.Error("an agency was made")
	}
}

func mask(body string) string { return requestID.ReplaceAllString(body, "ID") }

// alonePerson is the address of somebody who belongs to nothing.
func alonePerson(t testing.TB) string {
	t.Helper()
	email := stranger()
	storetest.SignUp(t, email, store.SignUpOpen)
	return email
}

// Somebody signs up: from the sign-in page to their agency's home. They see no other
// tenant, and the same proof and the same form make nothing a second time.
func TestSignUp(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	b, who, slug := h.browser(t), stranger(), freeSlug()
	if page := b.want(b.get("/login"), http.StatusOK); !strings.Contains(page.body, `href="/signup"`) {
		t.Error("the sign-in page doesn't lead to sign-up")
	}
	page := b.want(b.get("/signup"), http.StatusOK)
	if !strings.Contains(page.body, `value="`+toAgency+`"`) || !strings.Contains(page.body, `href="/login"`) {
		t.Error("the page is not a sign-up, or doesn't lead to sign-in")
	}
	if bad := b.want(b.post("/login", "email", "nora", "return_to", toAgency), http.StatusUnprocessableEntity); !strings.Contains(bad.body, "Create an agency") {
		t.Error("a wrong address leads away from sign-up")
	}
	sent := b.want(b.post("/login", "email", " "+strings.ToUpper(who), "return_to", toAgency), http.StatusSeeOther)
	if page := b.want(b.get(sent.location), http.StatusOK); !strings.Contains(page.body, who) || !strings.Contains(page.body, "can sign up here") {
		t.Error("the page doesn't name the address")
	}
	code := mailed(t, who).code
	if wrong := b.want(b.post("/login/code", "code", wrongCode(code)), http.StatusUnprocessableEntity); accounts(t, who) != 0 || b.signedIn() {
		t.Error("a wrong code made an account", wrong.status)
	}
	b.want(b.post("/login/code", "code", code), http.StatusSeeOther)
	b.want(b.get("/signup"), http.StatusSeeOther)
	if page := b.want(b.get("/"), http.StatusOK); !strings.Contains(page.body, toAgency) {
		t.Error("the empty home page doesn't lead to the form")
	}
	if page := b.want(b.get(toAgency), http.StatusOK); !strings.Contains(page.body, `name="owner"`) {
		t.Error("the form doesn't ask for the owner's name")
	}
	form := []string{"name", " Studio  Nora ", "slug", " " + strings.ToUpper(slug), "owner", "Nora Lind"}
	for range 2 {
		if made := b.want(b.post(toAgency, form...), http.StatusSeeOther); made.location != "/w/"+slug+"/" {
			t.Fatalf("it leads to %q", made.location)
		}
	}
	if agencies(t, slug) != 1 {
		t.Errorf("%d agencies", agencies(t, slug))
	}
	if home := b.want(b.get("/w/"+slug+"/"), http.StatusOK); !strings.Contains(home.body, "Studio Nora") || strings.Contains(home.body, a.Suffix) {
		t.Error("the home page is not that of the agency")
	}
	b.want(b.get("/w/"+slug+"/clients/new"), http.StatusOK)
	if home := b.want(b.get("/"), http.StatusSeeOther); home.location != "/w/"+slug+"/" {
		t.Errorf("home is %q", home.location)
	}
	for _, other := range []string{a.Agency, a.Acme} {
		b.want(b.get("/w/"+other+"/"), http.StatusNotFound)
		b.want(b.get("/w/"+other+"/projects"), http.StatusNotFound)
	}
	if page := b.want(b.get(toAgency), http.StatusOK); strings.Contains(page.body, `name="owner"`) {
		t.Error("the form asks for a name that is known")
	}
	m := a.Member(t, who, slug)
	if m.Name != "Nora Lind" || m.Role != store.RoleOwner || m.Party != store.PartyAgency || m.Tenant.Name != "Studio Nora" {
		t.Errorf("she is %+v", m)
	}
}

// A mailed link proves the address in any browser, once, by its button. Opening it proves
// nothing.
func TestSignUpByLink(t *testing.T) {
	t.Parallel()
	h := signUpSite(t, store.SignUpOpen)
	who := stranger()
	link := h.browser(t).requestSignUp(who).link
	scanner, phone := h.browser(t), h.browser(t)
	for range 3 {
		if page := scanner.want(scanner.get(link), http.StatusOK); strings.Contains(page.body, who) || !strings.Contains(page.body, "Confirm your address") {
			t.Error("the page shows the whole address, or another purpose")
		}
	}
	if accounts(t, who) != 0 || scanner.signedIn() {
		t.Fatal("looking at the link made an account")
	}
	if in := phone.want(phone.post(link), http.StatusSeeOther); in.location != toAgency || !phone.signedIn() {
		t.Errorf("the button leads to %q", in.location)
	}
	if again := scanner.want(scanner.post(link), http.StatusGone); !strings.Contains(again.body, `value="`+toAgency+`"`) {
		t.Error("a used link doesn't offer a new one")
	}
}

// Without a proved address there is no agency: nobody, a wrong code, a code in another
// browser, an expired one, and one that proves a sign-in only.
func TestSignUpNeedsAProvedAddress(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	b, other, who, slug := h.browser(t), h.browser(t), stranger(), freeSlug()
	agency := []string{"name", "Studio", "slug", slug, "owner", "Nora"}
	code := b.requestSignUp(who).code
	other.requestSignUp(stranger())
	for what, try := range map[string]func() int{
		"nobody's look":       func() int { return b.get(toAgency).status },
		"nobody's form":       func() int { return b.post(toAgency, agency...).status },
		"a wrong code":        func() int { return b.post("/login/code", "code", wrongCode(code)).status },
		"in another browser":  func() int { return h.browser(t).post("/login/code", "code", code).status },
		"in another's flow":   func() int { return other.post("/login/code", "code", code).status },
		"somebody else's try": func() int { return other.post(toAgency, agency...).status },
	} {
		status := try()
		if status != http.StatusFound && status != http.StatusUnprocessableEntity && status != http.StatusGone {
			t.Errorf("%s: %d", what, status)
		}
		if accounts(t, who) != 0 || agencies(t, slug) != 0 || b.signedIn() || other.signedIn() {
			t.Fatalf("%s: %d accounts, %d agencies", what, accounts(t, who), agencies(t, slug))
		}
	}
	age(t, `update sign_in_flows set expires_at = now() - interval '1 second' where email = $1`, who)
	late := b.want(b.post("/login/code", "code", code, "return_to", toAgency), http.StatusGone)
	if !strings.Contains(late.body, `value="`+toAgency+`"`) || !strings.Contains(late.body, `value="`+who+`"`) || !strings.Contains(late.body, "This code has expired") {
		t.Error("an expired code doesn't say so, or doesn't offer a new one")
	}
	// The sign-in page itself makes no accounts, though sign-up is open.
	plain := stranger()
	b.want(b.post("/login", "email", plain), http.StatusSeeOther)
	b.want(b.post("/login", "email", plain, "return_to", toAgency+"?x=1"), http.StatusSeeOther)
	b.requestMail(a.Mia) // its job comes after
	if all, err := mails.To(plain); err != nil || len(all) != 0 {
		t.Errorf("%d mails to an unknown address, %v", len(all), err)
	}
	b.proveAddress(who)
	if made := b.want(b.post(toAgency, agency...), http.StatusSeeOther); made.location != "/w/"+slug+"/" || agencies(t, slug) != 1 {
		t.Errorf("once it is proved, the form leads to %q", made.location)
	}
}

// Somebody who has an account signs in on the way, and keeps their workspaces and name.
func TestSignUpOfAKnownPerson(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	b, slug := h.browser(t), freeSlug()
	b.proveAddress(a.Mia)
	made := b.want(b.post(toAgency, "name", "Studio", "slug", slug, "owner", "Not Mia"), http.StatusSeeOther)
	b.want(b.get(made.location), http.StatusOK)
	b.want(b.get("/w/"+a.Acme+"/"), http.StatusOK)
	if m := a.Member(t, a.Mia, slug); m.Name != m.Person.Name || m.Role != store.RoleOwner {
		t.Errorf("she is %q in her agency, and %q", m.Name, m.Person.Name)
	}
	if m := a.Member(t, a.Mia, a.Acme); m.Party != store.PartyClient {
		t.Error("she is staff in Acme now")
	}
}

// By invitation, an invited address gets the same answers as any other, after the same
// work. Only the mail differs, and who reads it.
func TestSignUpInvitationIsNotRevealed(t *testing.T) {
	t.Parallel()
	trace := &statements{}
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: trace, MaxConns: 1,
	})
	check(t, err)
	t.Cleanup(db.Close)
	h := open(t, signin.Config{DB: db, Keys: testKeys, SignUp: store.SignUpByInvite})
	suffix := strings.ToLower(rand.Text())[:12]
	invited, other := "nora@"+suffix+".test", "nina@"+suffix+".test"
	operate(t, func(op *store.Operator) error { return op.InviteSignUp(t.Context(), invited) })
	type seen struct {
		answers []string
		headers [][]string
		work    []string
	}
	look := func(email string) (s seen) {
		b := h.browser(t)
		trace.take()
		for _, a := range []answer{
			b.get("/signup"), b.post("/login", "email", email, "return_to", toAgency), b.get("/login/sent?return_to=%2Fsignup%2Fagency"),
			b.post("/login/code", "code", "12", "return_to", toAgency), b.post(toAgency, "name", "Studio"),
		} {
			s.answers = append(s.answers, strings.ReplaceAll(mask(a.body), email, "ADDRESS")+a.location)
			s.headers = append(s.headers, headerNames(a))
		}
		// The queue wakes its workers at most once in a while, whoever is mailed.
		s.work = slices.DeleteFunc(trace.take(), func(sql string) bool { return strings.Contains(sql, "pg_notify") })
		return s
	}
	look(stranger()) // the first of all prepares statements
	one, two := look(invited), look(other)
	mailed(t, invited)
	if !slices.Equal(one.answers, two.answers) || !slices.EqualFunc(one.headers, two.headers, slices.Equal) {
		t.Error("the answers differ")
	}
	if len(one.work) < 8 || !slices.Equal(one.work, two.work) {
		t.Errorf("%d statements for an invited address, %d for another", len(one.work), len(two.work))
	}
	wrong := func(email, right string) string {
		b := h.browser(t)
		b.want(b.post("/login", "email", email, "return_to", toAgency), http.StatusSeeOther)
		return strings.ReplaceAll(mask(b.post("/login/code", "code", wrongCode(right)).body), email, "ADDRESS")
	}
	before := wrong(other, "")
	b := h.browser(t)
	m := b.requestSignUp(invited)
	if got := strings.ReplaceAll(mask(b.want(b.post("/login/code", "code", wrongCode(m.code)), http.StatusUnprocessableEntity).body), invited, "ADDRESS"); got != before {
		t.Error("wrong codes get different pages")
	}
	if all, err := mails.To(other); err != nil || len(all) != 0 || accounts(t, other) != 0 {
		t.Errorf("%d mails to an address that is not invited, %v", len(all), err)
	}
	b.want(b.post("/login/code", "code", m.code), http.StatusSeeOther)
	slug := freeSlug()
	b.want(b.get(toAgency), http.StatusOK)
	b.want(b.post(toAgency, "name", "Studio", "slug", slug, "owner", "Nora"), http.StatusSeeOther)
	b.want(b.get("/w/"+slug+"/"), http.StatusOK)
	// The invitation is used up: its person learns so, of their own address only.
	b.want(b.get(toAgency), http.StatusForbidden)
	b.want(b.post(toAgency, "name", "Second", "slug", freeSlug()), http.StatusForbidden)
	if page := h.browser(t).get("/login"); strings.Contains(page.body, "/signup") {
		t.Error("the sign-in page leads to sign-up")
	}
}

func operate(t testing.TB, act func(*store.Operator) error) {
	t.Helper()
	check(t, storetest.Operate(t, func(_ context.Context, op *store.Operator) error { return act(op) }))
}

// A form with a mistake comes back with what was typed, beside each field the reason. It
// doesn't say whose a slug is, and it doesn't count as an agency.
func TestNewAgencyFormIsRefused(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	b := h.browser(t).proveAddress(stranger())
	const unavailable = "That address is not available."
	for what, c := range map[string]struct{ name, slug, owner, says string }{
		"an agency's slug":              {"Studio", a.Agency, "Nora", unavailable},
		"a client's slug":               {"Studio", a.Acme, "Nora", unavailable},
		"in capitals":                   {"Studio", strings.ToUpper(a.Agency), "Nora", unavailable},
		"a reserved slug":               {"Studio", "admin", "Nora", unavailable},
		"reserved, by name":             {"Sign-up", "signup", "Nora", unavailable},
		"a Cyrillic letter":             {"Studio", "n\u043erthwind", "Nora", "a to z, 0 to 9 and -"},
		"full width":                    {"Studio", "\uff41cme", "Nora", "a to z, 0 to 9 and -"},
		"an invisible letter":           {"Studio", "ac\u200bme", "Nora", "a to z, 0 to 9 and -"},
		"an address as a name":          {"https://evil.test", "free-" + a.Suffix, "Nora", "A name can&#39;t be an address of a page."},
		"an address as an owner":        {"Studio", "free-" + a.Suffix, "http://evil.test", "A name can&#39;t be an address of a page."},
		"punycode":                      {"Studio", "xn--80ak6aa92e", "Nora", "a to z, 0 to 9 and -"},
		"what mail programs ask":        {"Studio", "mta-sts", "Nora", unavailable},
		"a slash":                       {"Studio", "acme/x", "Nora", "a to z, 0 to 9 and -"},
		"too long":                      {"Studio", strings.Repeat("s", 41), "Nora", "At most 40 fit."},
		"no name":                       {"", "free-" + a.Suffix, "Nora", "Enter a name."},
		"no owner":                      {"Studio", "free-" + a.Suffix, " ", "Enter your name."},
		"a name that can't make a slug": {"工作室", "", "Nora", "a to z, 0 to 9 and -"},
	} {
		got := b.want(b.post(toAgency, "name", c.name, "slug", c.slug, "owner", c.owner), http.StatusUnprocessableEntity)
		for _, part := range []string{c.says, `value="` + c.name + `"`, `value="` + c.slug + `"`, `value="` + c.owner + `"`} {
			if !strings.Contains(got.body, part) {
				t.Errorf("%s: the page lacks %q", what, part)
			}
		}
		if strings.Contains(got.body, "Northwind "+a.Suffix) || strings.Contains(got.body, "Acme "+a.Suffix) {
			t.Errorf("%s: the page names the tenant", what)
		}
	}
	// Nothing that the browser sends decides more than names.
	slug := freeSlug()
	b.want(b.post(toAgency, "name", "Studio", "slug", slug, "owner", "Nora", "plan", "enterprise", "role", "viewer", "party", "client",
		"id", "00000000-0000-7000-8000-000000000000", "tenant_id", a.Agency, "agency", a.Agency, "email", a.Dana), http.StatusSeeOther)
	if n := rows(t, `select count(*) from tenants t join memberships m on m.tenant_id = t.id
where t.slug = $1 and t.plan = $2 and t.kind = 'agency' and m.role = 'owner' and m.party = 'agency' and m.email <> $3
  and t.id <> '00000000-0000-7000-8000-000000000000'`, slug, store.DefaultPlans().First(), a.Dana); n != 1 {
		t.Error("the browser decided more than names")
	}
	// An empty slug is made of the name.
	b.want(b.post(toAgency, "name", "Büro "+a.Suffix), http.StatusSeeOther)
	if agencies(t, "buro-"+a.Suffix) != 1 {
		t.Error("the name made no slug")
	}
}

// A form that is sent eight times at once makes one agency, and each answer leads there.
func TestSignUpFormSentTwice(t *testing.T) {
	t.Parallel()
	b, slug := signUpSite(t, store.SignUpOpen).browser(t).proveAddress(stranger()), freeSlug()
	var wg sync.WaitGroup
	answers := make(chan answer, 3)
	for range 3 {
		wg.Go(func() { answers <- b.post(toAgency, "name", "Studio", "slug", slug, "owner", "Nora") })
	}
	wg.Wait()
	close(answers)
	for a := range answers {
		if a.status != http.StatusSeeOther || a.location != "/w/"+slug+"/" {
			t.Errorf("%d, to %q", a.status, a.location)
		}
	}
	// Only one of them counts, so two are left today.
	for range 2 {
		b.want(b.post(toAgency, "name", "Another", "slug", freeSlug()), http.StatusSeeOther)
	}
	if agencies(t, slug) != 1 {
		t.Errorf("%d agencies", agencies(t, slug))
	}
}

// A person creates three agencies a day and a network ten. What was refused for another
// reason doesn't count.
func TestAgenciesAreLimited(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	storetest.InOneWindow(t, 24*time.Hour)
	b := h.browser(t).proveAddress(stranger())
	for range 5 {
		b.want(b.post(toAgency, "name", "Studio", "slug", a.Agency, "owner", "Nora"), http.StatusUnprocessableEntity)
	}
	for range 3 {
		b.want(b.post(toAgency, "name", "Studio", "slug", freeSlug(), "owner", "Nora"), http.StatusSeeOther)
	}
	slug := freeSlug()
	fourth := b.want(b.post(toAgency, "name", "Studio", "slug", slug), http.StatusTooManyRequests)
	if fourth.header.Get("Retry-After") == "" || agencies(t, slug) != 0 {
		t.Error("the fourth is there, or nothing says when to come back")
	}
	elsewhere := newAddress()
	b.from = elsewhere
	b.want(b.post(toAgency, "name", "Studio", "slug", slug), http.StatusTooManyRequests)

	made := map[int]int{}
	for range 4 {
		next := h.browser(t).proveAddress(stranger())
		next.from = elsewhere
		for range 3 {
			made[next.post(toAgency, "name", "Studio", "slug", freeSlug(), "owner", "Nora").status]++
		}
	}
	if made[http.StatusSeeOther] != 10 || made[http.StatusTooManyRequests] != 2 {
		t.Errorf("a network made %v", made)
	}
	h.browser(t).proveAddress(stranger()).want(b.get(toAgency), http.StatusOK)
}

// Whoever gets all mail of a domain can't make as many accounts as they like, from whatever
// networks, by whatever proof. Strangers share the domains of mail providers, and those have
// no limit of their own.
func TestAccountsOfADomainAreLimited(t *testing.T) {
	t.Parallel()
	h := signUpSite(t, store.SignUpOpen)
	storetest.InOneWindow(t, 24*time.Hour)
	domain := strings.ToLower(rand.Text())[:12] + ".test"
	address := func(i int, at string) string {
		return fmt.Sprintf("nora%d%s@%s", i, strings.ToLower(rand.Text())[:8], at)
	}
	ask := func(email string) int {
		return h.browser(t).post("/login", "email", email, "return_to", toAgency).status
	}
	for i := range 20 {
		next := h.browser(t)
		if at := address(i, fmt.Sprintf("x%d.%s", i, domain)); i < 3 {
			next.proveAddress(at) // and is used
		} else if status := ask(at); status != http.StatusSeeOther {
			t.Fatalf("one of the first twenty: %d", status)
		}
	}
	if status := ask(address(20, domain)); status != http.StatusTooManyRequests {
		t.Errorf("the next one: %d", status)
	}
	if status := ask(address(0, "other-"+domain)); status != http.StatusSeeOther {
		t.Errorf("another domain: %d", status)
	}
	for i := range 25 {
		if status := ask(address(i, "gmail.com")); status != http.StatusSeeOther {
			t.Fatalf("a provider of mail: %d", status)
		}
	}
}

// Sign-up can't be used to mail strangers, or to make accounts without end: an address gets
// five mails a day, from whatever network, and a network sends thirty, used or not. Other
// networks are served, and signing in goes on.
func TestSignUpMailIsLimited(t *testing.T) {
	t.Parallel()
	a, h := storetest.Agency(t), signUpSite(t, store.SignUpOpen)
	storetest.InOneWindow(t, 24*time.Hour)
	ask := func(b *browser, email string) int {
		return b.post("/login", "email", email, "return_to", toAgency).status
	}
	for range 5 {
		if status := ask(h.browser(t), a.Leo); status != http.StatusSeeOther {
			t.Fatalf("one of the first five: %d", status)
		}
	}
	if status := ask(h.browser(t), a.Leo); status != http.StatusTooManyRequests {
		t.Errorf("the sixth to an address: %d", status)
	}
	leo := h.browser(t)
	leo.want(leo.post("/login", "email", a.Leo), http.StatusSeeOther)

	crowd := h.browser(t)
	for range 7 { // all used, and each may be an account
		next := h.browser(t)
		next.from = crowd.from
		next.proveAddress(a.Mia)
	}
	for range 5 { // beyond the address's limit, so they use up nothing of the network's
		ask(crowd, a.Leo)
	}
	count := map[int]int{}
	for range 35 {
		count[ask(crowd, stranger())]++
	}
	if count[http.StatusSeeOther] != 23 || count[http.StatusTooManyRequests] != 12 {
		t.Errorf("a network sent %v", count)
	}
	crowd.want(crowd.post("/login", "email", a.Dana), http.StatusSeeOther)
	if status := ask(h.browser(t), stranger()); status != http.StatusSeeOther {
		t.Errorf("another network: %d", status)
	}
}

// Whoever has a /48 of IPv6 has 65,536 networks of a household, and is counted once. So is
// whoever has the /48 that belongs to an IPv4 address.
func TestSignUpCountsAWholeSite(t *testing.T) {
	t.Parallel()
	h := signUpSite(t, store.SignUpOpen)
	storetest.InOneWindow(t, 24*time.Hour)
	for what, address := range map[string]func(n int) string{
		"IPv6": func(n int) string { return fmt.Sprintf("2001:db8:77:%x::1", n) },
		"6to4": func(n int) string { return fmt.Sprintf("2002:c633:64%02x:%x::1", n, n) }, // 198.51.100.n
	} {
		count := map[int]int{}
		for n := range 32 {
			b := h.browser(t)
			b.from = address(n)
			count[b.post("/login", "email", stranger(), "return_to", toAgency).status]++
		}
		if count[http.StatusSeeOther] != 30 || count[http.StatusTooManyRequests] != 2 {
			t.Errorf("a site of %s sent %v", what, count)
		}
	}
}

// Support agents find no sign-up.
func TestAgentsCannotSignUp(t *testing.T) {
	t.Parallel()
	h := signUpSite(t, store.SignUpOpen)
	sam, slug := h.browser(t).signIn(storetest.Agent(t)), freeSlug()
	sam.want(sam.get(toAgency), http.StatusNotFound)
	sam.want(sam.post(toAgency, "name", "Studio", "slug", slug, "owner", "Sam"), http.StatusNotFound)
	if agencies(t, slug) != 0 {
		t.Error("an agent created an agency")
	}
}

// A provider proves an address too, if it verified it. Otherwise the page says what to do.
func TestSignUpByProvider(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	b := o.browser(t)
	b.want(b.get(o.approve(b, o.elsewhere(), toAgency)), http.StatusForbidden)
	if accounts(t, o.elsewhere()) != 0 {
		t.Fatal("an account where sign-up is off")
	}
	o.signUp = store.SignUpOpen
	o.at(t, stack.Persona{Email: o.elsewhere(), Name: "Elsewhere", Subject: "e-1", EmailVerified: true},
		stack.Persona{Email: "unproved-" + o.elsewhere(), Name: "Unproved", Subject: "u-1"})
	b = o.browser(t)
	if page := b.get("/signup"); !strings.Contains(page.body, "Continue with Office") {
		t.Error("the page doesn't offer the provider")
	}
	no := b.want(b.get(o.approve(b, "unproved-"+o.elsewhere(), toAgency)), http.StatusForbidden)
	if !strings.Contains(no.body, "Confirm your address by email instead") || accounts(t, "unproved-"+o.elsewhere()) != 0 {
		t.Error("an unproved address signs up, or the page doesn't say what to do")
	}
	b.want(b.get(o.approve(b, o.elsewhere(), "/account")), http.StatusForbidden) // a sign-in makes none
	if in := b.want(b.get(o.approve(b, o.elsewhere(), toAgency)), http.StatusSeeOther); in.location != toAgency {
		t.Errorf("the proof leads to %q", in.location)
	}
	slug := freeSlug()
	b.want(b.post(toAgency, "name", "Studio", "slug", slug, "owner", "Elsewhere"), http.StatusSeeOther)
	b.want(b.get("/w/"+slug+"/"), http.StatusOK)
}

// An account that a proof by a provider would make counts against the same limits.
func TestSignUpByProviderIsLimited(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	o.signUp = store.SignUpOpen
	domain := strings.ToLower(rand.Text())[:12] + ".test"
	one, other := "one@"+domain, "one@other-"+domain
	o.at(t, stack.Persona{Email: one, Name: "One", Subject: "o-1", EmailVerified: true}, stack.Persona{Email: other, Name: "Other", Subject: "o-2", EmailVerified: true})
	storetest.InOneWindow(t, 24*time.Hour)
	for i := range 20 {
		b := o.browser(t)
		b.want(b.post("/login", "email", fmt.Sprintf("nora%d@%s", i, domain), "return_to", toAgency), http.StatusSeeOther)
	}
	b := o.browser(t)
	b.want(b.get(o.approve(b, one, toAgency)), http.StatusTooManyRequests)
	if accounts(t, one) != 0 {
		t.Error("there is an account")
	}
	b.want(b.get(o.approve(b, other, toAgency)), http.StatusSeeOther)
}
