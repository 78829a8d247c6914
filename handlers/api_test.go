package handlers_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/api"
	"portico/store"
)

// described is the document of the API, and finds the operation of a request.
var described = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(api.Document) })

func operationsOf(t *testing.T) routers.Router {
	t.Helper()
	document, err := described()
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// client is a program whose answers are compared with the document.
type client struct {
	*browser
	router routers.Router
}

func newClient(t *testing.T, s *site, token store.TenantToken) *client {
	t.Helper()
	return &client{bearer(s, token), operationsOf(t)}
}

func (c *client) with(name, value string) *client {
	return &client{c.browser.with(name, value), c.router}
}

// call sends a request and checks that the document describes the answer.
func (c *client) call(t *testing.T, method, path, body string) answer {
	t.Helper()
	var sent io.Reader
	contentType := ""
	if body != "" {
		sent, contentType = strings.NewReader(body), "application/json"
	}
	got := c.do(t, method, api.Prefix+path, sent, contentType)
	c.describes(t, method, path, got)
	return got
}

func (c *client) describes(t *testing.T, method, path string, got answer) {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), method, api.Prefix+path, nil))
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not described: %v", method, path, err)
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(strings.NewReader(got.body)), Options: options,
	})
	if err != nil {
		t.Errorf("%s %s: %d is not as described: %v\n%.500s", method, path, got.status, err, got.body)
	}
}

