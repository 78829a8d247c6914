package support

import (
	"errors"
	"net/http"
	"time"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// ShowWriting asks an agent to confirm that their session may make changes, after a
// step-up.
func (s *Service) ShowWriting(w http.ResponseWriter, r *http.Request, me store.Person) error {
	return s.writePage(w, r, me, http.StatusOK, nil)
}

func (s *Service) writePage(w http.ResponseWriter, r *http.Request, me store.Person, status int, wrong ui.Errors) error {
	var past []store.PastSupport
	if err := s.db.ReadOwn(r.Context(), me, store.SupportHistory(1, &past)); err != nil {
		return err
	}
	if len(past) == 0 || past[0].EndedHow != nil || past[0].Mode == store.SupportWrite || past[0].Slug != me.SupportSlug {
		to := views.PathConsole
		if me.SupportOver {
			to += "?over=1"
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	if at := me.SteppedUpAt; at == nil || !at.After(past[0].StartedAt) || time.Since(*at) > frame.StepUpAge {
		http.Redirect(w, r, views.StepUpTo(views.PathConsoleWrite), http.StatusSeeOther)
		return nil
	}
	c := frame.Person(me)
	c.Support = &views.SupportBar{Actor: me.Name, Subject: past[0].SubjectName, Tenant: past[0].TenantName, Reason: past[0].Reason,
		Ticket: past[0].Ticket, EndsAt: past[0].EndsAt, Left: frame.TimeLeft(past[0].EndsAt), StopURL: views.PathConsoleStop}
	return views.Render(w, r, status, views.ConsoleWrite(c, views.ConsoleWriteProps{
		Tenant:   past[0].TenantName,
		Subject:  past[0].SubjectName,
		Ticket:   past[0].Ticket,
		EndsAt:   past[0].EndsAt,
		BackURL:  views.PathBase(past[0].Slug).Home(),
		FourEyes: s.mode == FourEyes,
		Errors:   wrong,
	}))
}

// StartWriting switches the session to write mode, or asks a second agent to confirm
// it.
func (s *Service) StartWriting(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	if f.Raw("sure") != "on" {
		return s.writePage(w, r, me, http.StatusUnprocessableEntity, ui.Errors{"sure": "Tick this box to continue."})
	}
	writing, err := s.db.RequestWrite(r.Context(), me, s.mode == FourEyes)
	switch {
	case errors.Is(err, store.ErrStepUp):
		http.Redirect(w, r, views.StepUpTo(views.PathConsoleWrite), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		return s.noChanges(w, r, me)
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

// noChanges says why a session was not switched to write mode: it has ended, or it writes
// already.
func (s *Service) noChanges(w http.ResponseWriter, r *http.Request, me store.Person) error {
	var past []store.PastSupport
	if err := s.db.ReadOwn(r.Context(), me, store.SupportHistory(1, &past)); err != nil {
		return err
	}
	props := overNotice(me, "You have no running session. Nothing was changed.")
	switch {
	case me.SupportOver:
		props.Notice = overSentence(me.SupportOverHow) + " Nothing was changed."
	case len(past) > 0 && past[0].EndedHow == nil && past[0].Slug == me.SupportSlug:
		props = views.ConsoleProps{Notice: "Your session can make changes already.",
			NoticeURL: views.PathBase(me.SupportSlug).Home(), NoticeLabel: "Return to session"}
	}
	return s.consolePage(w, r, me, http.StatusConflict, props)
}

// ConfirmWriting records the second agent's confirmation.
func (s *Service) ConfirmWriting(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	session, _ := web.ParseID(f.Raw("session")) // a malformed id matches no session
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
