package handlers_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/web"
	"portico/store"
)

// world is two agencies with their clients, and the visitors to one of the clients. The
// matrix runs in it.
type world struct {
	*site
	hosts              hosts    // nil when everything is on the main host
	staffHosts         hosts    // the same for staff, who have no session on a client's own domain
	atAgency           bool     // the tenant to visit is the agency itself
	clientKeys         []string // of the agency's clients, in the agency's own world
	own, sister, other *fixture // other is a client of the other agency
	agency             string
	visitors           []*visitor // to the own fixture
	programs           []*visitor // that visit it with a key
	owner              *visitor   // of the agency, at its address
	viewer             *visitor   // of the client
	router             *router
	shapes             map[string]string // the first refusal of each kind, which the others must equal
	admin              *pgx.Conn
	ofPerson           string               // SQL for all rows that name a person
	refused            []string             // request ids of refusals since the last checkRecorded
	people             map[string]uuid.UUID // by address
	tally              *tally
}

// tally counts for all worlds together.
type tally struct{ probes, hosted, refusals, passed, leaks, rows atomic.Int64 }

// newWorld makes a world with its fixtures and visitors.
func newWorld(t *testing.T, routes []handlers.Route, n *tally, mode hostMode) *world {
	t.Helper()
	w := &world{site: newSiteOver(t, storage(t), netip.MustParsePrefix("127.0.0.0/8")), router: newRouter(routes), shapes: map[string]string{}, people: map[string]uuid.UUID{}, admin: storetest.Admin(t), tally: n}
	a, b := storetest.Agency(t), storetest.Agency(t)
	w.own, w.sister, w.other = newFixture(t, w.site, a, a.Acme), newFixture(t, w.site, a, a.Globex), newFixture(t, w.site, b, b.Acme)
	w.other.things["clients"] = w.other.tenant
	w.agency = a.Agency
	w.hosts = mode.hosts(t, w.admin, a.Agency, w.own.slug, w.sister.slug, w.other.slug)
	if w.staffHosts = w.hosts; mode == ownDomain {
		w.staffHosts = underOurDomain.hosts(t, w.admin, w.own.slug, w.sister.slug, w.other.slug)
	}
	w.owner = &visitor{name: "owner at the agency", email: a.Dana, browser: w.nobody(),
		inside: true, party: store.PartyAgency, role: store.RoleOwner,
		visibleKeys: []string{agencyKey, w.own.key, w.sister.key}} // they see who works in their clients
	w.owner.browser.hosts = w.hosts
	w.owner.browser.signIn(t, storetest.SignInAt(t, a.Dana, w.hosts.of(a.Agency)))
	w.visitors = newVisitors(t, w, a, b)
	w.programs = newPrograms(t, w, b)
	w.viewer = w.visitors[slices.IndexFunc(w.visitors, func(p *visitor) bool { return p.party == store.PartyClient && p.role == store.RoleViewer })]
	return w
}

// rowsOfOtherTenants hashes the rows of the tenants that the matrix must not change.
func (w *world) rowsOfOtherTenants(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, e := range []*fixture{w.sister, w.other} {
		for table, hash := range storetest.RowsOf(t, e.tenant) {
			all[e.slug+"."+table] = hash
		}
	}
	return all
}

// request is one probe.
type request struct {
	visitor *visitor
	route   handlers.Route // the route that serves it
	method  string
	path    string
	what    string // description, for failures
	act     act
	plain   bool // sends no body, whatever the act
	// otherTenant says that the path names another tenant, of which no visitor is a
	// member.
	otherTenant bool
	// otherHost says that the request goes to a host for which the visitor has no session,
	// so that they are signed out there.
	otherHost bool
}

// verdict is the expected status for the visitor.
func (r request) verdict() int {
	p := *r.visitor
	switch {
	case r.otherHost:
		p = visitor{}
	case r.otherTenant:
		p.inside, p.mode = false, ""
	}
	return expectedStatus(r.route, &p, r.method, r.route.JSON || (r.act.json && !r.plain))
}

func (r request) String() string {
	return fmt.Sprintf("%s: %s %s (%s)", r.visitor.name, r.method, r.path, r.what)
}

func (w *world) send(t *testing.T, r request) answer {
	t.Helper()
	w.tally.probes.Add(1)
	if w.hosts != nil {
		w.tally.hosted.Add(1)
	}
	b := r.visitor.browser
	var got answer
	switch {
	case r.plain || r.method == http.MethodGet || r.method == http.MethodHead:
		got = b.do(t, r.method, r.path, nil, "")
	case r.act.send != nil:
		got = r.act.send(t, b, r.path)
	default:
		form := strings.ReplaceAll(r.act.form, "{slug}", w.own.slug)
		got = b.do(t, r.method, r.path, strings.NewReader(form), "application/x-www-form-urlencoded")
	}
	w.checkAnswer(t, r, got)
	return got
}

