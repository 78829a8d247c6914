package handlers

import (
	"context"
	"net/http"
	"time"

	"portico/store"
)

// nothing answers a path inside a tenant that no route has.
func (s *Server) nothing(http.ResponseWriter, *http.Request, store.Member) error {
	return store.ErrNotFound
}

// nowhere answers a path that no route has.
func (s *Server) nowhere(http.ResponseWriter, *http.Request, store.Visitor) error {
	return store.ErrNotFound
}

// after does a small write once the page is made: it outlives the request, is
// bounded, and its failure costs the visitor nothing.
func (s *Server) after(r *http.Request, name string, fn func(context.Context) error) {
	ctx, id := context.WithoutCancel(r.Context()), requestID(r)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				s.log.ErrorContext(ctx, "panic after the page", "what", name, "request_id", id)
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := fn(ctx); err != nil {
			s.log.WarnContext(ctx, "after the page", "what", name, "request_id", id, "error", err.Error())
		}
	}()
}
