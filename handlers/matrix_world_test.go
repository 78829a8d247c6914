package handlers_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// world is two agencies, the clients of theirs, and everybody who comes to one
// of these: the matrix is played out in it.
type world struct {
	*site
	hosts              hosts   // nil when everything is on the main host
	above              bool    // its own place is the agency itself
	own, sister, other *estate // other is a client of the other agency
	agency             string
	cast               []*persona
	owner              *persona // of the agency, at its own address
	viewer             *persona // of the client
	router             *router
	shapes             map[string]string // refusals, by what they must be equal to
	admin              *pgx.Conn
	ofPerson           string   // SQL for all rows that name a person
	refused            []string // request ids, since the counters were last cleared
	tally              *tally
}

// tally is what all worlds did together.
type tally struct{ probes, hosted, refusals, passed, leaks, rows atomic.Int64 }

// newWorld fills one. In every mode but the main one its tenants are found by
// their own hosts.
func newWorld(t *testing.T, routes []handlers.Route, n *tally, mode hostMode) *world {
	t.Helper()
	w := &world{site: newSiteOver(t, storage(t), netip.MustParsePrefix("127.0.0.0/8")), router: newRouter(routes), shapes: map[string]string{}, admin: storetest.Admin(t), tally: n}
	a, b := storetest.Agency(t), storetest.Agency(t)
	w.own, w.sister, w.other = estateOf(t, w.site, a, a.Acme), estateOf(t, w.site, a, a.Globex), estateOf(t, w.site, b, b.Acme)
	w.other.things["clients"] = w.other.tenant
	w.agency = a.Agency
	w.hosts = mode.hosts(t, w.admin, a.Agency, w.own.slug, w.sister.slug, w.other.slug)
	w.owner = &persona{name: "owner at the agency", email: a.Dana, browser: w.nobody(),
		inside: true, party: store.PartyAgency, role: store.RoleOwner}
	w.owner.browser.hosts = w.hosts
	w.owner.browser.signIn(t, storetest.SignInAt(t, a.Dana, w.hosts.of(a.Agency)))
	w.cast = cast(t, w, a, b)
	w.viewer = w.cast[slices.IndexFunc(w.cast, func(p *persona) bool { return p.party == store.PartyClient && p.role == store.RoleViewer })]
	return w
}

// rowsOfStrangers hashes the tenants that nothing in the matrix may touch.
func (w *world) rowsOfStrangers(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, e := range []*estate{w.sister, w.other} {
		for table, hash := range storetest.RowsOf(t, e.tenant) {
			all[e.slug+"."+table] = hash
		}
	}
	return all
}

// request is one probe.
type request struct {
	persona *persona
	route   handlers.Route // that answers
	method  string
	path    string
	what    string // in words, for a failure
	act     act
	plain   bool // sends nothing, whatever the act
	// elsewhere says that the path names another tenant than the matrix's own, to
	// which nobody in the cast belongs.
	elsewhere bool
	// strange says that the request goes to a host that the visitor's session was
	// not made for, so that they are nobody there.
	strange bool
}

// verdict is what the line of the route that answers says to the visitor.
func (r request) verdict() int {
	p := *r.persona
	switch {
	case r.strange:
		p = persona{}
	case r.elsewhere:
		p.inside, p.mode = false, ""
	}
	return declared(r.route, &p, r.method, r.route.JSON || (r.act.json && !r.plain))
}

func (r request) String() string {
	return fmt.Sprintf("%s: %s %s (%s)", r.persona.name, r.method, r.path, r.what)
}

func (w *world) send(t *testing.T, r request) answer {
	t.Helper()
	w.tally.probes.Add(1)
	if w.hosts != nil {
		w.tally.hosted.Add(1)
	}
	b := r.persona.browser
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
	w.look(t, r, got)
	return got
}

