package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
)

type requestIDKey struct{}

// newRequestID returns a UUIDv7, as all our ids are.
func newRequestID() string { return uuid.Must(uuid.NewV7()).String() }

// WithRequestID gives every request an id. It ignores an id that the request carries,
// because ours is stored in the audit trail.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// RequestID returns the id that [WithRequestID] gave the request, or "".
func RequestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}
