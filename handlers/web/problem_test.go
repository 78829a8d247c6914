package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"portico/handlers/web"
)

// A problem is marshalled as RFC 9457 requires, without its cause.
func TestMarshalProblem(t *testing.T) {
	t.Parallel()
	cause := errors.New("secret cause")
	for _, c := range []struct {
		problem web.Problem
		id      string
		want    string
	}{
		{
			web.Problem{Status: http.StatusConflict, Title: "That account is taken", Sentence: "Link another one.", Cause: cause}, "0192f0c1",
			`{"type":"about:blank","title":"That account is taken","status":409,"detail":"Link another one.","instance":"urn:uuid:0192f0c1"}`,
		},
		{web.Problem{Status: http.StatusNotFound, Cause: cause}, "", `{"type":"about:blank","title":"Not Found","status":404}`},
	} {
		got, err := web.MarshalProblem(&c.problem, c.id)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v; want %s", got, err, c.want)
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
