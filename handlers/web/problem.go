package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Problem is an error with the status and the sentence of the answer. It is the only
// error type that handlers use for that. Compare Problems that are package variables
// with [errors.Is], and check for a status with [HasStatus].
type Problem struct {
	Status int
	// Name is what programs tell the problem by; "" is that of the status. See [Problem.Type].
	Name     string
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

// problemNames are the names of the statuses for programs.
var problemNames = map[int]string{
	http.StatusUnauthorized:          "no-key",
	http.StatusPaymentRequired:       "plan-limit",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not-found",
	http.StatusRequestTimeout:        "too-slow",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "too-large",
	http.StatusUnprocessableEntity:   "invalid",
	http.StatusTooManyRequests:       "too-many-requests",
	http.StatusServiceUnavailable:    "unavailable",
}

// Type returns the stable name by which programs tell the problem.
func (p *Problem) Type() string {
	return cmp.Or(p.Name, problemNames[p.Status], "failed")
}

// WriteProblem answers a program with the problem as RFC 9457 JSON,
// application/problem+json. The page at types explains each type; the request id becomes
// the instance, so that support can find the log line; members are added to the document.
func WriteProblem(w http.ResponseWriter, p *Problem, types, requestID string, members map[string]any) {
	document := map[string]any{
		"type":   types + "#" + p.Type(),
		"title":  cmp.Or(p.Title, http.StatusText(p.Status)),
		"status": p.Status,
	}
	if p.Sentence != "" {
		document["detail"] = p.Sentence
	}
	if requestID != "" {
		document["instance"] = "urn:uuid:" + requestID
	}
	maps.Copy(document, members)
	b, err := json.Marshal(document)
	if err != nil {
		b = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n'))
}
