package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// StepUp asks for a fresh proof: first whether to send a code, then for the code.
func (room *Room) StepUp(w http.ResponseWriter, r *http.Request, me store.Person) error {
	_, sent := room.stepUpFlow(r, me)
	return room.stepUpPage(w, r, http.StatusOK, me, views.StepUpProps{
		Sent: sent, ReturnTo: LocalPath(r.URL.Query().Get("return_to")),
	})
}

// StepUpBegin mails a code for this session.
func (room *Room) StepUpBegin(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := readForm(r); err != nil {
		return err
	}
	to := LocalPath(r.PostForm.Get("return_to"))
	if refused, err := room.onlyByPasskey(w, r, me, to); refused {
		return err
	}
	if !room.up(r.Context(), "smtp") {
		w.Header().Set("Retry-After", retryMail)
		return room.stepUpPage(w, r, http.StatusServiceUnavailable, me, views.StepUpProps{ReturnTo: to, Errors: ui.Errors{"": mailAway}})
	}
	if err := room.hit(r.Context(), mailStepUp, me.ID().String()); err != nil {
		return err
	}
	f := newFlow()
	id, err := room.db.BeginStepUp(r.Context(), me, f.Secret, to)
	if err != nil {
		return err
	}
	f.ID, f.Session = id, me.SessionID
	if err := room.cookies.writeFlow(w, flowCookie, f); err != nil {
		return err
	}
	http.Redirect(w, r, views.StepUpTo(to), http.StatusSeeOther)
	return nil
}

// StepUpCode spends the code: the session goes on under a new token, freshly
// proved.
func (room *Room) StepUpCode(w http.ResponseWriter, r *http.Request, me store.Person) error {
	if err := readForm(r); err != nil {
		return err
	}
	to := LocalPath(r.PostForm.Get("return_to"))
	if refused, err := room.onlyByPasskey(w, r, me, to); refused {
		return err
	}
	f, ok := room.stepUpFlow(r, me)
	if !ok {
		return room.stepUpOver(w, r, me, to, store.EndedGone)
	}
	if err := room.hitCode(r, f.ID); err != nil {
		return err
	}
	code, ok := readCode(r.PostForm.Get("code"))
	if !ok {
		return room.stepUpPage(w, r, http.StatusUnprocessableEntity, me, views.StepUpProps{Sent: true, ReturnTo: to, Errors: notACode})
	}
	if err := room.hit(r.Context(), wrongStepUp, me.ID().String()); err != nil {
		return err
	}
	renewed := newToken()
	arrival, err := room.db.StepUpByCode(r.Context(), me, f.mailedCode(room.keys, code), renewed)
	room.watch.SignIn(byStepUp, outcome(err))
	to = arrival.ReturnTo
	var wrong store.WrongCodeError
	var over store.EndedError
	switch {
	case errors.As(err, &wrong):
		return room.stepUpPage(w, r, http.StatusUnprocessableEntity, me, views.StepUpProps{
			Sent: true, ReturnTo: LocalPath(to), TriesLeft: wrong.TriesLeft, Errors: wrongCode})
	case errors.As(err, &over):
		room.cookies.clearFlow(w, flowCookie)
		return room.stepUpOver(w, r, me, LocalPath(to), over.Why)
	case err != nil:
		return err
	}
	room.refundTries(r, arrival.Tries, wrongStepUp, me.ID().String())
	return room.opened(w, r, renewed, flowCookie, to)
}

// OwesPasskey says of an agent of support that they have to add a passkey before
// they may come in anywhere.
func (room *Room) OwesPasskey(ctx context.Context, me store.Person) (bool, error) {
	if !me.Agent || room.agentCodes {
		return false, nil
	}
	var keys []store.Passkey
	err := room.db.ReadOwn(ctx, me, store.ListPasskeys(&keys))
	return len(keys) == 0, err
}

// onlyByPasskey refuses the code of an agent who has a passkey, where the
// installation takes no codes of agents.
func (room *Room) onlyByPasskey(w http.ResponseWriter, r *http.Request, me store.Person, to string) (bool, error) {
	if !me.Agent || room.agentCodes {
		return false, nil
	}
	owes, err := room.OwesPasskey(r.Context(), me)
	if owes || err != nil {
		return err != nil, err
	}
	return true, room.stepUpPage(w, r, http.StatusForbidden, me, views.StepUpProps{
		ReturnTo: to, Errors: ui.Errors{"": "Support agents confirm with a passkey here, not with a code."}})
}

// stepUpFlow is the step-up that this very session has under way.
func (room *Room) stepUpFlow(r *http.Request, me store.Person) (flow, bool) {
	f, ok := room.cookies.readFlow(r, flowCookie)
	return f, ok && f.Session == me.SessionID
}

// stepUpOver offers a new code for one that can no longer be used.
func (room *Room) stepUpOver(w http.ResponseWriter, r *http.Request, me store.Person, to string, why store.EndReason) error {
	sentence := "That code has expired. Request a new one."
	if why == store.EndedTries {
		sentence = "A code stops working after five attempts. Request a new one."
	}
	return room.stepUpPage(w, r, http.StatusGone, me, views.StepUpProps{ReturnTo: to, Errors: ui.Errors{"": sentence}})
}

func (room *Room) stepUpPage(w http.ResponseWriter, r *http.Request, status int, me store.Person, p views.StepUpProps) error {
	var keys []store.Passkey
	var linked []store.LinkedIdentity
	if err := room.db.ReadOwn(r.Context(), me, store.ListPasskeys(&keys), store.ListIdentities(&linked)); err != nil {
		return err
	}
	p.Passkeys = room.passkeys != nil && len(keys) > 0
	p.Providers = room.stepUpWays(me, linked)
	p.NoCodes = me.Agent && !room.agentCodes && len(keys) > 0
	p.MaskedEmail, p.ResendSeconds = maskEmail(me.Email), resendSeconds
	switch {
	case strings.HasPrefix(p.ReturnTo, views.PathConsole):
		p.Purpose = "to start a support session"
	case p.ReturnTo == views.PathForget:
		p.Purpose = "before you erase your account"
	}
	return views.Render(w, r, status, views.StepUp(p))
}
