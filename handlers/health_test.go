package handlers_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
)

// The health checks reveal neither software nor addresses of other services.
func TestHealthChecksRevealNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		got := s.nobody().get(t, path)
		want(t, path, got, http.StatusOK)
		if got.header.Get("Server") != "" || got.header.Get("Cache-Control") != "no-store" || len(got.body) > 40 {
			t.Errorf("%s: %v %q", path, got.header, got.body)
		}
	}
	var said map[string]any
	if err := json.Unmarshal([]byte(s.nobody().get(t, "/readyz").body), &said); err != nil || said["ready"] != true {
		t.Errorf("%v, %v", said, err)
	}
	var keys []string
	for key := range said {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"ready"}) {
		t.Errorf("it says %v", keys)
	}
}