// checkAnswer checks what holds for every answer: no canary of a tenant that the visitor
// may not see, no canary at all in a refusal, no draft for a client, no id of another
// tenant that the request did not contain, and no server error.
func (w *world) checkAnswer(t *testing.T, r request, got answer) {
	t.Helper()
	p := r.visitor
	var all strings.Builder
	_ = got.header.Write(&all)
	all.WriteString(got.body)
	whole := all.String()
	shown := whole // in which canaries are looked for
	may := p.visibleKeys
	if r.route.Who == handlers.AMember && !r.otherTenant && p != w.owner {
		may = []string{w.own.key}
	}
	if got.status >= 400 && got.status != http.StatusConflict && got.status != http.StatusUnprocessableEntity {
		around, inner := splitError(whole)
		may, shown = nil, inner
		if p.mode != "" && got.status == http.StatusForbidden && !r.otherTenant {
			may = []string{w.own.key} // it says what the tenant allows
		}
		w.checkAround(t, r, got, around)
	}
	if may != nil && p.inside && w.atAgency && p.party == store.PartyAgency {
		may = slices.Concat(may, w.clientKeys) // the agency sees who works in its clients
	}
	for rest := shown; ; {
		at := strings.Index(rest, canary)
		if at < 0 || len(rest) < at+canaryLen {
			break
		}
		rest = rest[at+len(canary):]
		switch {
		case !slices.Contains(may, rest[:keyLen]):
			w.leak(t, r, got, "shows "+rest[:keyLen])
		case p.party == store.PartyClient && strings.HasPrefix(rest[keyLen:], hiddenWord):
			w.leak(t, r, got, "shows a draft to the client")
		}
	}
	for _, e := range []*fixture{w.sister, w.other} {
		if slices.Contains(may, e.key) {
			continue // the page of their workspaces tells what happened there
		}
		for kind, id := range e.things {
			if s := id.String(); strings.Contains(whole, s) && !strings.Contains(r.path, s) {
				w.leak(t, r, got, "names one of the "+kind+" of "+e.slug)
			}
		}
	}
	if got.status >= 500 {
		t.Errorf("%v: %d %.300s", r, got.status, got.body)
	}
	if to := got.location(); w.hosts != nil && (strings.HasPrefix(to, "/w/") || strings.HasPrefix(to, "//")) {
		t.Errorf("%v: leads off its host, to %q", r, to)
	}
	w.checkHeaders(t, r, got)
}

func (w *world) leak(t *testing.T, r request, got answer, what string) {
	w.tally.leaks.Add(1)
	t.Errorf("LEAK %v: %d %s", r, got.status, what)
}

// checkHeaders checks the headers that every answer must have.
func (w *world) checkHeaders(t *testing.T, r request, got answer) {
	t.Helper()
	protected(t, r.String(), got)
	if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && got.status < 300 &&
		got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%v: may be kept: %q", r, got.header.Get("Cache-Control"))
	}
}

// typedAgain is what a refusal repeats of the request itself: the text that was typed, and the
// way back to the form.
var typedAgain = regexp.MustCompile(`(?s)<section class="kept".*?</section>|<p class="outcome">.*?</p>|<a class="button" data-kind="primary" (?:data-size="large" )?href="[^"]*">[^<]*</a>`)

// agencyKey marks the people of the agency's own tenant where it is not visited itself.
const agencyKey = "agencyagency"

