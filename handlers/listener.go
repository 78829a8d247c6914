package handlers

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"portico/store"
	"portico/views"
)

// HTTPServer is the public listener's server, with the limits that a stranger
// meets before any route does. It is served on a [Listener].
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		// For whatever no route takes; those that do set their own.
		ReadTimeout: readTime,
		// Set anew for each request: without it a deadline that a page has set
		// stays on the connection and cuts off the request after it. What
		// streams lifts it and sets its own.
		WriteTimeout:   writeTime,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
		// "OPTIONS *" is a request like any other.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if c, ok := c.(*conn); ok {
				c.refuse = s.refuseUnread
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

// Listener is l with connections on which also those answers are ours that
// net/http gives by itself, to what it cannot read as a request.
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

// conn knows whether a handler of ours is answering. What is written while none
// is comes from net/http alone, and is put into our words.
type conn struct {
	net.Conn
	refuse    func(status int) []byte // nil leaves all as it is
	answering atomic.Bool
}

// takes says that from here on a handler answers.
func takes(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.answering.Store(true)
	}
}

func (c *conn) Write(b []byte) (int, error) {
	if c.refuse == nil || c.answering.Load() {
		return c.Conn.Write(b)
	}
	said := b
	if status, ok := statusLine(b); ok {
		said = c.refuse(status)
	}
	if _, err := c.Conn.Write(said); err != nil {
		return 0, err
	}
	return len(b), nil
}

// statusLine reads the status off the beginning of an answer.
func statusLine(b []byte) (status int, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte("HTTP/1."))
	if !ok || len(rest) < 5 {
		return 0, false
	}
	status, err := strconv.Atoi(string(rest[2:5]))
	return status, err == nil && status >= http.StatusBadRequest
}

// refuseUnread is the whole answer to what could not be read as a request.
func (s *Server) refuseUnread(status int) []byte {
	id := store.NewID().String()
	var page bytes.Buffer
	if err := views.Error(views.ErrorProps{Status: status, RequestID: id}).Render(context.Background(), &page); err != nil {
		page.Reset() // the status says enough
	}
	h := http.Header{}
	s.setSecurityHeaders(h)
	h.Set("X-Request-Id", id)
	h.Set("Cache-Control", "private, no-store")
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = h.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(page.Bytes())
	s.log.Info("request", "request_id", id, "route", "", "status", status, "bytes", page.Len())
	return b.Bytes()
}
