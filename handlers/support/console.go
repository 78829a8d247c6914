package support

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// Limits of the console for one agent.
const (
	searchesPerMinute = 30
	startsPerHour     = 60
	historyShown      = 25
	askedShown        = 10
)

// Console is an agent's home page: a search, the form for a session in one tenant,
// and their own past sessions. While support is turned off, only these sessions.
func (s *Service) Console(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if s.mode == Off {
		return s.consolePage(w, r, me, http.StatusOK, views.ConsoleProps{Notice: ErrOff.Sentence, Off: true})
	}
	q := r.URL.Query()
	var props views.ConsoleProps
	if q.Get("over") != "" && me.SupportOver {
		props = overNotice(me, overSentence(me.SupportOverHow))
	}
	props.Query = strings.TrimSpace(q.Get("q"))
	if slug := q.Get("ask"); slug != "" {
		return s.requestFormPage(w, r, me, props, slug)
	}
	if slug := q.Get("tenant"); slug != "" {
		return s.startFormPage(w, r, me, props, slug)
	}
	if props.Query == "" {
		return s.consolePage(w, r, me, http.StatusOK, props)
	}
	props.Asked = true
	found, err := s.find(r, me, props.Query)
	if err != nil {
		return err
	}
	props.Results = tenantRows(found)
	return s.consolePage(w, r, me, http.StatusOK, props)
}

// overNotice is the console with a sentence about a session that is over, and the way to
// another one.
func overNotice(me store.Person, sentence string) views.ConsoleProps {
	props := views.ConsoleProps{Notice: sentence}
	if me.SupportSlug != "" {
		props.NoticeURL, props.NoticeLabel = views.ConsoleTenant(me.SupportSlug), "Start another session"
	}
	return props
}

// overSentence tells an agent why their session is over.
func overSentence(how store.SupportEnd) string {
	switch how {
	case store.SupportExpired:
		return "Your session has ended because its time ran out."
	case store.SupportRevoked:
		return "The customer ended your session."
	case store.SupportTargetGone:
		return "Your session has ended because the person you viewed as no longer has access."
	case store.SupportTenantSuspended:
		return "Your session has ended because the workspace was suspended."
	}
	return "Your session has ended."
}

// consolePage adds the agent's own past sessions to the props and renders the page.
func (s *Service) consolePage(w http.ResponseWriter, r *http.Request, me store.Person, status int, props views.ConsoleProps) error {
	var past []store.PastSupport
	var asked []store.SentAccessRequest
	var waiting []store.WriteRequest
	var flagged []store.FlaggedSupport
	reads := []store.OwnRead{store.SupportHistory(historyShown, &past), store.ListSentAccessRequests(askedShown, &asked), store.ListFlaggedSupport(historyShown, &flagged)}
	if s.mode == FourEyes {
		reads = append(reads, store.ListWriteRequests(&waiting))
	}
	if err := s.db.ReadOwn(r.Context(), me, reads...); err != nil {
		return err
	}
	props.Sent, props.Waiting = requestedRows(asked), writeAskRows(waiting)
	for _, f := range flagged {
		props.Flagged = append(props.Flagged, views.FlaggedRow{Agent: f.AgentName, Tenant: f.TenantName, Ticket: f.Ticket, Words: f.Words, By: f.ByName, StartedAt: f.StartedAt, At: f.CreatedAt})
	}
	for _, p := range past {
		props.History = append(props.History, pastRow(me, p))
	}
	c := frame.Person(me)
	c.MailAway = (props.Ask != nil || props.Start != nil) && frame.MailAway(r)
	return views.Render(w, r, status, views.Console(c, props))
}

func pastRow(me store.Person, p store.PastSupport) views.SupportSessionRow {
	row := views.SupportSessionRow{
		Agent:     me.Name,
		By:        store.SupportSession{Kind: p.Kind, AgentName: me.Name, SubjectName: p.SubjectName}.By(""),
		Tenant:    p.TenantName,
		Write:     p.Mode == store.SupportWrite,
		Reason:    p.Reason,
		Ticket:    p.Ticket,
		StartedAt: p.StartedAt,
		EndedAt:   frame.OrZero(p.EndedAt),
		EndsAt:    p.EndsAt,
		Ended:     howEnded(p.Kind, frame.OrZero(p.EndedHow), false),
	}
	if p.EndedAt == nil {
		row.EndURL = views.PathConsoleStop
		if p.Slug == me.SupportSlug {
			row.BackURL = views.PathBase(p.Slug).Home()
		}
	}
	return row
}

