package support

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// AllowRequests sets whether support may send access requests.
func (s *Service) AllowRequests(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	may := f.Raw("asks") == "on"
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(r.Context(), may) })
	if err != nil {
		return err
	}
	deed := "support.requests_blocked"
	if may {
		deed = "support.requests_allowed"
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), deed, "")
}

// MakeCode makes a code that an owner or admin reads out to a support agent.
func (s *Service) MakeCode(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.MakeSupportCode(r.Context()) })
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), "support.code_made", "")
}

// ShowRequest is the page that the mail links to. It shows the request and doesn't
// answer it.
func (s *Service) ShowRequest(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.requestPage(w, r, me, http.StatusOK, views.SupportAskForm{})
}

func (s *Service) requestPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed views.SupportAskForm) error {
	var ask store.AccessRequest
	var access []store.Consent
	var seen store.Seen
	err := s.db.Read(r.Context(), me, store.GetAccessRequest(web.PathID(r), &ask), store.SupportInForce(&access), store.SeenConsent(&seen))
	if err != nil {
		return err
	}
	typed.Seen = string(seen)
	props := views.SupportAskProps{
		SupportAskRow: requestRow(frame.Base(r, me), me, ask),
		ID:            ask.ID.String(),
		EndsAt:        ask.EndsAt,
		CanAnswer:     ask.Open && mayConsent(me),
		Scope:         scopeOf(me),
		Answered:      answeredBy(ask),
	}
	if status == http.StatusConflict {
		props.Kept = views.KeptTexts(r.PostForm)
		if props.CanAnswer { // the consent changed, not the request
			typed.Theirs, props.Kept = s.allowedMeanwhile(r, me, access), nil
		}
	}
	if typed.Hours == "" {
		typed.Hours = strconv.Itoa(ask.Hours)
	}
	if typed.Mode == "" {
		typed.Mode = string(ask.Mode)
	}
	props.Form = typed
	return views.Render(w, r, status, views.SupportAsk(frame.Tenant(r, me), props))
}

// answeredBy says how a request was answered, and by whom; "" for no answer.
func answeredBy(ask store.AccessRequest) string {
	switch frame.OrZero(ask.Answer) {
	case store.AnswerGranted:
		return ask.AnswerBy + " approved this request."
	case store.AnswerDenied:
		return ask.AnswerBy + " declined this request."
	}
	return ""
}

func requestRow(base views.Base, me store.Member, ask store.AccessRequest) views.SupportAskRow {
	return views.SupportAskRow{URL: base.SupportAsk(ask.ID.String()), Agent: ask.AgentName, Write: ask.Mode == store.SupportWrite, Hours: ask.Hours,
		Sides: sidesOf(me), Reason: ask.Reason, Ticket: ask.Ticket, At: ask.CreatedAt, Open: ask.Open}
}

// ApproveRequest grants access, as requested or with another length or mode.
func (s *Service) ApproveRequest(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.SupportAskForm{Hours: strings.TrimSpace(f.Raw("hours")), Mode: f.Raw("mode")}
	return s.answerRequest(w, r, me, typed, "support.access_approved", func(tx *store.Tx) error {
		tx.Expect(store.Seen(f.Raw("seen")))
		return tx.ApproveAccessRequest(r.Context(), web.PathID(r), store.SupportMode(typed.Mode), lengthOf(typed.Hours))
	})
}

// DenyRequest denies a request, with an optional note.
func (s *Service) DenyRequest(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.SupportAskForm{Word: f.Raw("word")}
	return s.answerRequest(w, r, me, typed, "support.access_denied", func(tx *store.Tx) error {
		return tx.DenyAccessRequest(r.Context(), web.PathID(r), typed.Word)
	})
}

func (s *Service) answerRequest(w http.ResponseWriter, r *http.Request, me store.Member, typed views.SupportAskForm, deed string, answer func(*store.Tx) error) error {
	err := s.db.Write(r.Context(), me, answer)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case invalid:
		typed.Errors = ui.Errors(wrong)
		return s.requestPage(w, r, me, http.StatusUnprocessableEntity, typed)
	case errors.Is(err, store.ErrConflict):
		return s.requestPage(w, r, me, http.StatusConflict, typed)
	case err != nil:
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Support(), deed, "")
}
