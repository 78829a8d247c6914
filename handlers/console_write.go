package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// SupportMode is what an installation lets its own support do.
type SupportMode string

// Support as the zero value has it; with a second agent's word before anything is
// changed; and not at all.
const (
	SupportOn       SupportMode = ""
	SupportFourEyes SupportMode = "four-eyes"
	SupportOff      SupportMode = "off"
)

var errSupportOff = &web.Problem{Status: http.StatusForbidden, Sentence: "Support is turned off on this installation."}

var errNoPasskey = &web.Problem{Status: http.StatusForbidden, Sentence: "Add a passkey to your account first. This installation requires one for support agents."}

// whileOn is a deed of an agent that an installation can switch off, or leave to
// those who have a passkey.
func (s *Server) whileOn(h func(http.ResponseWriter, *http.Request, store.Person) error) func(http.ResponseWriter, *http.Request, store.Person) error {
	return func(w http.ResponseWriter, r *http.Request, me store.Person) error {
		if s.cfg.Support == SupportOff {
			return errSupportOff
		}
		if owes, err := s.signin.MustAddPasskey(r.Context(), me); err != nil {
			return err
		} else if owes {
			return errNoPasskey
		}
		return h(w, r, me)
	}
}

// consoleWrite asks an agent once more whether they mean it; the proof comes first.
func (s *Server) consoleWrite(w http.ResponseWriter, r *http.Request, me store.Person) error {
	return s.writePage(w, r, me, http.StatusOK, nil)
}

func (s *Server) writePage(w http.ResponseWriter, r *http.Request, me store.Person, status int, wrong ui.Errors) error {
	var past []store.PastSupport
	if err := s.db.ReadOwn(r.Context(), me, store.SupportHistory(1, &past)); err != nil {
		return err
	}
	if len(past) == 0 || past[0].EndedHow != nil || past[0].Mode == store.SupportWrite || past[0].Slug != me.SupportSlug {
		http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
		return nil
	}
	if at := me.SteppedUpAt; at == nil || !at.After(past[0].StartedAt) || time.Since(*at) > freshEnough {
		http.Redirect(w, r, views.StepUpTo(views.PathConsoleWrite), http.StatusSeeOther)
		return nil
	}
	return s.page(w, r, status, views.ConsoleWrite(frame.Person(me), views.ConsoleWriteProps{
		Tenant:   past[0].TenantName,
		Subject:  past[0].SubjectName,
		Ticket:   past[0].Ticket,
		EndsAt:   past[0].EndsAt,
		BackURL:  views.PathBase(past[0].Slug).Home(),
		FourEyes: s.cfg.Support == SupportFourEyes,
		Errors:   wrong,
	}))
}

// consoleWriteStart turns the session to writing, or asks a second agent for it.
func (s *Server) consoleWriteStart(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	if f.Raw("sure") != "on" {
		return s.writePage(w, r, me, http.StatusUnprocessableEntity, ui.Errors{"sure": "Tick this box to continue."})
	}
	writing, err := s.db.RequestWrite(r.Context(), me, s.cfg.Support == SupportFourEyes)
	switch {
	case errors.Is(err, store.ErrStepUp):
		http.Redirect(w, r, views.StepUpTo(views.PathConsoleWrite), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return s.consolePage(w, r, me, http.StatusConflict, views.ConsoleProps{Notice: "You have no session here that can make changes."})
	case errors.Is(err, store.ErrForbidden):
		return &web.Problem{Status: http.StatusForbidden, Sentence: "This workspace allows support read-only access. Its owners and admins can allow changes."}
	case err != nil:
		return err
	case !writing:
		return s.consolePage(w, r, me, http.StatusOK, views.ConsoleProps{
			Notice: "Another agent must approve this in their console within ten minutes. Until then your session is read-only."})
	}
	http.Redirect(w, r, views.PathBase(me.SupportSlug).Home(), http.StatusSeeOther)
	return nil
}

// consoleWriteConfirm is a second agent's word.
func (s *Server) consoleWriteConfirm(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	session, _ := uuid.Parse(f.Raw("session")) // what is no id is no session
	err = s.db.ConfirmWrite(r.Context(), me, session)
	switch {
	case errors.Is(err, store.ErrStepUp):
		http.Redirect(w, r, views.StepUpTo(views.PathConsole), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return s.consolePage(w, r, me, http.StatusConflict, views.ConsoleProps{Notice: "That request is no longer open."})
	case err != nil:
		return err
	}
	http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
	return nil
}

func writeAskRows(asks []store.WriteRequest) []views.WriteAskRow {
	rows := make([]views.WriteAskRow, len(asks))
	for i, a := range asks {
		rows[i] = views.WriteAskRow{Session: a.SessionID.String(), Agent: a.AgentName, Tenant: a.TenantName, Subject: a.SubjectName,
			Reason: a.Reason, Ticket: a.Ticket, At: a.AskedAt}
	}
	return rows
}
