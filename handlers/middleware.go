package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"portico/handlers/metrics"
	"portico/handlers/web"
)

// logRequests writes one line a request. It logs the pattern of the route, never the
// path itself, because paths contain tokens and names.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &web.Recorder{ResponseWriter: w}
		seen := &routeSeen{}
		ctx := context.WithValue(s.metrics.StartRequest(r.Context()), routeSeenKey{}, seen)
		// A download that is cut off panics, and must be logged too.
		defer func() { s.logAnswer(ctx, r, rec, seen.route, time.Since(start)) }()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// logAnswer logs and counts a request.
func (s *Server) logAnswer(ctx context.Context, r *http.Request, rec *web.Recorder, route Route, took time.Duration) {
	id := web.RequestID(r)
	s.log.LogAttrs(ctx, slog.LevelInfo, "request",
		slog.String("request_id", id),
		slog.String("method", r.Method),
		slog.String("route", route.Path),
		slog.Int("status", rec.Status),
		slog.Int64("bytes", rec.Bytes),
		slog.Duration("took", took))
	a := metrics.Request{RequestID: id, Route: route.Path, Method: r.Method, Status: rec.Status, Duration: took}
	if route.Streams && r.Method == http.MethodGet && rec.Status < http.StatusBadRequest {
		a.Download = rec.Bytes
	}
	s.metrics.EndRequest(ctx, a)
}

// routeSeen passes the route back to the log, because the middleware chain copies the
// request.
type routeSeen struct{ route Route }

type routeSeenKey struct{}

func noteRoute(r *http.Request, route Route) {
	if seen, ok := r.Context().Value(routeSeenKey{}).(*routeSeen); ok {
		seen.route = route
	}
}

// logAs names the path that the log shows for a handler without a [Route].
func logAs(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteRoute(r, Route{Path: path})
		next.ServeHTTP(w, r)
	})
}
