package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// stripesEnd is the test's own end of the line to Stripe. It notes what is asked, and
// answers as Stripe documents.
type stripesEnd struct {
	mu     sync.Mutex
	asked  []url.Values
	states map[string]string // of the subscriptions that there are, by id
	open   []string          // pages on which somebody can pay
	// paying is called when a page is made, before the answer.
	paying func()
}

func (e *stripesEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	r.Form.Set("path", r.URL.Path)
	e.mu.Lock()
	e.asked = append(e.asked, r.Form)
	e.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch path := r.Method + " " + r.URL.Path; {
	case path == "POST /v1/customers":
		fmt.Fprintf(w, `{"id":"cus_%s","object":"customer"}`, strings.ReplaceAll(store.NewID().String(), "-", ""))
	case path == "GET /v1/subscriptions":
		var data []map[string]string
		for id, state := range e.states {
			data = append(data, map[string]string{"id": id, "object": "subscription", "status": state})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
	case path == "GET /v1/checkout/sessions":
		var data []map[string]string
		for _, id := range e.open {
			data = append(data, map[string]string{"id": id, "object": "checkout.session"})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
	case strings.HasSuffix(path, "/expire"):
		id := strings.Split(path, "/")[4]
		e.open = slices.DeleteFunc(e.open, func(o string) bool { return o == id })
		fmt.Fprint(w, `{"object":"checkout.session"}`)
	case path == "POST /v1/checkout/sessions":
		id := "cs_" + store.NewID().String()
		e.open = append(e.open, id)
		if e.paying != nil {
			e.paying()
		}
		fmt.Fprintf(w, `{"id":%q,"object":"checkout.session","url":"https://checkout.stripe.test/c/1"}`, id)
	default:
		fmt.Fprint(w, `{"object":"session","url":"https://checkout.stripe.test/c/1"}`)
	}
}

// last is the last request that makes something at a path.
func (e *stripesEnd) last(path string) url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, asked := range slices.Backward(e.asked) {
		if asked.Get("path") == path && asked.Get("status") == "" {
			return asked
		}
	}
	return nil
}

// pages is how many pages to pay on were made.
func (e *stripesEnd) pages() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, asked := range e.asked {
		if asked.Get("path") == checkouts && asked.Get("status") == "" {
			n++
		}
	}
	return n
}

const (
	checkouts = "/v1/checkout/sessions"
	portals   = "/v1/billing_portal/sessions"
)

