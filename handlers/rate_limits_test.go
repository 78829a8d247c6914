package handlers_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/web"
	"portico/store"
)

// wantRetryAfter checks the status of an answer that says when to try again.
func wantRetryAfter(t *testing.T, what string, a answer, status int) {
	t.Helper()
	want(t, what, a, status)
	if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 1 {
		t.Errorf("%s: Retry-After %q", what, a.header.Get("Retry-After"))
	}
	end := "</html>"
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		end = "}"
	}
	if !strings.Contains(a.body, a.header.Get("X-Request-Id")) || !strings.HasSuffix(strings.TrimSpace(a.body), end) {
		t.Errorf("%s: half a page", what)
	}
}

// Case 58: a tenant that sends far more requests than its limit gets 429, and another
// tenant of the same agency is served as usual.
func TestOneTenantsLoadDoesNotLimitAnother(t *testing.T) {
	t.Parallel()
	const burst = 200
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) {
		c.TenantLimit = web.RateLimit{PerSecond: 1e-9, Burst: burst} // fills up again long after the test
	})
	var served, refused atomic.Int64
	var loud sync.WaitGroup
	for range 10 {
		b := s.as(t, a.Mia)
		loud.Go(func() {
			for range burst / 4 {
				switch got := b.get(t, "/w/"+a.Acme+"/projects"); got.status {
				case http.StatusOK:
					served.Add(1)
				default:
					refused.Add(1)
					wantRetryAfter(t, "beyond the share", got, http.StatusTooManyRequests)
				}
			}
		})
	}
	quiet := s.as(t, a.Gus)
	for range 5 {
		want(t, "the other tenant, meanwhile", quiet.get(t, "/w/"+a.Globex+"/projects"), http.StatusOK)
	}
	loud.Wait()
	if served.Load() != burst || refused.Load() != 10*burst/4-burst {
		t.Errorf("of %d requests %d were served and %d refused; the share is %d", 10*burst/4, served.Load(), refused.Load(), burst)
	}
	want(t, "the other tenant, afterwards", quiet.get(t, "/w/"+a.Globex+"/projects"), http.StatusOK)
	wantRetryAfter(t, "a colleague", s.as(t, a.Leo).get(t, "/w/"+a.Acme+"/projects"), http.StatusTooManyRequests)
	want(t, "a colleague, elsewhere", s.as(t, a.Dana).get(t, "/w/"+a.Globex+"/projects"), http.StatusOK)
}

// One browser may use only a part of its tenant's limit, and so may one network without
// a session. Nobody can lock others out of their portal.
func TestOneVisitorsLoadDoesNotLimitAnother(t *testing.T) {
	t.Parallel()
	const burst = 40
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) {
		c.TenantLimit = web.RateLimit{PerSecond: 1e-9, Burst: burst}
	})
	mia, path := s.as(t, a.Mia), "/w/"+a.Acme+"/projects"
	for range burst / 4 {
		want(t, "within the share", mia.get(t, path), http.StatusOK)
	}
	wantRetryAfter(t, "beyond it", mia.get(t, path), http.StatusTooManyRequests)
	wantRetryAfter(t, "beyond it, elsewhere", mia.get(t, "/account"), http.StatusTooManyRequests)
	program := mia.with("Accept", "application/json").get(t, path)
	want(t, "for a program", program, http.StatusTooManyRequests)
	if decode[refusal](t, program).Error != "TOO_MANY" {
		t.Errorf("for a program: %s", program.body)
	}
	want(t, "another browser of hers", s.as(t, a.Mia).get(t, path), http.StatusOK)

	for range burst / 4 {
		want(t, "nobody", s.nobody().get(t, path), http.StatusFound)
	}
	wantRetryAfter(t, "nobody, too often", s.nobody().get(t, path), http.StatusTooManyRequests)
	forged := s.nobody()
	forged.cookie = "__Host-portico=" + strings.Repeat("forged", 20)
	wantRetryAfter(t, "a forged cookie", forged.get(t, path), http.StatusTooManyRequests)
	want(t, "the colleague whose portal it is", s.as(t, a.Leo).get(t, path), http.StatusOK)
	want(t, "alive", s.nobody().get(t, "/healthz"), http.StatusOK)
}

// Every route with a limit enforces it, for each person separately.
func TestRouteLimitsAreEnforcedPerPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, table(), &tally{}, mainHost)
	limited := 0
	for _, route := range table() {
		if route.PerMinute == 0 {
			continue
		}
		limited++
		loud, other := w.visitorNamed("agency owner"), w.visitorNamed("agency admin")
		if route.Who == handlers.AnAgent {
			loud, other = w.visitorNamed("agent outside"), &visitor{browser: w.as(t, storetest.Agent(t))}
		}
		ask := func(p *visitor) answer {
			return p.browser.do(t, methodOf(route), w.path(route), strings.NewReader(""), "application/x-www-form-urlencoded")
		}
		// Twice as many, in case a minute ends in between.
		first := ask(loud)
		if first.status == http.StatusTooManyRequests {
			t.Errorf("%s: the first is refused", route.Pattern())
		}
		last := first
		for range 2 * route.PerMinute {
			if last = ask(loud); last.status == http.StatusTooManyRequests {
				break
			}
		}
		wantRetryAfter(t, route.Pattern(), last, http.StatusTooManyRequests)
		if got := ask(other); route.Who != handlers.Everybody && got.status == http.StatusTooManyRequests {
			t.Errorf("%s: somebody else is refused too", route.Pattern())
		}
	}
	if limited == 0 {
		t.Error("no route has a limit")
	}
}

