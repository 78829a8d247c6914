package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// takeBody serves a handler that reads its body at that pace, sends it what write
// writes, and returns the handler's error.
func takeBody(t *testing.T, p Pace, write func(net.Conn)) error {
	t.Helper()
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := NewSlowBodyGuard(w, r.Body, p)
		_, err := io.Copy(io.Discard, body)
		ended <- err
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: portico.test\r\nContent-Length: 1000000\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	go write(conn)
	return <-ended
}

// A body in one piece is read. A body that stops is cut off, and so is one that is too
// slow on average, even if no single read waits too long.
func TestSlowBodyGuard(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat("x", 1_000_000)
	if err := takeBody(t, UploadPace, func(c net.Conn) { _, _ = io.WriteString(c, whole) }); err != nil {
		t.Errorf("a body in one go: %v", err)
	}
	stops := Pace{Grace: time.Hour, Idle: 50 * time.Millisecond, Rate: 1}
	if err := takeBody(t, stops, func(c net.Conn) { _, _ = io.WriteString(c, whole[:500_000]) }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a body that stops: %v", err)
	}
	slow := Pace{Grace: 50 * time.Millisecond, Idle: time.Hour, Rate: 1 << 40}
	if err := takeBody(t, slow, func(c net.Conn) { _, _ = io.WriteString(c, "x") }); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a body that falls behind: %v", err)
	}
}
