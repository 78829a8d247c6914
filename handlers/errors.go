package handlers

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portico/handlers/api"
	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

var (
	errSignIn = &web.Problem{Status: http.StatusUnauthorized, Sentence: "Sign in first."}
	// errUnknownHost answers every path of a host that names no tenant.
	errUnknownHost = &web.Problem{Status: http.StatusNotFound, Sentence: "There is no portal at this address. Check its spelling."}
	// errClosed is [paused] in the words of the agency's own staff.
	errClosed = &web.Problem{Status: http.StatusForbidden, Cause: store.ErrForbidden, Title: "This workspace is suspended or archived", Sentence: "Until an owner or admin of the agency opens it again, nobody can change anything. Everything in it is kept."}
)

// errSuspended is [errClosed] in an agency, which the operator alone suspends.
var errSuspended = &web.Problem{Status: http.StatusForbidden, Cause: store.ErrForbidden, Title: "This agency is suspended", Sentence: "Nobody can change anything in it and its clients. Everything is kept. Ask whoever runs this site."}

// paused is the answer to the people of a client that is suspended or archived. The agency
// is "" if unknown; its members and those whom it invited may know it.
func paused(agency string) *web.Problem {
	return &web.Problem{Status: http.StatusForbidden, Cause: store.ErrForbidden, Title: "This portal is paused",
		Sentence: "Ask " + cmp.Or(agency, "the agency that runs it") + " to open it again. Everything in it is kept."}
}

// pausedFor is [paused] for a member. Their home page may be this portal, so it leads
// elsewhere. A refused form keeps its own way back.
func pausedFor(r *http.Request, me store.Member) *web.Problem {
	p := paused(me.Tenant.AgencyName)
	switch {
	case !web.IsSafe(r.Method):
	case me.WorkspaceCount > 1:
		p.Link = web.Link{URL: frame.AddressOf(r).Platform + views.PathHome, Label: "All workspaces"}
	case me.Support == nil:
		p.Link = web.Link{URL: frame.AddressOf(r).Platform + views.PathAccount, Label: "Your account"}
	}
	return p
}

// problemOf is the one place that turns an error into an answer.
func problemOf(err error) web.Problem {
	p := web.Problem{Status: http.StatusInternalServerError, Cause: err}
	own, isProblem := errors.AsType[*web.Problem](err)
	full, isPlanFull := errors.AsType[*store.PlanLimitError](err)
	tooMany, isTooMany := errors.AsType[*store.TooManyActsError](err)
	_, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case isProblem:
		p = *own
	case isPlanFull:
		p.Status, p.Sentence = http.StatusPaymentRequired, planFull(full)
	case isTooMany:
		p.Status, p.RetryAfter = http.StatusTooManyRequests, tooMany.After
	case isTooLarge:
		p.Status = http.StatusRequestEntityTooLarge
	case errors.Is(err, store.ErrUnpaid):
		p.Status, p.Title, p.Sentence = http.StatusForbidden, unpaidTitle, unpaidSentence
	case errors.Is(err, store.ErrNoKey):
		p.Status, p.Sentence = http.StatusUnauthorized, "Send an API key that works, as Authorization: Bearer."
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		p.Status = http.StatusServiceUnavailable
	case errors.Is(err, store.ErrNotFound):
		p.Status = http.StatusNotFound
	case errors.Is(err, store.ErrForbidden):
		p.Status = http.StatusForbidden
	case errors.Is(err, store.ErrArchived):
		p.Status, p.Title, p.Sentence = http.StatusConflict, "This is archived", "Nobody writes notes or decides here until it is unarchived. Everything is kept."
	case errors.Is(err, store.ErrConflict):
		p.Status = http.StatusConflict
	case errors.Is(err, store.ErrInvalid):
		p.Status = http.StatusUnprocessableEntity
	}
	switch {
	case p.RetryAfter > 0:
	case p.Status == http.StatusServiceUnavailable:
		p.RetryAfter = 5 * time.Second
	case p.Status == http.StatusTooManyRequests:
		p.RetryAfter = time.Minute
	}
	if minutes := int(math.Ceil(p.RetryAfter.Minutes())); p.Status == http.StatusTooManyRequests && minutes > 1 {
		p.Sentence = "Wait " + ui.Count(minutes, "minute", "minutes") + ", then try again."
		if minutes > 90 {
			p.Sentence = "Wait " + ui.Count((minutes+59)/60, "hour", "hours") + ", then try again."
		}
	}
	return p
}

// refuse answers a request that failed. It logs server errors, once.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	ours := p.Status >= http.StatusInternalServerError
	if ours && errors.Is(r.Context().Err(), context.Canceled) {
		return // the visitor has left
	}
	if ours {
		s.log.ErrorContext(r.Context(), "request failed", "request_id", web.RequestID(r), "status", p.Status, "error", err.Error())
	}
	s.metrics.Refused(p.Status)
	// A read that exceeded its deadline cancels the request, but the answer must still be sent.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	for _, ofBody := range []string{"Content-Disposition", "Content-Encoding", "Content-Range", "ETag", "Last-Modified", "Content-Length"} {
		h.Del(ofBody)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.RetryAfter.Seconds())))
	}
	if routeOf(r).Who == AProgram || strings.HasPrefix(r.URL.Path, api.Prefix+"/") {
		s.refuseProgram(w, r, p, err)
		return
	}
	if wantsJSON(r) {
		web.WriteJSON(w, p.Status, jsonProblem(r, p, err))
		return
	}
	s.problemPage(w, r, p, err)
}

// jsonProblem is an error as JSON.
func jsonProblem(r *http.Request, p web.Problem, err error) any {
	if full, ok := errors.AsType[*store.PlanLimitError](err); ok {
		return planRefusal(full)
	}
	return map[string]string{"error": jsonName(p.Status), "message": p.Sentence, "request_id": web.RequestID(r)}
}

func (s *Server) problemPage(w http.ResponseWriter, r *http.Request, p web.Problem, err error) {
	props := errorProps(r, p)
	page := views.Error(props, nil)
	if e, ok := errors.AsType[*placedError](err); ok && e.frame != nil {
		props.Home = e.frame.Base.Home()
		page = views.ErrorInFrame(*e.frame, props)
	} else if ok {
		page = views.Error(props, e.brand)
	}
	if err := views.Render(w, r, p.Status, page); err != nil {
		s.log.ErrorContext(r.Context(), "error page failed", "request_id", web.RequestID(r), "error", err.Error())
		w.WriteHeader(http.StatusInternalServerError)
	}
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
