package handlers_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
)

// brokenSite is the product over a broken database, or over a nil one, which panics at
// every use.
func brokenSite(t *testing.T, db *store.DB) *site {
	t.Helper()
	return newSiteWith(t, db, nil, func(*handlers.Config) {})
}

// brokenDB is a database without the function that identifies visitors, so that every
// request is a 500.
func brokenDB(t *testing.T, name string) *store.DB {
	t.Helper()
	db := must(storetest.Open(t.Context(), name))
	t.Cleanup(db.Close)
	conn := must(pgx.Connect(t.Context(), storetest.Server().AdminURL(name)))
	defer conn.Close(t.Context())
	run(t, conn, `alter function lookup.who_is_asking(bytea, text, text, text, boolean) rename to gone`)
	return db
}

// unreachableDB is a database that accepts no connections.
func unreachableDB(t *testing.T, name string) *store.DB {
	t.Helper()
	db := must(storetest.Open(t.Context(), name))
	t.Cleanup(db.Close)
	run(t, storetest.Admin(t), `alter database `+name+` allow_connections false`)
	run(t, storetest.Admin(t), `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1`, name)
	return db
}

// Case 55 and part of 70: whatever breaks, the visitor gets a complete error page with
// the request id, and nothing about the cause. The log has the same id.
func TestErrorPageShowsOnlyTheRequestID(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]*site{
		"a missing function": brokenSite(t, brokenDB(t, "broken")),
		"a panic":            brokenSite(t, nil),
	} {
		for _, path := range []string{"/login", "/w/acme/projects", "/account?q=typed"} {
			got := s.nobody().get(t, path)
			want(t, what+" at "+path, got, http.StatusInternalServerError)
			id := got.header.Get("X-Request-Id")
			if id == "" || !strings.Contains(got.body, id) || !strings.Contains(s.logs.String(), id) {
				t.Errorf("%s at %s: the request %q is not named in the page and the log", what, path, id)
			}
			if !strings.HasSuffix(strings.TrimSpace(got.body), "</html>") {
				t.Errorf("%s at %s: half a page", what, path)
			}
			for _, part := range []string{"goroutine", ".go:", "runtime", "sqlstate", "SQLSTATE", "42883", "lookup", "who_is_asking", "select ", "pgx", "nil pointer", "Go-http", "typed"} {
				hasNot(t, what+" at "+path, got, part)
			}
			if got.header.Get("Server") != "" || got.header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("%s: headers %v", what, got.header)
			}
		}
		program := s.nobody().with("Accept", "application/json").get(t, "/account")
		want(t, what+" for a program", program, http.StatusInternalServerError)
		if answer := decode[refusal](t, program); answer.Error != "FAILED" || answer.Message != "" {
			t.Errorf("%s: %+v", what, answer)
		}
	}
}

// Part of 67: when the database accepts queries but does not answer, pages answer 503.
// Once it answers again, the next request is served.
func TestHungDatabaseAnswers503(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	proxy := must(stack.StartProxy(t.Context(), fmt.Sprintf("127.0.0.1:%d", storetest.Server().Port())))
	at := must(url.Parse(storetest.Server().AppURL(stack.DatabaseName)))
	at.Host = proxy.Addr()
	// Long timeouts, so that only the page's own time limit counts.
	db := must(store.Open(t.Context(), store.Config{URL: at.String(), ConnectionWait: time.Hour, AnswerWait: time.Hour}))
	t.Cleanup(db.Close)
	s := newSiteWith(t, db, nil, func(c *handlers.Config) { c.AnswerTime = 2 * time.Second })
	dana := s.as(t, a.Dana)
	page, form := "/w/"+a.Acme+"/projects", url.Values{"name": {"Spring"}}
	want(t, "before", dana.get(t, page), http.StatusOK)
	if err := proxy.Hang(); err != nil {
		t.Fatal(err)
	}
	wantRetryAfter(t, "a page", dana.get(t, page), http.StatusServiceUnavailable)
	wantRetryAfter(t, "a deed", dana.post(t, page, form), http.StatusServiceUnavailable)
	if err := proxy.Heal(); err != nil {
		t.Fatal(err)
	}
	within := storetest.Within(t, 30*time.Second)
	for db.Ping(within) != nil && within.Err() == nil {
	}
	want(t, "a page afterwards", dana.get(t, page), http.StatusOK)
	want(t, "a deed afterwards", dana.post(t, page, form), http.StatusSeeOther)
}

// The request id goes into the trail and the log, so we make it. An id that a visitor
// sends is ignored.
func TestRequestIDOfAVisitorIsIgnored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mine := store.NewID().String()
	got := s.nobody().with("X-Request-Id", mine).get(t, "/login")
	want(t, "the sign-in page", got, http.StatusOK)
	if id := got.header.Get("X-Request-Id"); id == mine || len(id) != len(mine) || !strings.Contains(s.logs.String(), id) {
		t.Errorf("the request is called %q", id)
	}
	hasNot(t, "the page", got, mine)
}

