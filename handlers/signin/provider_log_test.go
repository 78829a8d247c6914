package signin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/signin"
	"portico/store"
)

// quotingProvider is a provider whose errors quote secrets.
type quotingProvider struct{ signin.Provider }

func (quotingProvider) Name() string { return "quoting" }
func (quotingProvider) Begin(context.Context, signin.Challenge) (string, error) {
	return "", fmt.Errorf("token s3cret of dana@agency.test: %w", errors.New("bad"))
}
func (quotingProvider) Finish(context.Context, url.Values, signin.Challenge) (store.Identity, error) {
	return store.Identity{}, nil
}

// serverWith returns the whole product with that provider and log.
func serverWith(t *testing.T, provider signin.Provider, log *slog.Logger) http.Handler {
	t.Helper()
	at := &url.URL{Scheme: "https", Host: "portico.test"}
	service, err := signin.New(signin.Config{DB: storetest.DB(), Keys: testKeys, URL: at, Providers: []signin.Provider{provider}, Log: log})
	check(t, err)
	product, err := handlers.New(handlers.Config{URL: at, CountKey: make([]byte, 32)}, handlers.Deps{DB: storetest.DB(), SignIn: service, Log: log})
	check(t, err)
	return product.Handler()
}

// A refused answer is logged with its provider, its request and a reason of our own,
// without the library's error.
func TestRefusedProviderIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	server := serverWith(t, quotingProvider{}, slog.New(slog.NewTextHandler(&log, nil)))
	rec := httptest.NewRecorder()
	server.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://portico.test/auth/quoting", nil))
	if rec.Code != http.StatusBadRequest {
		t.Errorf("status %d", rec.Code)
	}
	for _, part := range []string{"level=WARN", "provider=quoting", "request_id=" + rec.Header().Get("X-Request-Id"), `reason="an answer that proves nothing"`} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %s", part)
		}
	}
	if strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), "dana@") {
		t.Error("the log quotes the provider")
	}
}

// panickingProvider is a provider that panics with a secret.
type panickingProvider struct{ quotingProvider }

func (panickingProvider) Begin(context.Context, signin.Challenge) (string, error) {
	panic("token s3cret of dana@agency.test")
}

// A panic value can hold secrets, so the log has only its type and the page nothing.
func TestPanicValueIsNotLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	server := serverWith(t, panickingProvider{}, slog.New(slog.NewTextHandler(&log, nil)))
	rec := httptest.NewRecorder()
	server.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://portico.test/auth/quoting", nil))
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("status %d", rec.Code)
	}
	for _, part := range []string{"msg=panic", "kind=string", "request_id=" + rec.Header().Get("X-Request-Id")} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %s", part)
		}
	}
	for what, text := range map[string]string{"log": log.String(), "page": rec.Body.String()} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "dana@") {
			t.Errorf("the %s has the panic value", what)
		}
	}
}
