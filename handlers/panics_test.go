package handlers_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/signin"
	"portico/handlers/web"
	"portico/store"
)

// breakingSite is the product with routes that panic or never return.
func breakingSite(t *testing.T, secret string, answerTime time.Duration) *site {
	t.Helper()
	keys := must(signin.NewKeys([]byte(strings.Repeat("k", 32))))
	s := &site{cookies: signin.NewCookies(keys), logs: &logBook{}}
	s.server = httptest.NewUnstartedServer(nil)
	at := &url.URL{Scheme: "http", Host: s.server.Listener.Addr().String()}
	product := must(handlers.New(handlers.Config{URL: at, CountKey: make([]byte, 32), AnswerTime: answerTime},
		handlers.Deps{DB: storetest.DB(), SignIn: must(signin.New(signin.Config{DB: storetest.DB(), Keys: keys, URL: at})), Log: web.NewLogger(s.logs, slog.LevelDebug)}))
	s.server.Config = product.BreakingServer(secret)
	s.server.Listener = web.Listener(s.server.Listener)
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

// Case 70: a panic in a handler, a template, a deed or a background write answers with a
// complete error page, or ends an answer that is half sent. The deed is rolled back, the
// panic value is neither shown nor logged, and the process goes on. Database connections
// are released: there are more panics here than connections.
func TestPanicsAnswerWithAnErrorPage(t *testing.T) {
	t.Parallel()
	a, secret := storetest.Agency(t), "quoted "+store.NewID().String()
	s := breakingSite(t, secret, 0)
	dana := s.as(t, a.Dana)
	base := "/w/" + a.Acme
	for range 12 {
		for what, got := range map[string]answer{
			"handler": dana.get(t, base+"/breaks/handler"), "nil": dana.get(t, base+"/breaks/nil"), "template": dana.get(t, base+"/breaks/template"),
			"deed": dana.post(t, base+"/breaks/deed", nil), "read": dana.post(t, base+"/breaks/read", nil),
		} {
			want(t, what, got, http.StatusInternalServerError)
			id := got.header.Get("X-Request-Id")
			if !strings.HasPrefix(got.body, "<!doctype html>") || !strings.HasSuffix(strings.TrimSpace(got.body), "</html>") || !strings.Contains(got.body, id) {
				t.Errorf("%s: no whole page: %.200s", what, got.body)
			}
			for _, part := range []string{secret, "half of a page", "goroutine", ".go:", "nil pointer"} {
				hasNot(t, what, got, part)
			}
			protected(t, what, got)
			if !strings.Contains(s.logs.String(), `"msg":"panic","request_id":"`+id) {
				t.Errorf("%s: the log does not tell of %s", what, id)
			}
		}
	}
	program := dana.with("Accept", "application/json").get(t, base+"/breaks/handler")
	want(t, "for a program", program, http.StatusInternalServerError)
	if said := decode[refusal](t, program); said.Error != "FAILED" || said.Message != "" {
		t.Errorf("to a program: %+v", said)
	}

	want(t, "after a page", dana.get(t, base+"/breaks/after"), http.StatusOK)
	res, err := http.DefaultClient.Do(newRequest(t, dana, s.server.URL+base+"/breaks/sent"))
	if err == nil {
		var body []byte
		body, err = io.ReadAll(res.Body)
		res.Body.Close()
		if strings.Contains(string(body), "</html>") {
			t.Errorf("two answers in one: %s", body)
		}
	}
	if err == nil {
		t.Error("half of an answer passes for a whole one")
	}

	var projects []store.Project
	read(t, a.Member(t, a.Dana, a.Acme), store.ListProjects("", &projects))
	if len(projects) != 0 {
		t.Errorf("%d projects are left of deeds that broke", len(projects))
	}
	want(t, "a deed that does not break", dana.post(t, base+"/projects", url.Values{"name": {"Whole"}}), http.StatusSeeOther)
	has(t, "afterwards", dana.get(t, base+"/projects"), "Whole")
	if strings.Contains(s.logs.String(), secret) {
		t.Error("the log quotes the panic")
	}
}

// A page that takes too long answers 503 with Retry-After.
func TestSlowPageAnswers503(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := breakingSite(t, "", time.Second).as(t, a.Dana)
	wantRetryAfter(t, "a page that waits", dana.get(t, "/w/"+a.Acme+"/breaks/waits"), http.StatusServiceUnavailable)
}

func newRequest(t *testing.T, b *browser, url string) *http.Request {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))
	r.Header.Set("Cookie", b.cookie)
	return r
}