// Case 53: requests carry secrets in every place, and get answers of every kind,
// including panics and database failures. The log has every request and no secret.
func TestLogsHoldNoRequestSecrets(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	away := must(storetest.Open(t.Context(), "away"))
	away.Close()
	sound := newSite(t)
	dana := sound.as(t, a.Dana)
	for what, s := range map[string]*site{
		"sound":   sound,
		"broken":  brokenSite(t, brokenDB(t, "secrets")),
		"away":    brokenSite(t, away),
		"panics":  brokenSite(t, nil),
		"hostile": newSite(t),
	} {
		cookie := dana.cookie
		if what == "hostile" {
			cookie = "__Host-portico=" + strings.Repeat("c2VjcmV0", 12)
		}
		statuses := map[int]bool{}
		secrets := []string{strings.TrimPrefix(cookie, "__Host-portico=")}
		for i, probe := range secretProbes(a) {
			secret := fmt.Sprintf("sEcReT%02d", i) + strings.ReplaceAll(a.Suffix, "-", "") + "zyx"
			secrets = append(secrets, secret)
			b := &browser{site: s, cookie: cookie + "; other=" + secret, header: http.Header{}}
			for _, name := range []string{"Authorization", "X-Api-Key", "X-Amz-Security-Token", "Referer", "User-Agent", "X-Csrf-Token", "Content-Digest", "X-Request-Id"} {
				b.header.Set(name, map[bool]string{true: "Bearer " + secret, false: secret}[name == "Authorization"])
			}
			got := probe(t, b, secret)
			statuses[got.status] = true
		}
		log := s.logs.String()
		for _, secret := range secrets {
			for _, form := range []string{secret, strings.ToLower(secret), base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)} {
				if strings.Contains(log, form) {
					t.Errorf("%s: %s is in the log", what, form)
				}
			}
		}
		for _, address := range []string{a.Dana, a.Mia, a.Suffix + ".test"} {
			if strings.Contains(log, address) {
				t.Errorf("%s: the address %s is in the log", what, address)
			}
		}
		if n := strings.Count(log, `"msg":"request"`); n < len(secretProbes(a)) {
			t.Errorf("%s: %d requests are in the log: %.500s", what, n, log)
		}
		t.Logf("%s: statuses %v", what, statuses)
		if what == "sound" && (!statuses[200] || !statuses[303] || !statuses[404] || !statuses[422] || !statuses[403]) {
			t.Errorf("the probes get too few kinds of answers: %v", statuses)
		}
	}
}

// secretProbes are requests that each carry a secret where people and programs put
// theirs.
func secretProbes(a *storetest.Tenants) []func(*testing.T, *browser, string) answer {
	base := "/w/" + a.Acme
	form := func(path string, field ...string) func(*testing.T, *browser, string) answer {
		return func(t *testing.T, b *browser, secret string) answer {
			values := url.Values{}
			for i := 0; i < len(field); i += 2 {
				values.Set(field[i], strings.ReplaceAll(field[i+1], "SECRET", secret))
			}
			return b.post(t, strings.ReplaceAll(path, "SECRET", secret), values)
		}
	}
	get := func(path string) func(*testing.T, *browser, string) answer {
		return func(t *testing.T, b *browser, secret string) answer {
			return b.get(t, strings.ReplaceAll(path, "SECRET", secret))
		}
	}
	return []func(*testing.T, *browser, string) answer{
		get("/login/SECRET"), get("/login?return_to=/SECRET"), get("/account?token=SECRET&code=123456"),
		get(base + "/projects?q=SECRET&X-Amz-Signature=SECRET"), get(base + "/files/SECRET"), get("/w/SECRET/projects"), get("/SECRET"),
		get("/auth/SECRET/callback?code=SECRET&state=SECRET"), get(base + "/support?before=SECRET"),
		form("/login/SECRET", "token", "SECRET"), form("/login", "email", "SECRET@"+a.Suffix+".test"), form("/login", "email", "no address SECRET"),
		form("/login/code", "code", "SECRET"), form("/step-up/code", "code", "SECRET"), form("/account/name", "name", "SECRET"), form("/account/name", "name", "\x00SECRET"),
		form(base+"/projects", "name", "SECRET"), form(base+"/projects", "name", "", "summary", "SECRET\x00"), form(base+"/settings", "name", "SECRET", "accent", "SECRET"),
		form(base + "/projects/SECRET/archive"), form(base+"/support/grant", "hours", "SECRET"),
		func(t *testing.T, b *browser, secret string) answer {
			return b.json(t, http.MethodPost, base+"/versions/"+store.NewID().String()+"/uploads", map[string]any{"name": secret, "password": secret, "size": secret})
		},
		func(t *testing.T, b *browser, secret string) answer {
			body, contentType := formOf(t, formFile{"file", secret + ".txt", []byte(secret)})
			return b.do(t, http.MethodPost, base+"/versions/"+store.NewID().String()+"/files", body, contentType)
		},
		func(t *testing.T, b *browser, secret string) answer {
			return b.with("Sec-Fetch-Site", "cross-site").post(t, base+"/projects", url.Values{"name": {secret}})
		},
	}
}
