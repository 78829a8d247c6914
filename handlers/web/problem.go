package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Problem is an error with the status and the sentence of the answer. It is the only
// error type that handlers use for that. Compare Problems that are package variables
// with [errors.Is], and check for a status with [HasStatus].
type Problem struct {
	Status   int
	Title    string // of the page; "" is the text of the status
	Sentence string // for the visitor; "" is the page's own for the status
	// Link is where the page leads; the zero value is the page's own default.
	Link Link
	// Saved says what of the request was saved, if that is not nothing.
	Saved string
	// RetryAfter is sent as Retry-After, in whole seconds; 0 is the default of the
	// status.
	RetryAfter time.Duration
	// Cause is the wrapped error, for [errors.Is], [errors.As] and the log. The visitor
	// never sees it.
	Cause error
}

// Link is an address with its label.
type Link struct{ URL, Label string }

// Error returns the status and the cause, for the log.
func (p *Problem) Error() string {
	text := strings.ToLower(http.StatusText(p.Status))
	if p.Cause != nil {
		text += ": " + p.Cause.Error()
	}
	return text
}

func (p *Problem) Unwrap() error { return p.Cause }

// TooMany returns a 429 that tells the visitor to retry after that long, at least one
// second.
func TooMany(after time.Duration, cause error) *Problem {
	return &Problem{Status: http.StatusTooManyRequests, RetryAfter: max(after, time.Second), Cause: cause}
}

// HasStatus reports whether err is or wraps a [Problem] with that status.
func HasStatus(err error, status int) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Status == status
}

// MarshalProblem returns the problem as RFC 9457 JSON, application/problem+json. The
// request id becomes the instance, so that support can find the log line.
func MarshalProblem(p *Problem, requestID string) ([]byte, error) {
	document := struct {
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail,omitempty"`
		Instance string `json:"instance,omitempty"`
	}{
		Type:   "about:blank", // the status alone identifies the kind
		Title:  cmp.Or(p.Title, http.StatusText(p.Status)),
		Status: p.Status,
		Detail: p.Sentence,
	}
	if requestID != "" {
		document.Instance = "urn:uuid:" + requestID
	}
	return json.Marshal(document)
}
