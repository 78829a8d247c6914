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

	"portico/handlers"
	"portico/handlers/signin"
	"portico/store"
	"portico/store/storetest"
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