// A browser that sends a price, a plan and an agency of its choice gets the price that the
// installation has for the plan, for its own agency, and no plan: only a webhook gives one.
func TestBrowserDecidesNoPlan(t *testing.T) {
	t.Parallel()
	end, a := &stripesEnd{}, storetest.Agency(t)
	server := httptest.NewServer(end)
	t.Cleanup(server.Close)
	s := newSiteAt(t, storetest.Billed(t), storage(t), nil, stripeAt(t, server.URL), func(*handlers.Config) {})
	storetest.Plan(t, a.Agency, "starter")
	dana, path := s.nobody(), "/w/"+a.Agency+"/settings/billing"
	dana.signIn(t, storetest.SignIn(t, a.Dana))
	form := url.Values{"plan": {"growth"}, "price": {"price_enterprise"}, "customer": {"cus_ofSomebody"}, "tenant_id": {store.NewID().String()}, "line_items[0][price]": {"price_enterprise"}}
	if got := dana.post(t, path+"/checkout", form); got.status != http.StatusSeeOther || !strings.Contains(got.location(), "/step-up") || len(end.asked) != 0 {
		t.Errorf("without a step-up: %d %s, %d requests to Stripe", got.status, got.location(), len(end.asked))
	}
	dana.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	for _, plan := range []string{"", "starter", "price_growth", "free"} {
		if got := dana.post(t, path+"/checkout", url.Values{"plan": {plan}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("the plan %q: %d", plan, got.status)
		}
	}
	if got := dana.post(t, path+"/portal", nil); got.status != http.StatusConflict {
		t.Errorf("the portal of no customer: %d", got.status)
	}
	got := dana.post(t, path+"/checkout", form)
	if got.status != http.StatusOK || got.header.Get("Refresh") != "0; url=https://checkout.stripe.test/c/1" {
		t.Errorf("%d %q", got.status, got.header.Get("Refresh"))
	}
	asked := end.last(checkouts)
	if asked.Get("line_items[0][price]") != "price_growth" || asked.Get("line_items[1][price]") != "price_growthRuns" || asked.Get("line_items[2][price]") != "" ||
		!strings.HasPrefix(asked.Get("customer"), "cus_") || asked.Get("customer") == "cus_ofSomebody" || !strings.Contains(asked.Get("success_url"), "/w/"+a.Agency+"/settings/billing") {
		t.Errorf("asked for %v", asked)
	}
	if again := dana.post(t, path+"/portal", url.Values{"customer": {"cus_ofSomebody"}}); again.status != http.StatusOK || end.last(portals).Get("customer") != asked.Get("customer") {
		t.Errorf("the portal: %d, %v", again.status, end.last(portals))
	}
	for _, back := range []string{"?back=1", "?back=1&session_id=cs_1&plan=enterprise"} {
		page := dana.get(t, path+back)
		if !strings.Contains(page.body, "It takes a moment") || !strings.Contains(page.body, "Starter") || strings.Contains(page.body, "Choose a plan") {
			t.Errorf("coming back: %d %.300s", page.status, page.body)
		}
	}
	if page := dana.get(t, path+"?not_paid=1"); !strings.Contains(page.body, "nothing was paid") || !strings.Contains(page.body, "Choose a plan") || !strings.Contains(page.body, "Your plan now") {
		t.Errorf("after leaving Stripe's page: %d %.300s", page.status, page.body)
	}
	var plan string
	if err := storetest.AdminPool().QueryRow(t.Context(), `select plan from tenants where slug = $1`, a.Agency).Scan(&plan); err != nil || plan != "starter" {
		t.Errorf("the plan is %s, %v", plan, err)
	}
	// Nobody listens: nothing changes, and it is said.
	silent := newSiteWith(t, storetest.Billed(t), storage(t), func(*handlers.Config) {}).nobody()
	silent.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	if got := silent.post(t, path+"/checkout", url.Values{"plan": {"growth"}}); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "Nothing was paid") || strings.Contains(got.body, "Check whether") {
		t.Errorf("without an answer: %d %.300s", got.status, got.body)
	}
}

// Whoever has a subscription at Stripe can't make another one, whether or not a webhook told
// of it. Of all pages on which somebody could pay, the newest is left.
func TestSecondSubscriptionIsRefused(t *testing.T) {
	t.Parallel()
	end, a := &stripesEnd{states: map[string]string{}}, storetest.Agency(t)
	server := httptest.NewServer(end)
	t.Cleanup(server.Close)
	s := newSiteAt(t, storetest.Billed(t), storage(t), nil, stripeAt(t, server.URL), func(*handlers.Config) {})
	storetest.Plan(t, a.Agency, "starter")
	dana, path := s.nobody(), "/w/"+a.Agency+"/settings/billing"
	dana.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	choose := func() answer { return dana.post(t, path+"/checkout", url.Values{"plan": {"growth"}}) }
	for range 2 {
		want(t, "the first subscription", choose(), http.StatusOK)
		if len(end.open) != 1 {
			t.Errorf("%d pages to pay on, want 1", len(end.open))
		}
	}
	for _, state := range []string{"active", "trialing", "past_due", "unpaid", "paused", "incomplete"} {
		end.states = map[string]string{"sub_1": "canceled", "sub_2": state}
		made := end.pages()
		if got := choose(); got.status != http.StatusConflict || !strings.Contains(got.body, "Change its plan under Manage payment") {
			t.Errorf("besides one that is %s: %d %.300s", state, got.status, got.body)
		}
		if end.pages() != made {
			t.Errorf("besides one that is %s a page was made", state)
		}
	}
	end.states = map[string]string{"sub_1": "canceled", "sub_2": "incomplete_expired"}
	want(t, "after those that ended", choose(), http.StatusOK)
	end.paying = func() { end.states["sub_3"] = "active" } // somebody pays on the page of before
	if got := choose(); got.status != http.StatusConflict || len(end.open) != 0 {
		t.Errorf("somebody paid meanwhile: %d, %d pages to pay on", got.status, len(end.open))
	}
}

