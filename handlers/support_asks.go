package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// supportAsking says whether support may ask to come in.
func (s *Server) supportAsking(w http.ResponseWriter, r *http.Request, me store.Member) error {
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
	return done(w, r, baseOf(r, me).Support(), deed, "")
}

// supportAskShow is where the mail's button leads. It spends nothing.
func (s *Server) supportAskShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return s.askPage(w, r, me, http.StatusOK, views.SupportAskForm{})
}

func (s *Server) askPage(w http.ResponseWriter, r *http.Request, me store.Member, status int, typed views.SupportAskForm) error {
	var ask store.AccessRequest
	if err := s.db.Read(r.Context(), me, store.GetAccessRequest(web.PathID(r), &ask)); err != nil {
		return err
	}
	if typed.Hours == "" {
		typed.Hours = strconv.Itoa(ask.Hours)
	}
	if typed.Mode == "" {
		typed.Mode = string(ask.Mode)
	}
	return s.page(w, r, status, views.SupportAsk(s.chrome(r, me), views.SupportAskProps{
		SupportAskRow: askRow(baseOf(r, me), ask),
		ID:            ask.ID.String(),
		EndsAt:        ask.EndsAt,
		CanAnswer:     ask.Open && consents(me),
		Form:          typed,
	}))
}

func askRow(base views.Base, ask store.AccessRequest) views.SupportAskRow {
	return views.SupportAskRow{URL: base.SupportAsk(ask.ID.String()), Agent: ask.AgentName, Write: ask.Mode == store.SupportWrite, Hours: ask.Hours,
		Reason: ask.Reason, Ticket: ask.Ticket, At: ask.CreatedAt, Open: ask.Open}
}

// supportAskGrant lets support in, as it asked or otherwise.
func (s *Server) supportAskGrant(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.SupportAskForm{Hours: strings.TrimSpace(f.Raw("hours")), Mode: f.Raw("mode")}
	return s.answerAsk(w, r, me, typed, "support.access_approved", func(tx *store.Tx) error {
		return tx.ApproveAccessRequest(r.Context(), web.PathID(r), store.SupportMode(typed.Mode), lengthOf(typed.Hours))
	})
}

// supportAskDeny says no, with a word if they like.
func (s *Server) supportAskDeny(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	typed := views.SupportAskForm{Word: f.Raw("word")}
	return s.answerAsk(w, r, me, typed, "support.access_denied", func(tx *store.Tx) error {
		return tx.DenyAccessRequest(r.Context(), web.PathID(r), typed.Word)
	})
}

func (s *Server) answerAsk(w http.ResponseWriter, r *http.Request, me store.Member, typed views.SupportAskForm, deed string, answer func(*store.Tx) error) error {
	err := s.db.Write(r.Context(), me, answer)
	wrong, invalid := errors.AsType[store.InvalidError](err)
	switch {
	case invalid:
		typed.Errors = ui.Errors(wrong)
		return s.askPage(w, r, me, http.StatusUnprocessableEntity, typed)
	case errors.Is(err, store.ErrConflict):
		return s.askPage(w, r, me, http.StatusConflict, views.SupportAskForm{})
	case err != nil:
		return err
	}
	return done(w, r, baseOf(r, me).Support(), deed, "")
}