// look is what every answer must pass: no canary of a tenant that the visitor
// does not stand in, none at all in a refusal, no draft for a client, no id that
// they did not send themselves, and never a fault of ours.
func (w *world) look(t *testing.T, r request, got answer) {
	t.Helper()
	p := r.persona
	var all strings.Builder
	_ = got.header.Write(&all)
	all.WriteString(got.body)
	whole := all.String()
	may := p.places
	if r.route.Who == handlers.AMember && !r.elsewhere {
		may = []string{w.own.key}
	}
	if got.status >= 400 && got.status != http.StatusConflict && got.status != http.StatusUnprocessableEntity {
		may = nil
	}
	for rest := whole; ; {
		at := strings.Index(rest, canary)
		if at < 0 || len(rest) < at+canaryLen {
			break
		}
		rest = rest[at+len(canary):]
		switch {
		case !slices.Contains(may, rest[:keyLen]):
			w.leak(t, r, got, "shows "+rest[:keyLen])
		case p.party == store.PartyClient && strings.HasPrefix(rest[keyLen:], unseen):
			w.leak(t, r, got, "shows a draft to the client")
		}
	}
	for _, e := range []*estate{w.sister, w.other} {
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
	w.headers(t, r, got)
}

func (w *world) leak(t *testing.T, r request, got answer, what string) {
	w.tally.leaks.Add(1)
	t.Errorf("LEAK %v: %d %s", r, got.status, what)
}

// headers that no answer may lack.
func (w *world) headers(t *testing.T, r request, got answer) {
	t.Helper()
	protected(t, r.String(), got)
	if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && got.status < 300 &&
		got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%v: may be kept: %q", r, got.header.Get("Cache-Control"))
	}
}

// refusal checks a refusal: its status, that it is byte for byte what all such
// refusals are, and remembers it for the trail.
func (w *world) refusal(t *testing.T, r request, got answer, status int) {
	t.Helper()
	w.tally.refusals.Add(1)
	if got.status != status {
		t.Errorf("%v: %d, want %d; %.200s", r, got.status, status, got.body)
		return
	}
	if status == http.StatusFound {
		if door := w.hosts.door(w.site, r.method); !strings.HasPrefix(got.location(), door) {
			t.Errorf("%v: leads to %q", r, got.location())
		}
		return
	}
	header := got.header.Clone()
	header.Del("X-Request-Id")
	header.Del("Date")
	header.Del("Connection") // closed after a body that nobody read
	like := fmt.Sprint(status, header.Get("Content-Type"), r.method == http.MethodHead)
	shape := fmt.Sprintln(slices.Sorted(maps.Keys(header)), header) + got.withoutRequestID()
	if first, seen := w.shapes[like]; !seen {
		w.shapes[like] = shape
	} else if shape != first {
		t.Errorf("%v: differs from the other refusals:\n%.1500s\n%.1500s", r, shape, first)
	}
	if !r.persona.nobody() && r.route.Who == handlers.AMember && !r.elsewhere && !r.strange {
		w.refused = append(w.refused, got.header.Get("X-Request-Id"))
	}
}

// noted checks that the refusals since the last call are on record: in the
// tenant's own trail for who belongs there, in the person's own history for who
// does not. There is a limit a minute, so the counter begins anew each time.
func (w *world) noted(t *testing.T, p *persona) {
	t.Helper()
	requests := w.refused[:min(len(w.refused), 30)]
	w.refused = nil
	if p.nobody() {
		return
	}
	tenant, from := uuid.Nil, `account_events where user_id = (select id from users where email = $2)`
	if p.inside {
		tenant, from = w.own.tenant, `audit_events where tenant_id = $3 and actor_id = (select id from users where email = $2)`
	}
	sql := `select count(*) from ` + from + ` and result = 'denied' and request_id = any ($1)`
	args := []any{requests, p.email, tenant}
	if !p.inside {
		args = args[:2]
	}
	var rows int
	if err := w.admin.QueryRow(t.Context(), sql, args...).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if rows != len(requests) {
		t.Errorf("%s: %d of %d refusals are on record", p.name, rows, len(requests))
	}
	w.tally.rows.Add(int64(rows))
	var actor uuid.UUID
	if err := w.admin.QueryRow(t.Context(), `select id from users where email = $1`, p.email).Scan(&actor); err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256([]byte("refusals of " + actor.String() + " in " + tenant.String()))
	if _, err := w.admin.Exec(t.Context(), `delete from rate_counters where key = $1`, key[:]); err != nil {
		t.Fatal(err)
	}
}