// While money is owed there is nothing to choose: it is paid first.
func TestOwedMoneyIsPaidFirst(t *testing.T) {
	t.Parallel()
	end, a := &stripesEnd{}, storetest.Agency(t)
	server := httptest.NewServer(end)
	t.Cleanup(server.Close)
	s := newSiteAt(t, storetest.Billed(t), storage(t), nil, stripeAt(t, server.URL), func(*handlers.Config) {})
	dana, path := s.nobody(), "/w/"+a.Agency+"/settings/billing"
	dana.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	if page := dana.get(t, path); !strings.Contains(page.body, "Choose a plan") {
		t.Errorf("who owes nothing can't choose: %d %.300s", page.status, page.body)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `
insert into billing (tenant_id, owed_since, grace_until)
select id, now(), now() + interval '10 days' from tenants where slug = $1`, a.Agency); err != nil {
		t.Fatal(err)
	}
	if page := dana.get(t, path); page.status != http.StatusOK || strings.Contains(page.body, "Choose a plan") {
		t.Errorf("who owes money can choose: %d", page.status)
	}
	if got := dana.post(t, path+"/checkout", url.Values{"plan": {"growth"}}); got.status != http.StatusConflict || len(end.asked) != 0 {
		t.Errorf("who owes money chooses: %d, %d requests to Stripe", got.status, len(end.asked))
	}
}

