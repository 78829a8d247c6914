package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Problem is an error with an answer: the status, and what to tell the visitor.
// It is the only error type that handlers use for that. Compare Problems that are
// package variables with [errors.Is], and look for a status with [HasStatus].
type Problem struct {
	Status   int
	Title    string // of the page; "" is the text of the status
	Sentence string // for the visitor; "" is the page's own for the status
	// Link is where the visitor goes from here; the zero value is wherever the
	// page leads by itself.
	Link Link
	// RetryAfter is sent as Retry-After, in whole seconds; 0 is the default of the
	// status.
	RetryAfter time.Duration
	// Cause is what [errors.Is] and [errors.As] find below, and what the log gets.
	// The visitor never sees it.
	Cause error
}

// Link is an address with its label.
type Link struct{ URL, Label string }

// Error names the status and the cause, for the log.
func (p *Problem) Error() string {
	text := strings.ToLower(http.StatusText(p.Status))
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text
}

func (p *Problem) Unwrap() error { return p.Cause }

// TooMany is a limit that was reached and ends after that long, at least a second.
func TooMany(after time.Duration, cause error) *Problem {
	return &Problem{Status: http.StatusTooManyRequests, RetryAfter: max(after, time.Second), Cause: cause}
}

// HasStatus says whether err is a [Problem] of that status.
func HasStatus(err error, status int) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Status == status
}

// MarshalProblem is the problem as RFC 9457 writes it, application/problem+json.
// The request id is the instance, so that support finds the line in the log.
func MarshalProblem(p *Problem, requestID string) ([]byte, error) {
	document := struct {
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail,omitempty"`
		Instance string `json:"instance,omitempty"`
	}{
		Type:   "about:blank", // the status says all there is to say about the kind
		Title:  cmp.Or(p.Title, http.StatusText(p.Status)),
		Status: p.Status,
		Detail: p.Sentence,
	}
	if requestID != "" {
		document.Instance = "urn:uuid:" + requestID
	}
	return json.Marshal(document)
}
