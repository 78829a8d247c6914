package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"portico/handlers/web"
)

// A program gets a problem as RFC 9457 requires, without its cause.
func TestWriteProblem(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret cause")
	for _, c := range []struct {
		problem web.Problem
		id      string
		members map[string]any
		want    string
	}{
		{
			web.Problem{Status: http.StatusConflict, Name: "taken", Title: "That account is taken", Sentence: "Link another one.", Cause: cause}, "0192f0c1", map[string]any{"limit": 5},
			`{"detail":"Link another one.","instance":"urn:uuid:0192f0c1","limit":5,"status":409,"title":"That account is taken","type":"https://x.test/api#taken"}`,
		},
		{web.Problem{Status: http.StatusNotFound, Cause: cause}, "", nil, `{"status":404,"title":"Not Found","type":"https://x.test/api#not-found"}`},
		{web.Problem{Status: http.StatusTeapot}, "", nil, `{"status":418,"title":"I'm a teapot","type":"https://x.test/api#failed"}`},
	} {
		rec := httptest.NewRecorder()
		web.WriteProblem(rec, &c.problem, "https://x.test/api", c.id, c.members)
		if got := strings.TrimSpace(rec.Body.String()); got != c.want || rec.Code != c.problem.Status || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%d %s; want %s", rec.Code, got, c.want)
		}
	}
}

// HasStatus and errors.Is find a wrapped problem's status and cause.
func TestWrappedProblemIsFound(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("count: %w", web.TooMany(0, cause))
	if !web.HasStatus(err, http.StatusTooManyRequests) || web.HasStatus(err, http.StatusNotFound) || web.HasStatus(cause, http.StatusTooManyRequests) {
		t.Errorf("the status of %v is not found", err)
	}
	if !errors.Is(err, cause) || !strings.HasSuffix(err.Error(), "cause") {
		t.Errorf("the cause of %v is not found", err)
	}
	if p, _ := errors.AsType[*web.Problem](err); p.RetryAfter != time.Second {
		t.Errorf("it ends after %s", p.RetryAfter)
	}
}