// An agency that didn't pay in time, and its clients, can be read and can change nothing.
// Pages say so in words for each side. Paying, leaving and taking access away still work,
// and with BILLING=off nothing is read-only.
func TestUnpaidAgencyIsReadOnly(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.Billed(t), storage(t), func(*handlers.Config) {})
	off := newSiteWith(t, storetest.DB(), storage(t), func(*handlers.Config) {})
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	dana, ravi, mia, leo := s.as(t, a.Dana), s.as(t, a.Ravi), s.as(t, a.Mia), s.as(t, a.Leo)
	staff := a.Member(t, a.Dana, a.Acme)
	var invite uuid.UUID
	if err := storetest.DB().Write(t.Context(), staff, func(tx *store.Tx) (err error) {
		invite, err = tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nia", Email: "nia@" + a.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	invited := storetest.InviteToken(t, staff.TenantID(), invite)
	if _, err := storetest.AdminPool().Exec(t.Context(), `update tenants set read_only_since = now() - interval '1 minute' where slug = $1`, a.Agency); err != nil {
		t.Fatal(err)
	}
	project := url.Values{"name": {"Spring"}}
	for what, c := range map[string]struct {
		got    answer
		says   string
		status int
	}{
		"staff make a project":       {ravi.post(t, "/w/"+a.Acme+"/projects", project), "The agency has an open invoice", http.StatusPaymentRequired},
		"the owner makes a client":   {dana.post(t, "/w/"+a.Agency+"/clients", url.Values{"name": {"New"}, "slug": {"new-" + a.Suffix}}), "Open billing", http.StatusPaymentRequired},
		"the client invites":         {mia.post(t, "/w/"+a.Acme+"/invites", url.Values{"email": {"x@y.test"}}), "This portal is read-only", http.StatusForbidden},
		"an invitation is accepted":  {acceptAs(t, s, "nia@"+a.Suffix+".test", invited), "read-only", http.StatusForbidden},
		"the owner changes settings": {dana.post(t, "/w/"+a.Agency+"/settings", url.Values{"name": {"New"}}), "read-only", http.StatusPaymentRequired},
	} {
		if c.got.status != c.status || !strings.Contains(c.got.body, c.says) {
			t.Errorf("%s: %d %.600s", what, c.got.status, c.got.body)
		}
	}
	for _, path := range []string{"/settings/keys", "/support/grant", "/members/" + a.Member(t, a.Leo, a.Acme).ID().String() + "/role"} {
		got := mia.post(t, "/w/"+a.Acme+path, url.Values{"role": {"admin"}})
		if got.status != http.StatusForbidden || strings.Contains(got.body, "invoice") || strings.Contains(strings.ToLower(got.body), "pay") {
			t.Errorf("the client's %s: %d %.600s", path, got.status, got.body)
		}
	}
	program := s.nobody()
	program.header.Set("Authorization", "Bearer "+store.KeyPrefix+token.String())
	program.header.Set("Idempotency-Key", "once")
	refused(t, "a program", program.do(t, http.MethodPost, "/api/v1/projects", strings.NewReader(`{"name":"Spring"}`), "application/json"), http.StatusPaymentRequired, "read-only")
	want(t, "a program reads", program.get(t, "/api/v1/projects"), http.StatusOK)
	for who, c := range map[string]struct {
		page answer
		says string
	}{
		"staff":      {ravi.get(t, "/w/"+a.Acme+"/projects"), "The agency has an open invoice"},
		"the client": {mia.get(t, "/w/"+a.Acme+"/projects"), "This portal is read-only at the moment"},
		"the owner":  {dana.get(t, "/w/"+a.Agency+"/settings/billing"), "The agency has an open invoice"},
	} {
		if c.page.status != http.StatusOK || !strings.Contains(c.page.body, c.says) {
			t.Errorf("%s: %d %.300s", who, c.page.status, c.page.body)
		}
	}
	storetest.GrantSupport(t, a.Member(t, a.Dana, a.Agency))
	session, _ := storetest.SupportAs(t, storetest.Agent(t), a.Agency, a.Member(t, a.Dana, a.Agency).ID())
	support := s.nobody()
	support.signIn(t, session)
	if page := support.get(t, "/w/"+a.Agency+"/projects"); !strings.Contains(page.body, "Nobody can change anything here") || strings.Contains(page.body, "invoice") {
		t.Errorf("support reads %d %.600s", page.status, page.body)
	}
	if page := mia.get(t, "/w/"+a.Acme+"/projects"); strings.Contains(page.body, "invoice") {
		t.Error("a client reads why")
	}
	if got := dana.post(t, "/w/"+a.Agency+"/settings/billing/portal", nil); got.status != http.StatusSeeOther || !strings.Contains(got.location(), "/step-up") {
		t.Errorf("the owner pays: %d", got.status)
	}
	want(t, "the client leaves", leo.post(t, "/w/"+a.Acme+"/leave", nil), http.StatusSeeOther)
	want(t, "with BILLING=off", off.as(t, a.Ravi).post(t, "/w/"+a.Acme+"/projects", project), http.StatusSeeOther)
}

// Where the agency didn't pay, access can be taken away all the same, by everything that does
// so. The same forms give none.
func TestUnpaidAgencyTakesAccessAway(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.Billed(t), storage(t), func(*handlers.Config) {})
	dana := s.nobody()
	dana.signIn(t, storetest.StepUp(t, storetest.SignIn(t, a.Dana)))
	home, client := "/w/"+a.Agency, "/w/"+a.Acme
	ravi, leo := a.Member(t, a.Ravi, a.Agency).ID().String(), a.Member(t, a.Leo, a.Acme).ID().String()
	acme, globex := a.Member(t, a.Dana, a.Acme).TenantID().String(), a.Member(t, a.Dana, a.Globex).TenantID().String()
	clients := func(was, now []string) url.Values {
		return url.Values{"was": {strings.Join(was, ",")}, "client": now, "client_role": {"member"}}
	}
	want(t, "at first Ravi works in both", dana.post(t, home+"/members/"+ravi+"/clients", clients([]string{acme}, []string{acme, globex})), http.StatusSeeOther)
	want(t, "and is admin", dana.post(t, home+"/members/"+ravi+"/role", url.Values{"role": {"admin"}}), http.StatusSeeOther)
	_, key := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	var domain string
	if err := storetest.AdminPool().QueryRow(t.Context(), `insert into domains (host, tenant_id) select $1, id from tenants where slug = $2 returning id::text`,
		"own-"+a.Suffix+".example.org", a.Acme).Scan(&domain); err != nil {
		t.Fatal(err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update tenants set read_only_since = now() - interval '1 minute' where slug = $1`, a.Agency); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, path string
		form       url.Values
		status     int
	}{
		{"a lower role", home + "/members/" + ravi + "/role", url.Values{"role": {"member"}}, http.StatusSeeOther},
		{"a higher role", home + "/members/" + ravi + "/role", url.Values{"role": {"admin"}}, http.StatusPaymentRequired},
		{"a lower role in a client", client + "/members/" + leo + "/role", url.Values{"role": {"viewer"}}, http.StatusSeeOther},
		{"off a client", home + "/members/" + ravi + "/clients", clients([]string{acme, globex}, []string{acme}), http.StatusSeeOther},
		{"onto a client", home + "/members/" + ravi + "/clients", clients([]string{acme}, []string{acme, globex}), http.StatusPaymentRequired},
		{"onto every client", home + "/members/" + ravi + "/clients", url.Values{"was": {acme}, "client": {acme}, "everywhere": {"on"}, "client_role": {"member"}}, http.StatusPaymentRequired},
		{"staff from the client's page", home + "/clients/" + globex + "/staff", url.Values{"person": {ravi}, "role": {"member"}}, http.StatusPaymentRequired},
		{"the client manages no people", client + "/members/by-client", url.Values{}, http.StatusSeeOther},
		{"the client manages people", client + "/members/by-client", url.Values{"may": {"on"}}, http.StatusPaymentRequired},
		{"support may not ask", home + "/support/asking", url.Values{"asks": {"off"}}, http.StatusSeeOther},
		{"support may ask", home + "/support/asking", url.Values{"asks": {"on"}}, http.StatusPaymentRequired},
		{"a domain is removed", client + "/settings/domains/" + domain + "/remove", nil, http.StatusSeeOther},
		{"a domain is added", client + "/settings/domains", url.Values{"host": {"more-" + a.Suffix + ".example.org"}}, http.StatusPaymentRequired},
		{"a key is revoked", client + "/settings/keys/" + key.String() + "/revoke", nil, http.StatusSeeOther},
		{"a key is made", client + "/settings/keys", url.Values{"name": {"New"}, "scope": {"work:read"}}, http.StatusPaymentRequired},
		{"somebody is removed", client + "/members/" + leo + "/remove", nil, http.StatusSeeOther},
		{"a client is suspended", home + "/clients/" + globex + "/suspend", nil, http.StatusSeeOther},
		{"a client is resumed", home + "/clients/" + globex + "/resume", nil, http.StatusPaymentRequired},
		{"a client is archived", home + "/clients/" + globex + "/archive", nil, http.StatusSeeOther},
		{"a client is unarchived", home + "/clients/" + globex + "/unarchive", nil, http.StatusPaymentRequired},
	} {
		want(t, c.what, dana.post(t, c.path, c.form), c.status)
	}
}

func acceptAs(t *testing.T, s *site, email string, token store.TenantToken) answer {
	t.Helper()
	return s.as(t, email).post(t, "/invites/"+token.String(), url.Values{"name": {"Nia"}})
}

// With BILLING=off there is no page, no webhook and no link to either.
func TestBillingOffHasNoRoutes(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	off := newSiteAt(t, storetest.DB(), storage(t), nil, nil, func(*handlers.Config) {})
	dana := off.as(t, a.Dana)
	for _, path := range []string{"/w/" + a.Agency + "/settings/billing", "/billing/stripe"} {
		want(t, path, dana.get(t, path), http.StatusNotFound)
	}
	for _, path := range []string{"/w/" + a.Agency + "/settings/billing/checkout", "/w/" + a.Agency + "/settings/billing/portal", "/billing/stripe"} {
		want(t, path, dana.post(t, path, nil), http.StatusNotFound)
	}
	if page := dana.get(t, "/w/"+a.Agency+"/settings"); strings.Contains(page.body, "/settings/billing") {
		t.Error("the settings lead to billing")
	}
	on := newSite(t).as(t, a.Dana)
	if page := on.get(t, "/w/"+a.Agency+"/settings"); !strings.Contains(page.body, "/settings/billing") {
		t.Error("with BILLING=stripe they don't")
	}
	want(t, "with BILLING=stripe", on.get(t, "/w/"+a.Agency+"/settings/billing"), http.StatusOK)
}