// find searches for tenants, within the agent's rate limit. The store records the search
// in the agent's account and in the tenants that it finds, before it shows them.
func (s *Service) find(r *http.Request, me store.Person, text string) ([]store.FoundTenant, error) {
	if err := s.attempts.Count(r.Context(), searchesPerMinute, time.Minute, "console search by "+me.ID().String()); err != nil {
		return nil, err
	}
	return s.db.FindSupportTenants(r.Context(), me, text)
}

func tenantRows(found []store.FoundTenant) []views.ConsoleTenantRow {
	rows := make([]views.ConsoleTenantRow, len(found))
	for i, t := range found {
		rows[i] = views.ConsoleTenantRow{Name: t.Name, Slug: t.Slug, GrantUntil: frame.OrZero(t.GrantEndsAt)}
		switch {
		case t.AgencyName != nil:
			rows[i].Under = "Client of " + *t.AgencyName
		case t.Kind != nil:
			rows[i].Under = "Agency"
		}
		if t.GrantEndsAt != nil {
			rows[i].StartURL = views.ConsoleTenant(t.Slug)
		} else if t.Asks {
			rows[i].AskURL = views.ConsoleAskFor(t.Slug)
		}
	}
	return rows
}

// startFormPage opens the form for a session in one tenant. The step-up comes before
// the form, so that it can't discard typed values.
func (s *Service) startFormPage(w http.ResponseWriter, r *http.Request, me store.Person, props views.ConsoleProps, slug string) error {
	found, err := s.find(r, me, slug)
	if err != nil {
		return err
	}
	props.Query, props.Asked = slug, true
	if len(found) == 0 || found[0].Slug != slug || found[0].GrantEndsAt == nil {
		props.Results = tenantRows(found)
		return s.consolePage(w, r, me, http.StatusOK, props)
	}
	q := r.URL.Query()
	typed := views.ConsoleForm{Person: q.Get("person"), Ticket: q.Get("ticket"), Minutes: q.Get("minutes")}
	if !frame.SteppedUp(me) {
		http.Redirect(w, r, views.StepUpTo(formURL(slug, typed)), http.StatusSeeOther)
		return nil
	}
	if err := s.fillFromRequest(r, me, slug, &typed); err != nil {
		return err
	}
	props.Start = startForm(found[0], typed, nil)
	return s.consolePage(w, r, me, http.StatusOK, props)
}

// fillFromRequest fills in the reason and the ticket of the agent's approved request, so
// that they don't type them twice. Older ones than the longest consent are of the past.
func (s *Service) fillFromRequest(r *http.Request, me store.Person, slug string, typed *views.ConsoleForm) error {
	var asked []store.SentAccessRequest
	if err := s.db.ReadOwn(r.Context(), me, store.ListSentAccessRequests(askedShown, &asked)); err != nil {
		return err
	}
	for _, a := range asked {
		if a.Slug == slug && frame.OrZero(a.Answer) == store.AnswerGranted && time.Since(frame.OrZero(a.AnsweredAt)) < store.MaxGrant {
			typed.Reason, typed.Ticket = cmp.Or(typed.Reason, a.Reason), cmp.Or(typed.Ticket, a.Ticket)
			return nil
		}
	}
	return nil
}

// formURL returns the URL of the form with its choices. The reason stays out of
// URLs.
func formURL(slug string, typed views.ConsoleForm) string {
	q := url.Values{"tenant": {slug}}
	for key, value := range map[string]string{"person": typed.Person, "ticket": typed.Ticket, "minutes": typed.Minutes} {
		if value != "" && len(value) <= store.MaxTicket*4 {
			q.Set(key, value)
		}
	}
	return views.PathConsole + "?" + q.Encode()
}

