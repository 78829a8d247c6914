package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"portico/handlers/signin"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// statusError is a refusal that is not the store's to say.
type statusError struct {
	status   int
	title    string // "" is the status's own
	sentence string
	is       error // what it is to those who look for a sentinel; may be nil
}

func (e *statusError) Unwrap() error { return e.is }

func (e *statusError) Error() string    { return http.StatusText(e.status) }
func (e *statusError) HTTPStatus() int  { return e.status }
func (e *statusError) Title() string    { return e.title }
func (e *statusError) Sentence() string { return e.sentence }

var (
	errSignIn = &statusError{status: http.StatusUnauthorized, sentence: "Sign in first."}
	errPaused = &statusError{status: http.StatusForbidden, title: "This portal is paused", sentence: "Ask the agency that runs it. Everything in it is kept."}
	// errFormTooSlow is a form whose end did not come in time.
	errFormTooSlow = &statusError{status: http.StatusRequestTimeout, sentence: "What you sent did not arrive in time. Try again."}
)

// statusOf is the one place that turns an error into a status.
func statusOf(err error) int {
	var own interface{ HTTPStatus() int }
	var tooLarge *http.MaxBytesError
	var full *store.PlanLimitError
	switch {
	case errors.As(err, &own):
		return own.HTTPStatus()
	case errors.As(err, &full):
		return http.StatusPaymentRequired
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, store.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, store.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, store.ErrInvalid):
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// refuse ends a request that failed, and logs once what is our fault. The page
// is the same for every tenant and for none.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if errors.Is(r.Context().Err(), context.Canceled) && status >= http.StatusInternalServerError {
		return // the visitor left; nobody to tell
	}
	if status >= http.StatusInternalServerError {
		s.log.ErrorContext(r.Context(), "request failed", "request_id", requestID(r), "status", status, "error", err.Error())
	}
	s.watch.Refused(status)
	var refused interface {
		RefusedBy() (provider, reason string)
	}
	if status == http.StatusBadRequest && errors.As(err, &refused) {
		provider, reason := refused.RefusedBy()
		s.log.WarnContext(r.Context(), "sign-in provider's answer refused", "request_id", requestID(r), "provider", provider, "reason", reason)
	}
	// A read that came to its deadline cancels the request, and the answer is yet to go out.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	for _, of := range []string{"Content-Disposition", "Content-Encoding", "Content-Range", "ETag", "Last-Modified", "Content-Length"} {
		h.Del(of)
	}
	if after := retryAfter(err, status); after > 0 {
		h.Set("Retry-After", strconv.Itoa(int(after.Seconds())))
	}
	title, sentence := "", ""
	if own := (interface{ Title() string })(nil); errors.As(err, &own) {
		title = own.Title()
	}
	if own := (interface{ Sentence() string })(nil); errors.As(err, &own) {
		sentence = own.Sentence()
	}
	if minutes := int(math.Ceil(retryAfter(err, status).Minutes())); status == http.StatusTooManyRequests && minutes > 1 {
		sentence = "Wait " + ui.Count(minutes, "minute", "minutes") + ", then try again. Nothing is lost."
	}
	if full := (*store.PlanLimitError)(nil); errors.As(err, &full) {
		if wantsJSON(r) {
			writeJSON(w, status, planRefusal(full))
			return
		}
		sentence = planSentence(full)
	}
	if wantsJSON(r) {
		writeJSON(w, status, map[string]string{"error": jsonName(status), "message": sentence, "request_id": requestID(r)})
		return
	}
	props := views.ErrorProps{Status: status, RequestID: requestID(r), Title: title, Sentence: sentence}
	if back := s.cameFrom(r); back != "" && !safe(r.Method) && status < http.StatusInternalServerError && status != http.StatusNotFound {
		props.WayURL, props.WayLabel = back, "Go back"
	}
	if own := (interface{ Way() (url, label string) })(nil); errors.As(err, &own) {
		props.WayURL, props.WayLabel = own.Way()
	}
	page := views.Error(props)
	if err := views.Render(w, r, status, page); err != nil {
		s.log.ErrorContext(r.Context(), "error page failed", "request_id", requestID(r), "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// cameFrom is the page of ours that a form was sent from, as a local path, or "".
func (s *Server) cameFrom(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == "" {
		return ""
	}
	return signin.LocalPath((&url.URL{Path: from.Path, RawQuery: from.RawQuery}).String())
}

func retryAfter(err error, status int) time.Duration {
	var own interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &own):
		return max(own.RetryAfter(), time.Second)
	case status == http.StatusServiceUnavailable:
		return 5 * time.Second
	case status == http.StatusTooManyRequests:
		return time.Minute
	}
	return 0
}

func jsonName(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "SIGN_IN"
	case http.StatusForbidden:
		return "FORBIDDEN"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusRequestTimeout:
		return "TOO_SLOW"
	case http.StatusConflict:
		return "CONFLICT"
	case http.StatusRequestEntityTooLarge:
		return "TOO_LARGE"
	case http.StatusUnprocessableEntity:
		return "INVALID"
	case http.StatusTooManyRequests:
		return "TOO_MANY"
	case http.StatusServiceUnavailable:
		return "UNAVAILABLE"
	}
	return "FAILED"
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"FAILED"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
