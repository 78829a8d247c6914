package handlers

import (
	"context"
	"net/http"
	"time"

	"portico/handlers/web"
)

// backgroundTimeout bounds a write in the background.
const backgroundTimeout = 5 * time.Second

// inBackground does a small write after the page is rendered. It outlives the request,
// ends after backgroundTimeout, and logs its failure instead of showing it.
func (s *Server) inBackground(r *http.Request, name string, fn func(context.Context) error) {
	ctx, id := context.WithoutCancel(r.Context()), web.RequestID(r)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				s.log.ErrorContext(ctx, "panic after the page", "what", name, "request_id", id)
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, backgroundTimeout)
		defer cancel()
		if err := fn(ctx); err != nil {
			s.log.WarnContext(ctx, "after the page", "what", name, "request_id", id, "error", err.Error())
		}
	}()
}
