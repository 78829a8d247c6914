package web

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// ErrorPage writes the whole answer, status line included, to a request that
// [net/http] could not read.
type ErrorPage func(status int, requestID string) []byte

// Server is a public listener's server, with the limits that apply before any
// route does. It is served on a [Listener], so that unreadable requests get our
// error page as well.
func Server(handler http.Handler, log *slog.Logger, unreadable ErrorPage) *http.Server {
	return &http.Server{
		Handler:           markAnswering(handler),
		ReadHeaderTimeout: 5 * time.Second,
		// For requests that no route takes; routes set their own.
		ReadTimeout: ReadTimeout,
		// Set again for each request: without it the deadline that a page has set
		// stays on the connection and cuts off the request after it. Uploads and
		// downloads lift it and set their own.
		WriteTimeout:   WriteTimeout,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
		// "OPTIONS *" is a request like any other.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if c, ok := c.(*conn); ok {
				c.refuse = func(status int) []byte { return unreadable(status, newRequestID()) }
				ctx = context.WithValue(ctx, connKey{}, c)
			}
			return ctx
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if c, ok := c.(*conn); ok && state == http.StateIdle {
				c.answering.Store(false)
			}
		},
	}
}

// Listener wraps l so that our error page replaces the answers that net/http gives by
// itself to requests it cannot read.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

type connKey struct{}

// conn knows whether one of our handlers is answering. Anything written at another
// time comes from net/http, and conn replaces it.
type conn struct {
	net.Conn
	refuse    func(status int) []byte // nil: nothing is replaced
	answering atomic.Bool
}

// markAnswering records on the connection that a handler answers.
func markAnswering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*conn); ok {
			c.answering.Store(true)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *conn) Write(b []byte) (int, error) {
	if c.refuse == nil || c.answering.Load() {
		return c.Conn.Write(b)
	}
	answer := b
	if status, ok := statusLine(b); ok {
		answer = c.refuse(status)
	}
	if _, err := c.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(b), nil
}

// statusLine returns the status at the beginning of an answer. ok is false unless it
// is an error.
func statusLine(b []byte) (status int, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte("HTTP/1."))
	if !ok || len(rest) < 5 {
		return 0, false
	}
	status, err := strconv.Atoi(string(rest[2:5]))
	return status, err == nil && status >= http.StatusBadRequest
}
