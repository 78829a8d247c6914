package stack

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/op"
)

//go:embed oidc_page.html
var signInHTML string

var signInPage = template.Must(template.New("sign-in").Parse(signInHTML))

// signInProps holds everything that the sign-in page shows.
type signInProps struct {
	ID       string
	Hint     string
	Personas []Persona
}

// showSignIn lists the personas, the hinted one first.
func (o *OIDC) showSignIn(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	o.storage.mu.Lock()
	request, ok := o.storage.requests[id]
	o.storage.mu.Unlock()
	if !ok {
		http.Error(w, "This sign-in is not under way any more. Go back and start again.", http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	props := signInProps{ID: id, Hint: request.LoginHint, Personas: slices.Clone(o.personas)}
	o.mu.Unlock()
	slices.SortStableFunc(props.Personas, func(a, b Persona) int {
		switch props.Hint {
		case a.Email:
			return -1
		case b.Email:
			return 1
		}
		return 0
	})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = signInPage.Execute(w, props)
}

// signIn handles the choice: the chosen persona has signed in now.
func (o *OIDC) signIn(w http.ResponseWriter, r *http.Request) {
	id, subject := r.FormValue("id"), r.FormValue("subject")
	_, known := o.persona(func(p Persona) bool { return p.Subject == subject })
	if !known || o.storage.finish(id, subject) != nil {
		http.Error(w, "This sign-in is not under way any more. Go back and start again.", http.StatusBadRequest)
		return
	}
	ctx := op.ContextWithIssuer(r.Context(), o.issuer)
	http.Redirect(w, r, op.AuthCallbackURL(o.provider)(ctx, id), http.StatusSeeOther)
}
