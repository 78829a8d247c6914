package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Recorder remembers the status and size of an answer, for the log.
type Recorder struct {
	http.ResponseWriter
	Status int // 0 until the header is out
	Bytes  int64
}

// WriteHeader records the status.
func (rec *Recorder) WriteHeader(status int) {
	if rec.Status == 0 {
		rec.Status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *Recorder) Write(b []byte) (int, error) {
	if rec.Status == 0 {
		rec.Status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.Bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (rec *Recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// GuardPanics answers a panic with a 500, or closes the connection if part of the
// answer was already sent. It must run inside the [Recorder].
func GuardPanics(log *slog.Logger, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			// A panic value can hold secrets, so only its type is logged.
			log.ErrorContext(r.Context(), "panic", "request_id", RequestID(r), "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if rec, ok := w.(*Recorder); ok && rec.Status != 0 {
				panic(http.ErrAbortHandler)
			}
			refuse(w, r, &Problem{Status: http.StatusInternalServerError})
		}()
		next.ServeHTTP(w, r)
	})
}
