package support

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// requestsPerHour limits one agent's access requests, because each one sends a mail.
const requestsPerHour = 20

// requestFormPage opens the form for an access request.
func (s *Service) requestFormPage(w http.ResponseWriter, r *http.Request, me store.Person, props views.ConsoleProps, slug string) error {
	found, err := s.find(r, me, slug)
	if err != nil {
		return err
	}
	props.Query, props.Asked, props.Results = slug, true, tenantRows(found)
	if len(found) > 0 && found[0].Slug == slug && found[0].Asks {
		props.Ask = &views.ConsoleAsk{TenantName: found[0].Name, TenantSlug: slug}
	}
	return s.consolePage(w, r, me, http.StatusOK, props)
}

// RequestAccess sends an access request, or shows the form again with an error at
// each wrong field.
func (s *Service) RequestAccess(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	if err := s.attempts.Count(r.Context(), requestsPerHour, time.Hour, "console ask by "+me.ID().String()); err != nil {
		return err
	}
	slug := strings.TrimSpace(f.Raw("tenant"))
	typed := views.ConsoleForm{Reason: f.Raw("reason"), Ticket: f.Raw("ticket"), Code: f.Raw("code"), Hours: f.Raw("hours"), Mode: f.Raw("mode")}
	hours, _ := strconv.ParseInt(typed.Hours, 10, 16) // the store refuses a malformed number
	err = s.db.RequestAccess(r.Context(), me, store.NewAccessRequest{
		Slug: slug, Code: typed.Code, Mode: store.SupportMode(typed.Mode), Hours: int(hours), Reason: typed.Reason, Ticket: typed.Ticket})
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case err == nil:
		http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return s.requestFormAgain(w, r, me, slug, "This request was not sent: you have already requested access. Wait for an answer.", typed, http.StatusConflict)
	case errors.Is(err, store.ErrForbidden):
		return &web.Problem{Status: http.StatusForbidden, Sentence: "This workspace has turned off access requests. Its owners and admins can still allow support access."}
	case invalid:
		typed.Errors = ui.Errors(wrong)
		return s.requestFormAgain(w, r, me, slug, "", typed, http.StatusUnprocessableEntity)
	}
	return err
}

// requestFormAgain shows the form as it was typed, with a notice or its errors.
func (s *Service) requestFormAgain(w http.ResponseWriter, r *http.Request, me store.Person, slug, notice string, typed views.ConsoleForm, status int) error {
	found, err := s.find(r, me, slug)
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].Slug != slug {
		return store.ErrNotFound
	}
	return s.consolePage(w, r, me, status, views.ConsoleProps{Notice: notice,
		Ask: &views.ConsoleAsk{TenantName: found[0].Name, TenantSlug: slug, Form: typed}})
}

func requestedRows(asked []store.SentAccessRequest) []views.AskedRow {
	rows := make([]views.AskedRow, len(asked))
	for i, a := range asked {
		rows[i] = views.AskedRow{Tenant: a.TenantName, Write: a.Mode == store.SupportWrite, Reason: a.Reason, Ticket: a.Ticket,
			At: a.CreatedAt, Word: a.Word, State: requestState(a)}
		if frame.OrZero(a.Answer) == store.AnswerGranted {
			rows[i].StartURL = views.ConsoleTenant(a.Slug)
		}
	}
	return rows
}

// requestState returns the state of a request in words.
func requestState(a store.SentAccessRequest) string {
	switch frame.OrZero(a.Answer) {
	case store.AnswerGranted:
		return "Approved"
	case store.AnswerDenied:
		return "Declined"
	case store.AnswerWithdrawn:
		return "No answer"
	}
	if time.Now().After(a.EndsAt) {
		return "No answer"
	}
	return "Waiting for an answer"
}
