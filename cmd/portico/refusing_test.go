package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"portico/e2e/stack"
	"portico/e2e/storetest"
)

// mailWithoutLogin is a mail server that wants a login that SMTP_URL doesn't have.
func mailWithoutLogin(t *testing.T, env map[string]string) {
	t.Helper()
	u := must(url.Parse(must(stack.StartMail(t.Context(), stack.MailOptions{Username: "portico", Password: "right-word"})).URL()))
	u.User = nil
	env["SMTP_URL"] = u.String()
}

// mailRefusingSender is a mail server that takes no mail from MAIL_FROM.
func mailRefusingSender(t *testing.T, env map[string]string) {
	t.Helper()
	m := must(stack.StartMail(t.Context(), stack.MailOptions{}))
	m.Misbehave(stack.MailFaults{RefuseSender: true})
	useMail(env, m)
}

// brokenKeys is a provider whose keys are answered with a status and no key.
func brokenKeys(status int) func(*testing.T, map[string]string) {
	return func(t *testing.T, env map[string]string) {
		t.Helper()
		o := ownProvider(t)
		o.Misbehave(stack.OIDCFaults{Path: "/keys", Status: status})
		useOIDC(env, o)
	}
}

// readOnlyBucket is object storage that answers reads and refuses writes.
func readOnlyBucket(t *testing.T, env map[string]string) {
	t.Helper()
	to := must(url.Parse(env["S3_ENDPOINT"]))
	// Keep the host that was signed.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			proxy.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code></Error>"))
	}))
	t.Cleanup(server.Close)
	env["S3_ENDPOINT"] = server.URL
}

// /readyz names a dependency that answers and can't serve. What needs it answers 503 and says
// why. Everything else works.
func TestDependenciesThatAnswerAndCannotServe(t *testing.T) {
	t.Parallel()
	signIn := func(r *running, _ string) (int, string) {
		return r.do(http.MethodPost, r.url+"/login", "", "application/x-www-form-urlencoded", "email=nobody@refusing.test")
	}
	provider := func(r *running, _ string) (int, string) { return r.get(r.url+"/auth/demo", "") }
	const noMail = "We can't send email at the moment."
	for name, c := range map[string]struct {
		spoil   func(*testing.T, map[string]string)
		missing string
		do      func(r *running, version string) (int, string)
		says    string
	}{
		"mail wants a login":        {mailWithoutLogin, "smtp", signIn, noMail},
		"mail refuses our sender":   {mailRefusingSender, "smtp", signIn, noMail},
		"provider's keys fail":      {brokenKeys(http.StatusInternalServerError), "auth:demo", provider, "Temporarily unavailable"},
		"provider's keys are gone":  {brokenKeys(http.StatusNotFound), "auth:demo", provider, "Temporarily unavailable"},
		"provider's keys are none":  {brokenKeys(http.StatusOK), "auth:demo", provider, "Temporarily unavailable"},
		"storage takes no objects":  {readOnlyBucket, "s3", nil, "Files can't be stored at the moment."},
		"storage wants another key": {set("S3_SECRET_ACCESS_KEY", "not-the-secret-access-key"), "s3", nil, "Files can't be stored at the moment."},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			env := healthy(t)
			c.spoil(t, env)
			a := storetest.Agency(t)
			me := a.Member(t, a.Dana, a.Acme)
			version := storetest.Draft(t, me, storetest.Deliverable(t, me, storetest.Project(t, me, "Spring"), "Poster")).String()
			r := starting(t, env, "serve", "--jobs=false")
			cookie := cookieOf(t, env, a.Dana)
			var answer struct{ Missing []string }
			r.until("/readyz names it", func() bool {
				res, err := http.Get(r.url + "/readyz")
				if err != nil {
					return false
				}
				defer res.Body.Close()
				answer.Missing = nil
				return res.StatusCode == http.StatusServiceUnavailable && json.NewDecoder(res.Body).Decode(&answer) == nil && slices.Equal(answer.Missing, []string{c.missing})
			})
			do := c.do
			if do == nil {
				do = func(r *running, version string) (int, string) {
					return r.do(http.MethodPost, r.url+"/w/"+a.Acme+"/versions/"+version+"/uploads", cookie, "application/json", `{"name": "a.txt", "size": 5}`)
				}
			}
			if status, body := do(r, version); status != http.StatusServiceUnavailable || !strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), c.says) {
				t.Errorf("status %d without %q: %.600s", status, c.says, body)
			}
			if status, _ := r.get(r.url+"/w/"+a.Acme+"/projects", cookie); status != http.StatusOK {
				t.Errorf("a page that needs none of it: %d", status)
			}
		})
	}
}
