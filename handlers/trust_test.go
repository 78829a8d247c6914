package handlers_test

import (
	"html"
	"net/http"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
	"portico/views"
)

// Everybody reads the trust page: each claim, its command, and when it last held here. It
// names no tenant.
func TestEverybodyReadsTheTrustPage(t *testing.T) {
	t.Parallel()
	s := setupDesk(t)
	must(t, storetest.DB().RecordProof(t.Context(), store.ClaimIsolation, true))
	page := s.nobody().get(t, "/trust")
	if page.status != http.StatusOK {
		t.Fatalf("status %d", page.status)
	}
	for _, claim := range views.TrustClaims() {
		has(t, "the page", page, html.EscapeString(claim.Says))
	}
	has(t, "the page", page, "No customer sees another customer", "portico doctor", "Last proved here", "/.well-known/portico-signing-keys")
	hasNot(t, "the page", page, s.Acme, s.Agency)
}