// startForm is the form of a session. People is nil until the agent gave a reason.
func startForm(t store.FoundTenant, typed views.ConsoleForm, people []store.SupportTarget) *views.ConsoleStart {
	start := &views.ConsoleStart{TenantName: t.Name, TenantSlug: t.Slug, GrantUntil: frame.OrZero(t.GrantEndsAt), HasDrafts: t.AgencyName != nil, Form: typed}
	for _, p := range people {
		side := "client"
		if p.Party == store.PartyAgency {
			side = "agency"
		}
		id := p.UserID.String()
		start.People = append(start.People, ui.Option{
			Value: id, Label: p.Name + ", " + strings.ToLower(frame.RoleNames[p.Role]) + " (" + side + ")", Selected: id == typed.Person})
	}
	return start
}

// StartSession starts a session, or shows the form again with an error at each wrong
// field. Without a person it lists those to choose from, which needs the reason first.
func (s *Service) StartSession(w http.ResponseWriter, r *http.Request, me store.Person) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	if err := s.attempts.Count(r.Context(), startsPerHour, time.Hour, "console start by "+me.ID().String()); err != nil {
		return err
	}
	slug := strings.TrimSpace(f.Raw("tenant"))
	typed := views.ConsoleForm{Person: f.Raw("person"), Reason: f.Raw("reason"), Ticket: f.Raw("ticket"), Minutes: f.Raw("minutes")}
	in := store.SupportStart{Slug: slug, Reason: typed.Reason, Ticket: typed.Ticket}
	// The store refuses a malformed id or number.
	in.Subject, _ = web.ParseID(typed.Person)
	minutes, _ := strconv.ParseInt(typed.Minutes, 10, 16) // a number too large for int16 stays too large for the store
	in.Minutes = int(minutes)
	var people []store.SupportTarget
	if typed.Person == "" {
		people, err = s.db.ListSupportTargets(r.Context(), me, in)
	} else {
		_, err = s.db.StartSupport(r.Context(), me, in)
		s.metrics.Support(startEvent(err))
	}
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case err == nil && typed.Person == "":
		return s.startFormAgain(w, r, me, slug, "", typed, people, http.StatusOK)
	case err == nil:
		http.Redirect(w, r, views.PathBase(slug).Home(), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrStepUp):
		http.Redirect(w, r, views.StepUpTo(formURL(slug, typed)), http.StatusSeeOther)
		return nil
	case errors.Is(err, store.ErrConflict):
		if people, err = s.db.ListSupportTargets(r.Context(), me, in); err != nil {
			return err
		}
		return s.startFormAgain(w, r, me, slug, "This session was not started: you already have one. Stop that one, then start this one.", typed, people, http.StatusConflict)
	case errors.Is(err, store.ErrForbidden):
		return &web.Problem{Status: http.StatusForbidden, Sentence: "This workspace doesn't allow support access. Its owners and admins can."}
	case invalid:
		typed.Errors = ui.Errors(wrong)
		if wrong["reason"] == "" && wrong["ticket"] == "" {
			if people, err = s.db.ListSupportTargets(r.Context(), me, in); err != nil {
				return err
			}
		}
		return s.startFormAgain(w, r, me, slug, "", typed, people, http.StatusUnprocessableEntity)
	}
	return err
}

// startEvent returns the metrics label for an attempt to start a session.
func startEvent(err error) string {
	if err != nil {
		return "refused"
	}
	return "started"
}

// startFormAgain shows the form as it was typed, with a notice or its errors, and the
// people to choose from.
func (s *Service) startFormAgain(w http.ResponseWriter, r *http.Request, me store.Person, slug, notice string, typed views.ConsoleForm, people []store.SupportTarget, status int) error {
	found, err := s.db.FindSupportTenants(r.Context(), me, slug)
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].Slug != slug {
		return store.ErrNotFound
	}
	return s.consolePage(w, r, me, status, views.ConsoleProps{Notice: notice, Start: startForm(found[0], typed, people)})
}

// StopSession ends the agent's session. Stopping again does nothing.
func (s *Service) StopSession(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := s.db.StopSupport(r.Context(), me); err != nil {
		return err
	}
	s.metrics.Support("stopped")
	http.Redirect(w, r, views.PathConsole, http.StatusSeeOther)
	return nil
}
