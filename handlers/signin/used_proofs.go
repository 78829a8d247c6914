package signin

import (
	"net/http"
	"slices"

	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

// Somebody who uses the same proof a second time, as by loading a page again or by
// pressing a button twice, goes on to where it led. It gives nothing: the proof is used
// up, and only the session that it opened, or in which it was used, is led on. Everybody
// else is refused as if it were any used proof.

// usedLink returns where a used link led that opened this browser's session.
func (s *Service) usedLink(r *http.Request, link store.Secret) (to string, used bool) {
	return s.usedHere(r, func(p store.UsedProof) bool { return p.Purpose == proofMail && p.IsLink(link) })
}

// usedCode returns where a used code led that opened this browser's session or, for the
// other purpose, confirmed in it.
func (s *Service) usedCode(r *http.Request, purpose, typed string) (to string, used bool) {
	code, ok := readCode(typed)
	if !ok {
		return "", false
	}
	return s.usedHere(r, func(p store.UsedProof) bool {
		return p.Purpose == purpose && p.IsCode(codeSecrets(s.keys, p.ID, code))
	})
}

// usedPasskey returns where a device's answer led that was accepted in this session.
func (s *Service) usedPasskey(r *http.Request, of store.Ceremony, challenge string) (to string, used bool) {
	return s.usedHere(r, func(p store.UsedProof) bool { return p.Purpose == string(of) && p.Challenge == challenge })
}

// The purposes of proofs by mail.
const (
	proofMail   = "mail"
	proofStepUp = "step_up"
)

func (s *Service) usedHere(r *http.Request, same func(store.UsedProof) bool) (to string, used bool) {
	token, _ := s.cookies.Read(r)
	proofs, err := s.db.ProofsUsed(r.Context(), token)
	if err != nil {
		return "", false // the refusal is the one to tell
	}
	i := slices.IndexFunc(proofs, same)
	if i < 0 {
		return "", false
	}
	return web.LocalPath(proofs[i].ReturnTo), true
}

// answeredBefore returns where a flow leads whose answer from a provider comes a second
// time. A declined one leads to where declining does.
func (s *Service) answeredBefore(r *http.Request, provider Provider) (to string, answered bool) {
	answer := r.URL.Query()
	if len(answer["state"]) != 1 {
		return "", false
	}
	token, _ := s.cookies.Read(r)
	browser, _ := s.cookies.readFlow(r, providerCookie)
	f, err := s.db.AnsweredFlow(r.Context(), token, browser.Secret, store.Secret(answer.Get("state")), provider.Name())
	switch {
	case err != nil:
		return "", false // the first error is the one to tell
	case f.Done && f.Purpose == store.OIDCLink && f.ReturnTo == "":
		return views.PathAccount, true
	case f.Done:
		return web.LocalPath(f.ReturnTo), true
	case answer.Has("error"):
		return declinedTo(f.Purpose, f.ReturnTo), true
	}
	return "", false
}

// declinedTo is where somebody goes on who declined at a provider.
func declinedTo(of store.OIDCPurpose, returnTo string) string {
	switch of {
	case store.OIDCLink:
		return views.AccountDid("identity.declined")
	case store.OIDCStepUp:
		return views.StepUpTo(web.LocalPath(returnTo))
	}
	return views.LoginBecause(reasonDeclined, returnTo)
}

// UsedHandover returns where a hand-over led that opened this browser's session on the
// host, or the return path in the query of somebody who is signed in there.
func (s *Service) UsedHandover(r *http.Request, host, token string) string {
	session, _ := s.cookies.Read(r)
	to, err := s.db.HandoverUsed(r.Context(), store.Secret(token), host, session)
	if err != nil {
		to = r.URL.Query().Get("return_to")
	}
	return web.LocalPath(to)
}