// problem is what a refusal says.
type problem struct {
	Type      string            `json:"type"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Fields    map[string]string `json:"fields"`
	Metric    string            `json:"metric"`
	Limit     int64             `json:"limit"`
	NextUsage int64             `json:"next_usage"`
}

// refused checks the status and the type of a refusal.
func refused(t *testing.T, what string, got answer, status int, kind string) (p problem) {
	t.Helper()
	want(t, what, got, status)
	if got.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: a problem of type %q", what, got.header.Get("Content-Type"))
		return p
	}
	p = decode[problem](t, got)
	if !strings.HasSuffix(p.Type, "/api#"+kind) || p.Status != status {
		t.Errorf("%s: a problem %s with status %d, want %s", what, p.Type, p.Status, kind)
	}
	if !handlers.ExplainsForTest(kind) {
		t.Errorf("%s: the page of the API does not explain %s", what, kind)
	}
	return p
}

// Case 56: the document of the API is valid, and describes each route for programs with the
// scopes that open it, and nothing else.
func TestAPIDocumentMatchesTheRoutes(t *testing.T) {
	t.Parallel()
	document, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	found := map[string]string{}
	for _, o := range api.Operations() {
		found[o.Method+" "+o.Path] = o.Scope
	}
	for _, route := range table() {
		if route.Who != handlers.AProgram || route.Method == "" {
			continue
		}
		var scopes []string
		for _, s := range store.KeyScopes {
			if slices.Contains(opened[s], route.Needs) {
				scopes = append(scopes, string(s))
			}
		}
		if got, want := found[route.Pattern()], strings.Join(scopes, " or "); got != want {
			t.Errorf("%s: the document names the scopes %q, want %q", route.Pattern(), got, want)
		}
		delete(found, route.Pattern())
	}
	for left := range found {
		t.Errorf("%s is described and no route", left)
	}
	s := newSite(t)
	if got := s.nobody().get(t, "/api/v1/openapi.json"); got.status != http.StatusOK || got.body != string(api.Document) {
		t.Errorf("it is served as %d, %d bytes", got.status, len(got.body))
	}
	page := s.nobody().get(t, "/api")
	want(t, "its page", page, http.StatusOK)
	for _, o := range api.Operations() {
		if !strings.Contains(page.body, o.Method+" "+o.Path+"<") {
			t.Errorf("its page lacks %s %s", o.Method, o.Path)
		}
	}
}

type made struct {
	ID       string `json:"id"`
	URL      string `json:"url"`
	Versions []struct {
		ID    string `json:"id"`
		Files []struct {
			Download string `json:"download"`
			SHA256   string `json:"sha256"`
		} `json:"files"`
	} `json:"versions"`
}

// A program with a key for work:deliver makes a project, a deliverable and a version with a
// file, and publishes it. The trail names the key and whose it is. A client's program then
// reads what was published.
func TestProgramDeliversAVersion(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	c := newClient(t, s, token)
	want(t, "who am I", c.call(t, http.MethodGet, "/me", ""), http.StatusOK)

	project := c.call(t, http.MethodPost, "/projects", `{"name":"Launch","due_on":"2026-12-24","visible":true}`)
	want(t, "a project", project, http.StatusCreated)
	at := strings.TrimPrefix(project.location(), api.Prefix)
	want(t, "at its address", c.call(t, http.MethodGet, at, ""), http.StatusOK)
	made1 := c.call(t, http.MethodPost, at+"/deliverables", `{"title":"Poster","brief":"Look at the colours"}`)
	want(t, "a deliverable", made1, http.StatusCreated)
	deliverable := strings.TrimPrefix(made1.location(), api.Prefix)
	read := c.call(t, http.MethodGet, deliverable, "")
	version := "/versions/" + decode[made](t, read).Versions[0].ID
	refused(t, "nothing to publish", c.call(t, http.MethodPost, version+"/publish", `{}`), http.StatusConflict, "nothing-to-publish")
	refused(t, "a second draft", c.call(t, http.MethodPost, deliverable+"/versions", `{}`), http.StatusConflict, "draft-exists")

	content := []byte("poster")
	begun := c.call(t, http.MethodPost, version+"/uploads", `{"name":"poster.txt","size":6}`)
	want(t, "an upload", begun, http.StatusCreated)
	p := decode[plan](t, begun)
	refused(t, "publish meanwhile", c.call(t, http.MethodPost, version+"/publish", `{}`), http.StatusConflict, "files-pending")
	want(t, "a part", c.putPart(t, p.part(1), content), http.StatusNoContent)
	want(t, "its state", c.call(t, http.MethodGet, strings.TrimPrefix(p.Status, api.Prefix), ""), http.StatusOK)
	want(t, "finish", c.call(t, http.MethodPost, strings.TrimPrefix(p.Finish, api.Prefix), ""), http.StatusOK)
	want(t, "publish", c.call(t, http.MethodPost, version+"/publish", `{"note":"First"}`), http.StatusCreated)

	mias, _ := storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	mia := newClient(t, s, mias)
	shown := mia.call(t, http.MethodGet, deliverable, "")
	want(t, "the client's program", shown, http.StatusOK)
	file := decode[made](t, shown).Versions[0].Files[0]
	if got := mia.get(t, file.Download); got.status != http.StatusOK || got.body != "poster" {
		t.Errorf("the file: %d %q", got.status, got.body)
	}
	want(t, "the next draft", c.call(t, http.MethodPost, deliverable+"/versions", `{}`), http.StatusCreated)
	if hidden := mia.call(t, http.MethodGet, deliverable, ""); hidden.body != shown.body {
		t.Errorf("a draft changes what the client's program reads:\n%s\n%s", shown.body, hidden.body)
	}
	page := s.as(t, a.Dana).get(t, "/w/"+a.Acme+"/activity").body
	for _, who := range []string{"Render farm, a key of Dana " + a.Suffix, "Render farm, a key of Mia " + a.Suffix} {
		if !strings.Contains(page, who) {
			t.Errorf("the trail does not name %q", who)
		}
	}
	if got := s.as(t, a.Dana).get(t, strings.TrimPrefix(decode[made](t, read).URL, s.server.URL)); got.status != http.StatusOK || !strings.Contains(got.body, "Poster") {
		t.Errorf("the page of the deliverable: %d", got.status)
	}
}

// A key is read from the header Authorization only. A session opens no route for programs,
// a key opens no page, and keys that don't work are all refused alike. No log has a key.
func TestKeysOpenTheAPIOnly(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, id := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	secret := store.KeyPrefix + token.String()
	works := func() bool { return bearer(s, token).get(t, "/api/v1/me").status == http.StatusOK }
	if !works() {
		t.Fatal("the key does not work")
	}
	first := s.nobody().get(t, "/api/v1/me")
	refused(t, "without a key", first, http.StatusUnauthorized, "no-key")
	globex := storetest.Visit(t, storetest.SignIn(t, a.Gus), a.Globex)
	other, _ := globex.Tenant()
	bytesOf := must(base64.RawURLEncoding.DecodeString(token.String()))
	moved, _ := store.ParseTenantToken(base64.RawURLEncoding.EncodeToString(append(other.ID[:], bytesOf[len(other.ID):]...)))
	for what, b := range map[string]*browser{
		"a session":             s.as(t, a.Dana),
		"in another scheme":     s.nobody().with("Authorization", "Basic "+secret),
		"without its prefix":    s.nobody().with("Authorization", "Bearer "+token.String()),
		"in another header":     s.nobody().with("X-Api-Key", secret),
		"in a cookie":           s.nobody().with("Cookie", "key="+secret),
		"cut":                   s.nobody().with("Authorization", "Bearer "+secret[:len(secret)-1]),
		"with a changed letter": s.nobody().with("Authorization", "Bearer "+secret[:40]+flipped(secret[40])+secret[41:]),
		"with another tenant":   bearer(s, moved),
		"of nobody":             bearer(s, store.NewTenantToken(other.ID)),
	} {
		got := b.get(t, "/api/v1/me?key="+secret+"&access_token="+secret)
		if got.status != http.StatusUnauthorized || got.withoutRequestID() != first.withoutRequestID() {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	twice := s.nobody()
	twice.header["Authorization"] = []string{"Bearer " + secret, "Bearer " + secret}
	want(t, "twice", twice.get(t, "/api/v1/me"), http.StatusUnauthorized)
	for _, page := range []string{"/", "/account", "/w/" + a.Acme + "/", "/w/" + a.Acme + "/projects", "/w/" + a.Acme + "/settings/keys"} {
		if got := bearer(s, token).get(t, page); got.status != http.StatusFound || !strings.HasPrefix(got.location(), "/login") {
			t.Errorf("a key at %s: %d to %q", page, got.status, got.location())
		}
	}
	if got := bearer(s, token).with("Host", a.Acme+".portals.test").get(t, "/api/v1/me"); got.status == http.StatusOK {
		t.Error("the API answers on a tenant's host")
	}
	write(t, a.Member(t, a.Dana, a.Acme), func(tx *store.Tx) error { return tx.RevokeAPIKey(t.Context(), id) })
	gone := bearer(s, token).get(t, "/api/v1/me")
	if gone.status != http.StatusUnauthorized || gone.withoutRequestID() != first.withoutRequestID() || gone.header.Get("WWW-Authenticate") == "" {
		t.Errorf("revoked: %d %s", gone.status, gone.body)
	}
	if strings.Contains(s.logs.String(), token.String()) || strings.Contains(s.logs.String(), token.String()[30:]) {
		t.Error("the log has the key")
	}
}

func flipped(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}

// A key never opens more than its maker may do now.
func TestKeyFollowsItsMaker(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	c := newClient(t, s, token)
	admin := storetest.Admin(t)
	makes := func() answer { return c.call(t, http.MethodPost, "/projects", `{"name":"Made"}`) }
	want(t, "an owner's", makes(), http.StatusCreated)
	run(t, admin, `update memberships m set role = 'viewer' from tenants t where t.slug = $1 and m.tenant_id = t.id and m.party = 'agency' and m.email = $2`, a.Acme, a.Dana)
	refused(t, "a viewer's", makes(), http.StatusForbidden, "forbidden")
	want(t, "a viewer's, read", c.call(t, http.MethodGet, "/projects", ""), http.StatusOK)
	run(t, admin, `update tenants set state = 'suspended' where slug = $1`, a.Acme)
	refused(t, "in a suspended workspace", makes(), http.StatusForbidden, "forbidden")
	run(t, admin, `update tenants set state = 'active' where slug = $1`, a.Acme)
	run(t, admin, `update memberships m set ended_at = now() from tenants t where t.slug = $1 and m.tenant_id = t.id and m.email = $2`, a.Acme, a.Dana)
	refused(t, "of somebody who left", c.call(t, http.MethodGet, "/projects", ""), http.StatusUnauthorized, "no-key")
}

// The same request with the same Idempotency-Key does nothing twice. With another body it
// is refused, and at the same time too. Another tenant's keys are its own.
func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	acmes, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	globexs, _ := storetest.APIKey(t, a.Dana, a.Globex, store.ScopeDeliverWork)
	acme, globex := newClient(t, s, acmes).with("Idempotency-Key", "one"), newClient(t, s, globexs).with("Idempotency-Key", "one")
	send := func(c *client, name string) answer {
		return c.call(t, http.MethodPost, "/projects", `{"name":"`+name+`"}`)
	}
	first, again, other := send(acme, "Launch"), send(acme, "Launch"), send(globex, "Launch")
	want(t, "first", first, http.StatusCreated)
	if again.status != http.StatusCreated || again.body != first.body || again.location() != first.location() || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %d %s", again.status, again.body)
	}
	if other.status != http.StatusCreated || other.body == first.body || other.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("another tenant: %d %s", other.status, other.body)
	}
	refused(t, "another body", send(acme, "Other"), http.StatusUnprocessableEntity, "idempotency-key-reused")
	refused(t, "another path", acme.call(t, http.MethodPost, strings.TrimPrefix(first.location(), api.Prefix)+"/deliverables", `{"title":"Launch"}`), http.StatusUnprocessableEntity, "idempotency-key-reused")
	refused(t, "a refusal", send(acme.with("Idempotency-Key", "two"), ""), http.StatusUnprocessableEntity, "invalid")
	want(t, "after a refusal", send(acme.with("Idempotency-Key", "two"), "Launch"), http.StatusCreated)
	for _, wrong := range []string{"", strings.Repeat("x", 256), "ä"} {
		refused(t, "the key "+wrong, send(acme.with("Idempotency-Key", wrong), "Launch"), http.StatusUnprocessableEntity, "invalid")
	}
	hold := must(storetest.AdminPool().Begin(t.Context()))
	defer func() { _ = hold.Rollback(t.Context()) }()
	if _, err := hold.Exec(t.Context(), `select pg_advisory_xact_lock(hashtextextended(id || ' agency three', 0)) from tenants where slug = $1`, a.Acme); err != nil {
		t.Fatal(err)
	}
	refused(t, "at the same time", send(acme.with("Idempotency-Key", "three"), "Launch"), http.StatusConflict, "request-running")
	run(t, storetest.Admin(t), `update api_responses r set created_at = now() - interval '25 hours' from tenants t where t.id = r.tenant_id and t.slug = $1`, a.Acme)
	if late := send(acme, "Other"); late.status != http.StatusCreated || late.body == first.body {
		t.Errorf("after a day: %d %s", late.status, late.body)
	}
}

// A version with as many files as one may have is published with an idempotency key.
func TestLargeVersionIsPublishedOnce(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	version := storetest.Draft(t, dana, storetest.Deliverable(t, dana, storetest.Project(t, dana, "Launch"), "Frames"))
	for n := range store.MaxFiles {
		storetest.File(t, dana, version, fmt.Sprintf("%03d %s.txt", n, strings.Repeat("ä", 100)))
	}
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	c := newClient(t, s, token).with("Idempotency-Key", "one")
	publish := func() answer {
		return c.call(t, http.MethodPost, "/versions/"+version.String()+"/publish", `{"note":"All frames"}`)
	}
	first, again := publish(), publish()
	want(t, "publish", first, http.StatusCreated)
	if again.status != http.StatusCreated || again.body != first.body || len(first.body) < 100_000 {
		t.Errorf("again: %d, %d bytes; first %d bytes", again.status, len(again.body), len(first.body))
	}
}

// Lists have pages that miss and repeat nothing. A program that has a page already gets 304.
func TestAPIListsHavePages(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	var ids []string
	for _, name := range []string{"One", "Two", "Three", "Four", "Five"} {
		ids = append(ids, storetest.Project(t, dana, name).String())
	}
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeReadWork)
	c := newClient(t, s, token)
	type page struct {
		Items []made  `json:"items"`
		Next  *string `json:"next"`
	}
	var seen []string
	for path := "/projects?limit=2"; path != ""; {
		got := c.call(t, http.MethodGet, path, "")
		want(t, path, got, http.StatusOK)
		want(t, path+" again", c.with("If-None-Match", `"x", W/`+got.header.Get("ETag")).call(t, http.MethodGet, path, ""), http.StatusNotModified)
		p := decode[page](t, got)
		for _, item := range p.Items {
			seen = append(seen, item.ID)
		}
		if path = ""; p.Next != nil {
			path = "/projects?limit=2&cursor=" + *p.Next
		}
	}
	if !slices.Equal(seen, ids) {
		t.Errorf("the pages have %v, want %v", seen, ids)
	}
	storetest.Deliverable(t, dana, storetest.Project(t, dana, "Six"), "Poster")
	if got := decode[page](t, c.call(t, http.MethodGet, "/deliverables?project="+ids[0], "")); len(got.Items) != 0 {
		t.Errorf("of another project: %v", got.Items)
	}
	if got := decode[page](t, c.call(t, http.MethodGet, "/deliverables?state=draft", "")); len(got.Items) != 1 {
		t.Errorf("drafts: %v", got.Items)
	}
	for _, wrong := range []string{"limit=0", "limit=101", "limit=x", "limit=%2B5", "limit=5&limit=6", "cursor=x", "cursor=", "page=2", "tenant=" + a.Globex, "a=%zz", "a=1;b=2"} {
		refused(t, wrong, c.call(t, http.MethodGet, "/projects?"+wrong, ""), http.StatusUnprocessableEntity, "invalid")
	}
	for _, wrong := range []string{"state=", "state=done", "project=x"} {
		refused(t, wrong, c.call(t, http.MethodGet, "/deliverables?"+wrong, ""), http.StatusUnprocessableEntity, "invalid")
	}
}

// A plan's limit, and wrong fields, are told in members of the problem.
func TestProblemsNameFieldsAndLimits(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	c := newClient(t, s, token)
	wrong := refused(t, "wrong fields", c.call(t, http.MethodPost, "/projects", `{"name":5,"visible":"yes","tenant":"x","due_on":"2026-12-24"}`), http.StatusUnprocessableEntity, "invalid")
	if len(wrong.Fields) != 3 || wrong.Fields["name"] == "" || wrong.Fields["visible"] == "" || wrong.Fields["tenant"] == "" {
		t.Errorf("fields: %v", wrong.Fields)
	}
	wrong = refused(t, "wrong values", c.call(t, http.MethodPost, "/projects", `{"name":"","due_on":"soon"}`), http.StatusUnprocessableEntity, "invalid")
	if len(wrong.Fields) != 2 {
		t.Errorf("fields: %v", wrong.Fields)
	}
	storetest.Plan(t, a.Acme, "starter")
	run(t, storetest.Admin(t), `insert into plan_usage (tenant_id, metric, used) select id, 'projects', 20 from tenants where slug = $1 on conflict (tenant_id, metric) do update set used = 20`, a.Acme)
	full := refused(t, "over the plan", c.call(t, http.MethodPost, "/projects", `{"name":"Made"}`), http.StatusPaymentRequired, "plan-limit")
	if full.Metric != "projects" || full.Limit != 20 || full.NextUsage != 21 {
		t.Errorf("the limit: %+v", full)
	}
}

// A bad body of any operation that takes one is refused as described, and never a fault of
// ours.
func TestBadBodiesAreNoFaults(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork, store.ScopeWriteUsage)
	c := newClient(t, s, token)
	dana := a.Member(t, a.Dana, a.Acme)
	project := storetest.Project(t, dana, "Launch")
	deliverable := storetest.Deliverable(t, dana, project, "Poster")
	ids := map[string]string{"projects": project.String(), "deliverables": deliverable.String(), "versions": storetest.Draft(t, dana, deliverable).String()}
	document, err := described()
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for path, item := range document.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil {
				continue
			}
			schema := op.RequestBody.Value.Content["application/json"].Schema.Value
			at := strings.Replace(path, "{id}", ids[kindOf(path)], 1)
			for _, body := range badBodies(schema) {
				got := c.with("Idempotency-Key", rand.Text()).do(t, method, api.Prefix+at, strings.NewReader(body), "application/json")
				c.describes(t, method, at, got)
				sent++
				if got.status >= 500 {
					t.Errorf("%s %s with %.100q: %d", method, at, body, got.status)
				}
			}
			for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;"} {
				if got := c.with("Idempotency-Key", rand.Text()).do(t, method, api.Prefix+at, bytes.NewReader([]byte(`{"x":1}`)), kind); got.status != http.StatusUnprocessableEntity {
					t.Errorf("%s %s as %q: %d", method, at, kind, got.status)
				}
			}
		}
	}
	if sent < 100 {
		t.Errorf("only %d bodies were sent", sent)
	}
}

// badBodies are bodies that an operation with this schema must refuse.
func badBodies(schema *openapi3.Schema) []string {
	bad := []string{"", "{", "[]", "null", "1", `"x"`, `{"a":1}{}`, "\x00", "{\"unknown\":1}", strings.Repeat("[", 100_000), `{"` + strings.Repeat("x", 2_000_000) + `":1}`}
	required := ""
	for _, name := range schema.Required {
		required += `"` + name + `":"x",`
	}
	for name := range schema.Properties {
		for _, value := range []string{`[]`, `{}`, `1e400`, `-1`, `"` + strings.Repeat("x", 100_000) + `"`, `"\u0000"`, `"\ud800"`, `[[[]]]`, `"` + "\xff" + `"`} {
			bad = append(bad, `{`+required+`"`+name+`":`+value+`}`)
		}
	}
	return bad
}

// A key that sends too many requests is told when to go on. Keys that don't work have no
// limits of their own: those of a network share one.
func TestKeysHaveARateLimit(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) { c.TenantLimit.PerSecond, c.TenantLimit.Burst = 0.4, 40 })
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeReadWork)
	second, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeReadWork)
	c := newClient(t, s, token)
	ok := 0
	var last answer
	for range 12 {
		last = c.call(t, http.MethodGet, "/me", "")
		if last.status == http.StatusOK {
			ok++
		}
	}
	refused(t, "at last", last, http.StatusTooManyRequests, "too-many-requests")
	h := last.header
	if ok < 9 || ok > 11 || h.Get("RateLimit-Limit") != "10" || h.Get("RateLimit-Remaining") != "0" || h.Get("RateLimit-Reset") == "0" || h.Get("Retry-After") == "" {
		t.Errorf("%d requests, then %v", ok, h)
	}
	want(t, "another key", newClient(t, s, second).call(t, http.MethodGet, "/me", ""), http.StatusOK)
	limited, tenant := 0, a.Member(t, a.Dana, a.Acme).TenantID()
	for range 60 {
		if bearer(s, store.NewTenantToken(tenant)).get(t, "/api/v1/me").status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 45 {
		t.Errorf("%d of 60 requests with keys of nobody are limited", limited)
	}
}
