package web_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/handlers/web"
)

// Case 53: secrets of every shape are redacted, under secret and harmless keys, nested
// and in errors. Other values are logged.
func TestLogsRedactSecrets(t *testing.T) {
	t.Parallel()
	secrets := []string{
		"__Host-portico=MTc2Mzg0NzQ0NnxabCanary", "Bearer abcCanary.def", "person-canary@acme.test",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln", strings.Repeat("Canary", 8), "postgres://portico_app:canary@db/portico",
		"X-Amz-Signature=canary123&x=1", "0123456789abcdef0123456789abcdefcanary00"[:32],
	}
	for _, secret := range secrets {
		var out bytes.Buffer
		log := web.NewLogger(&out, slog.LevelDebug)
		log.Info("said "+secret, "note", secret)
		log.With("note", secret).WithGroup("g").Info("x", slog.Group("deep", "note", secret))
		log.Error("x", "error", errors.New("failed with "+secret))
		log.Info("x", "any", map[string]any{"inner": map[string]string{"note": secret}})
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q was logged: %s", secret, out.String())
		}
	}
	for _, key := range []string{"Cookie", "AUTHORIZATION", "access_token", "Code", "password", "api_key", "file_name", "user_email"} {
		var out bytes.Buffer
		log := web.NewLogger(&out, slog.LevelDebug)
		log.Info("x", key, "canary", "deep", map[string]any{"a": map[string]any{key: "canary"}}, slog.Group("g", key, "canary"))
		if strings.Contains(out.String(), "canary") {
			t.Errorf("a value under %q was logged: %s", key, out.String())
		}
	}
	var out bytes.Buffer
	id := "0192f0c1-2b3c-7def-8123-456789abcdef"
	web.NewLogger(&out, slog.LevelDebug).Info("request", "request_id", id, "tenant", uuid.MustParse(id), "route", "/w/{tenant}/projects/{id}", "status", 404)
	for _, part := range []string{`"request_id":"` + id + `"`, `"tenant":"` + id + `"`, "/w/{tenant}/projects/{id}", "404"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the log lacks %q: %s", part, out.String())
		}
	}
}
