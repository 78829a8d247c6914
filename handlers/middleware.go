package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"portico/handlers/metrics"
	"portico/store"
)

type requestIDKey struct{}

// withRequestID names every request. The name is ours: one sent along is not
// believed, for it would end up in the audit trail.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := store.NewID().String()
		w.Header().Set("X-Request-Id", id)
		takes(r)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// recorder remembers what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// logRequests writes one line a request. The path is the pattern of the route,
// never the path itself: tokens and names travel in paths.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		seen := &routeSeen{}
		ctx := context.WithValue(s.watch.StartRequest(r.Context()), routeSeenKey{}, seen)
		// A download that is cut off leaves by a panic, and is a request all the same.
		defer func() { s.answered(ctx, r, rec, seen.route, time.Since(start)) }()
		next.ServeHTTP(rec, r.WithContext(ctx))
	})
}

// answered logs and counts a request.
func (s *Server) answered(ctx context.Context, r *http.Request, rec *recorder, route Route, took time.Duration) {
	s.log.LogAttrs(ctx, slog.LevelInfo, "request",
		slog.String("request_id", requestID(r)),
		slog.String("method", r.Method),
		slog.String("route", route.Path),
		slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes),
		slog.Duration("took", took))
	a := metrics.Request{RequestID: requestID(r), Route: route.Path, Method: r.Method, Status: rec.status, Duration: took}
	if route.Streams && r.Method == http.MethodGet && rec.status < http.StatusBadRequest {
		a.Download = rec.bytes
	}
	s.watch.EndRequest(ctx, a)
}

// routeSeen carries the route back to the log, across the copies of the request
// that the chain makes.
type routeSeen struct{ route Route }

type routeSeenKey struct{}

func noteRoute(r *http.Request, route Route) {
	if seen, ok := r.Context().Value(routeSeenKey{}).(*routeSeen); ok {
		seen.route = route
	}
}

// beside is for what answers without a line in the table.
func beside(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteRoute(r, Route{Path: path})
		next.ServeHTTP(w, r)
	})
}

// guardPanics turns a panic into a whole error page, or into an aborted answer
// when half of one is already out.
func (s *Server) guardPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			// The value of a panic may quote anything, so only its type is logged.
			s.log.ErrorContext(r.Context(), "panic", "request_id", requestID(r), "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.refuse(w, r, &statusError{status: http.StatusInternalServerError})
		}()
		next.ServeHTTP(w, r)
	})
}

// contentPolicy lets a page load its own files and nothing else. Pages are never
// framed, but files of ours may be shown inside them.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"media-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

func (s *Server) securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setSecurityHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

func (s *Server) setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if s.cfg.URL.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// refuseCrossOrigin keeps other sites from causing changes here. The standard
// library compares hosts alone; a page of our host that came without encryption
// may have been written on the way, and is another site's too.
func (s *Server) refuseCrossOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain := s.cfg.URL.Scheme == "https" && strings.HasPrefix(strings.ToLower(r.Header.Get("Origin")), "http://")
		if err := guard.Check(r); err != nil || (plain && !safe(r.Method)) {
			s.refuse(w, r, &statusError{status: http.StatusForbidden, sentence: "This came from another site, so nothing was done."})
			return
		}
		next.ServeHTTP(w, r)
	})
}
