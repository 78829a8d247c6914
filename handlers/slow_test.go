package handlers_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/signin"
)

// slowBody fails like a body that misses its deadline: the read fails, and the server
// cancels the request.
type slowBody struct{ lost context.CancelFunc }

func (b slowBody) Read([]byte) (int, error) {
	b.lost()
	return 0, os.ErrDeadlineExceeded
}

// A form that is sent too slowly answers 408 with a complete page. A form that arrives in
// time is read.
func TestSlowFormIsTimedOut(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	keys, err := signin.NewKeys([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	home := &url.URL{Scheme: "http", Host: "portico.test"}
	server := must(handlers.New(handlers.Config{URL: home, CountKey: make([]byte, 32)}, handlers.Deps{
		DB: storetest.DB(), SignIn: must(signin.New(signin.Config{DB: storetest.DB(), Keys: keys, URL: home})), Log: slog.New(slog.DiscardHandler)})).Handler()
	cookie := httptest.NewRecorder()
	if err := signin.NewCookies(keys).Write(cookie, storetest.SignIn(t, a.Dana)); err != nil {
		t.Fatal(err)
	}
	send := func(path string, body func(context.CancelFunc) io.Reader) *httptest.ResponseRecorder {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, home.String()+path, body(cancel))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(cookie.Result().Cookies()[0])
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		return rec
	}
	for path, good := range map[string]string{
		"/login":                     "email=nobody@" + a.Suffix + ".test",
		"/w/" + a.Acme + "/projects": "name=Spring",
	} {
		slow := send(path, func(lost context.CancelFunc) io.Reader { return slowBody{lost} })
		if slow.Code != http.StatusRequestTimeout || !strings.Contains(slow.Body.String(), slow.Header().Get("X-Request-Id")) || slow.Body.Len() < 500 {
			t.Errorf("%s, too slow: %d, %.200s", path, slow.Code, slow.Body)
		}
		if quick := send(path, func(context.CancelFunc) io.Reader { return strings.NewReader(good) }); quick.Code != http.StatusSeeOther {
			t.Errorf("%s, in time: %d", path, quick.Code)
		}
	}
}
