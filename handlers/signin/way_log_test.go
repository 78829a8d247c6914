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

// quotingWay is a provider whose library quotes what it was given.
type quotingWay struct{ signin.Way }

func (quotingWay) Name() string { return "quoting" }
func (quotingWay) Begin(context.Context, signin.Challenge) (string, error) {
	return "", fmt.Errorf("token s3cret of dana@agency.test: %w", errors.New("bad"))
}
func (quotingWay) Finish(context.Context, url.Values, signin.Challenge) (store.Identity, error) {
	return store.Identity{}, nil
}

// An answer that is refused is in the log with its provider, its request and our
// own word for the reason; nothing of what a library says is.
func TestRefusedProviderIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	server := handlers.New(handlers.Config{URL: &url.URL{Scheme: "https", Host: "portico.test"}, CountKey: make([]byte, 32)},
		handlers.Rooms{DB: storetest.DB(), SignIn: signin.New(storetest.DB(), testKeys, quotingWay{}), Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler()
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

// panickingWay is a provider whose library gives up with what it was given.
type panickingWay struct{ quotingWay }

func (panickingWay) Begin(context.Context, signin.Challenge) (string, error) {
	panic("token s3cret of dana@agency.test")
}

// What somebody panics with may quote anything, so of it only the type is told,
// in the log and much less on the page.
func TestPanicTellsNoValue(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	server := handlers.New(handlers.Config{URL: &url.URL{Scheme: "https", Host: "portico.test"}, CountKey: make([]byte, 32)},
		handlers.Rooms{DB: storetest.DB(), SignIn: signin.New(storetest.DB(), testKeys, panickingWay{}), Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler()
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
			t.Errorf("the %s tells what was panicked with", what)
		}
	}
}
