package frame

import (
	"net/http"
	"net/url"

	"portico/handlers/web"
	"portico/views"
)

// flash reads what was done before the redirect to this page. After a link from
// anywhere else, a mail or another site, the page says nothing: browsers tell where
// a navigation began, and only our own forms lead to our own redirects.
func flash(r *http.Request, base views.Base) views.Flash {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return views.Flash{}
	}
	q, id := r.URL.Query(), ""
	if web.IsID(q.Get("id")) {
		id = q.Get("id")
	}
	f := views.FlashFor(base, q.Get("did"), id)
	if f.Later != "" && MailAway(r) {
		f.Text = f.Later
	}
	return f
}

// Done ends a change with a redirect to the page that shows its result, and tells
// that page what was done: the verb of the trail, and the id of what it was done to, ""
// for none.
func Done(w http.ResponseWriter, r *http.Request, to, verb, id string) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	q.Set("did", verb)
	if id != "" {
		q.Set("id", id)
	}
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