// checkRefusal checks the status of a refusal and that it equals the others of its kind
// byte for byte. It remembers the request id for checkRecorded.
func (w *world) checkRefusal(t *testing.T, r request, got answer, status int) {
	t.Helper()
	w.tally.refusals.Add(1)
	if got.status != status {
		t.Errorf("%v: %d, want %d; %.200s", r, got.status, status, got.body)
		return
	}
	if status == http.StatusFound {
		if target := w.hosts.signInURL(w.site, r.method); !strings.HasPrefix(got.location(), target) {
			t.Errorf("%v: leads to %q", r, got.location())
		}
		return
	}
	header := got.header.Clone()
	header.Del("X-Request-Id")
	header.Del("Date")
	for _, counts := range []string{"RateLimit-Remaining", "RateLimit-Reset"} {
		header.Del(counts)
	}
	header.Del("Connection") // closed if the body was not read
	like := fmt.Sprint(status, header.Get("Content-Type"), r.method == http.MethodHead)
	if !web.IsSafe(r.method) {
		like += " of a change" // it says that nothing was saved
	}
	if strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		header.Del("Content-Length") // of what is around it too
	}
	around, inner := splitError(typedAgain.ReplaceAllString(got.withoutRequestID(), ""))
	framed := strings.Contains(inner, "data-refused")
	if inside := r.visitor.inside && r.route.Who == handlers.AMember && !r.otherTenant && !r.otherHost; strings.Contains(inner, "<h1") && framed != inside && r.visitor != w.owner {
		t.Errorf("%v: in the frame of the member's pages: %v", r, framed)
	}
	if r.visitor.mode == "" || !framed || status != http.StatusForbidden { // a session says what it may not do
		w.checkSame(t, r, fmt.Sprint(like, framed), fmt.Sprintln(slices.Sorted(maps.Keys(header)), header)+inner)
	}
	if r.visitor.mode == "" { // the bar counts minutes
		slug, _, _ := strings.Cut(strings.TrimPrefix(r.path, "/w/"), "/")
		w.checkSame(t, r, fmt.Sprint("around ", like, framed, r.visitor.email, slug), around)
	}
	ofProgram := r.route.Who == handlers.AProgram && status != http.StatusUnauthorized && !r.visitor.program.foreign
	if ofProgram || !r.visitor.signedOut() && r.route.Who == handlers.AMember && !r.otherTenant && !r.otherHost {
		w.refused = append(w.refused, got.header.Get("X-Request-Id"))
	}
}

// checkAround checks that what is around an error names only the tenant of the host, or
// else tenants that the visitor belongs to.
func (w *world) checkAround(t *testing.T, r request, got answer, around string) {
	t.Helper()
	may := r.visitor.visibleKeys
	for _, e := range []*fixture{w.own, w.sister, w.other} {
		if w.hosts != nil && strings.HasPrefix(r.path, "/w/"+e.slug+"/") {
			may = []string{e.key}
		}
	}
	for _, rest := range strings.Split(around, canary)[1:] {
		if !slices.ContainsFunc(may, func(key string) bool { return strings.HasPrefix(rest, key) }) || strings.HasPrefix(rest[min(keyLen, len(rest)):], hiddenWord) {
			w.leak(t, r, got, "shows around an error "+rest[:min(keyLen, len(rest))])
		}
	}
}

// splitError takes what a page says of an error out of what is around it. That is the frame of a
// member's pages, or a brand.
func splitError(page string) (around, inner string) {
	from := strings.Index(page, `<section class="sheet error"`)
	if from < 0 {
		from = strings.Index(page, `<div data-refused`)
	}
	to := strings.LastIndex(page, "</main>")
	if from < 0 || to < from {
		return "", page
	}
	return page[:from] + page[to:], page[from:to]
}

// checkSame checks that a refusal equals the first one that is like it.
func (w *world) checkSame(t *testing.T, r request, like, shape string) {
	t.Helper()
	if first, seen := w.shapes[like]; !seen {
		w.shapes[like] = shape
	} else if shape != first {
		t.Errorf("%v: differs from the other refusals:\n%.1500s\n%.1500s", r, shape, first)
	}
}

// checkRecorded checks that the refusals since the last call are recorded: in the
// tenant's trail for members, in the person's account events for others. It clears the
// rate limit on such rows.
func (w *world) checkRecorded(t *testing.T, p *visitor) {
	t.Helper()
	requests := w.refused[:min(len(w.refused), 30)]
	w.refused = nil
	if p.signedOut() && len(requests) == 0 {
		return
	}
	actor := w.idOf(t, p.email)
	tenant, from := uuid.Nil, `account_events where user_id = $2`
	if p.inside {
		tenant, from = w.own.tenant, `audit_events where tenant_id = $3 and actor_id = $2`
	}
	args := []any{requests, actor, tenant}
	if !p.inside {
		args = args[:2]
	}
	key := sha256.Sum256([]byte("refusals of " + actor.String() + " in " + tenant.String()))
	var rows int
	batch := &pgx.Batch{}
	batch.Queue(`select count(*) from `+from+` and result = 'denied' and request_id = any ($1)`, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&rows) })
	batch.Queue(`delete from rate_counters where key = $1`, key[:])
	if err := w.admin.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	if rows != len(requests) {
		t.Errorf("%s: %d of %d refusals are on record", p.name, rows, len(requests))
	}
	w.tally.rows.Add(int64(rows))
}

// idOf is the id of the person with that address, asked for once.
func (w *world) idOf(t *testing.T, email string) uuid.UUID {
	t.Helper()
	id, known := w.people[email]
	if !known {
		if err := w.admin.QueryRow(t.Context(), `select id from users where email = $1`, email).Scan(&id); err != nil {
			t.Fatal(err)
		}
		w.people[email] = id
	}
	return id
}