// Case 18: a tenant with 200,000 rows repeats a slow request. Its queries are cancelled
// and answered 503. Another tenant is served meanwhile, because no tenant holds more than
// half of the connections.
func TestSlowTenantDoesNotBlockAnother(t *testing.T) {
	t.Parallel()
	const name = "slow"
	must(storetest.Open(t.Context(), name)).Close()
	admin := must(pgx.Connect(t.Context(), storetest.Server().AdminURL(name)))
	defer admin.Close(context.Background())
	run(t, admin, `set session_replication_role = replica`) // no foreign keys to look up 200,000 times
	op := must(store.OpenOperator(t.Context(), storetest.Server().OwnerURL(name)))
	defer op.Close(context.Background())
	db := must(store.Open(t.Context(), store.Config{URL: storetest.Server().AppURL(name), StatementTimeout: time.Second}))
	t.Cleanup(db.Close)
	s := newSiteWith(t, db, nil, func(*handlers.Config) {})
	owner := func(slug string, projects int) *browser {
		tenant := must(op.CreateAgency(t.Context(), slug, slug, slug+"@slow.test", "Owner", "starter"))
		run(t, admin, `
insert into projects (tenant_id, id, name, position, created_by)
select m.tenant_id, gen_random_uuid(), 'Project ' || n, n, m.user_id
from generate_series(1, $2) n, memberships m
where m.tenant_id = $1`, tenant, projects)
		b, token := s.nobody(), store.Token([]byte(rand.Text() + rand.Text())[:32])
		hash := sha256.Sum256(token[:])
		run(t, admin, `insert into sessions (id, token_hash, user_id) select $1, $2, user_id from memberships where tenant_id = $3`, store.NewID(), hash[:], tenant)
		b.signIn(t, token)
		return b
	}
	large, small := owner("large", 200_000), owner("small", 20)
	run(t, admin, `vacuum analyze projects`)
	want(t, "the large tenant, as it is", large.get(t, "/w/large/projects"), http.StatusOK)
	// No page reads all rows yet, so from here on a policy makes each row of the large
	// tenant slow.
	run(t, admin, `
create function public.costly(tenant uuid) returns boolean language plpgsql as $$
begin
    if tenant = (select id from public.tenants where slug = 'large') then perform pg_sleep(0.1); end if;
    return true;
end $$`)
	run(t, admin, `grant select on tenants to portico_app`)
	run(t, admin, `create policy costly on projects as restrictive for select to portico_app using (public.costly(tenant_id))`)

	done := make(chan struct{})
	var loud sync.WaitGroup
	var cut atomic.Int64
	for range 8 {
		loud.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					wantRetryAfter(t, "the large tenant", large.get(t, "/w/large/projects"), http.StatusServiceUnavailable)
					cut.Add(1)
				}
			}
		})
	}
	for i := 0; (i < 20 || cut.Load() < 8) && !t.Failed(); i++ {
		want(t, "the small tenant, meanwhile", small.get(t, "/w/small/projects"), http.StatusOK)
	}
	close(done)
	loud.Wait()
}

// Cookies of sessions that have ended are no visitors of their own: all of a network
// together have the limit of one. Who is signed in there is served as before.
func TestDeadCookiesShareOneLimit(t *testing.T) {
	t.Parallel()
	const burst = 40
	a := storetest.Agency(t)
	s := newSiteWith(t, storetest.DB(), storage(t), func(c *handlers.Config) {
		c.TenantLimit = web.RateLimit{PerSecond: 1e-9, Burst: burst}
	})
	mia := s.as(t, a.Mia)
	want(t, "signed in", mia.get(t, "/account"), http.StatusOK)
	served, refused := 0, 0
	for range 3 {
		gone := s.as(t, a.Gus)
		run(t, storetest.Admin(t), `delete from sessions where user_id = $1`, a.Member(t, a.Gus, a.Globex).ID())
		for range burst / 4 {
			switch got := gone.get(t, "/account"); got.status {
			case http.StatusFound:
				served++
			default:
				refused++
				wantRetryAfter(t, "a dead cookie", got, http.StatusTooManyRequests)
			}
		}
	}
	if served > burst/4 {
		t.Errorf("of the requests with dead cookies %d were served, %d refused; the limit is %d", served, refused, burst/4)
	}
	want(t, "signed in, afterwards", mia.get(t, "/account"), http.StatusOK)
	want(t, "who has just signed in", s.as(t, a.Gus).get(t, "/account"), http.StatusOK)
}

// Each act that leaves a row in the actor's own account is limited. Another person still
// may do it.
func TestAccountDeedsAreLimited(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	s := newSite(t)
	token := store.NewTenantToken(a.Member(t, a.Gus, a.Globex).TenantID())
	storetest.InOneWindow(t, time.Minute)
	for path, form := range map[string]url.Values{
		"/account/dates":             {"dates": {"iso"}},
		"/account/name":              {"name": {"Mia"}},
		"/invites/" + token.String(): nil,
	} {
		mia := s.as(t, a.Mia)
		for range 60 {
			if got := mia.post(t, path, form); got.status == http.StatusTooManyRequests {
				t.Fatalf("%s is refused too early", path)
			}
		}
		wantRetryAfter(t, path, mia.post(t, path, form), http.StatusTooManyRequests)
		if got := s.as(t, a.Leo).post(t, path, form); got.status == http.StatusTooManyRequests {
			t.Errorf("%s is refused to another person", path)
		}
	}
}
