package handlers_test

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/web"
	"portico/store"
)

// newSiteWithMail is the product beside a mail server that answers or doesn't.
func newSiteWithMail(t *testing.T, answers error) *site {
	t.Helper()
	ready := web.NewReadiness(map[string]func(context.Context) error{"smtp": func(context.Context) error { return answers }})
	return newSiteBeside(t, storetest.DB(), storage(t), ready, func(*handlers.Config) {})
}

// followed is the page that a change leads to.
func (b *browser) followed(t *testing.T, what string, a answer) answer {
	t.Helper()
	want(t, what, a, http.StatusSeeOther)
	page := b.get(t, a.location())
	want(t, what, page, http.StatusOK)
	return page
}

// promises are the pages that promise an email, each as a person comes to it.
func promises(t *testing.T, s *site) map[string]answer {
	t.Helper()
	d := newStudioAt(t, s)
	dana, acme, agency := s.as(t, d.Dana), "/w/"+d.Acme, "/w/"+d.Agency
	pages := map[string]answer{}

	pages["the form for an invitation"] = dana.get(t, acme+"/invites/new")
	nina := url.Values{"name": {"Nina"}, "email": {"nina@" + d.Suffix + ".test"}, "party": {"client"}, "role": {"viewer"}}
	pages["an invitation"] = dana.followed(t, "invite", dana.post(t, acme+"/invites", nina))
	pages["its row"] = dana.get(t, acme+"/members")
	again := regexp.MustCompile(acme + `/invites/[0-9a-f-]{36}/resend`).FindString(pages["its row"].body)
	pages["an invitation sent again"] = dana.followed(t, "send again", dana.post(t, again, nil))
	list := "Role;E-Mail;Name\nviewer;olga@" + d.Suffix + ".test;Olga"
	checked := dana.post(t, acme+"/members/import", url.Values{"people": {list}})
	pages["a list of people"] = dana.followed(t, "list", confirmList(t, dana, acme+"/members/import", list, checked))
	_, link := inviteAs(t, d.Member(t, d.Dana, d.Acme), store.NewPerson{Name: "Pia", Email: "pia@" + d.Suffix + ".test", Party: store.PartyClient, Role: store.RoleViewer})
	pages["the page behind an invitation's link"] = s.nobody().get(t, link)

	pages["the form for a new client"] = dana.get(t, agency+"/clients/new")
	slug := "new-" + d.Suffix
	form := newClientForm("New "+d.Suffix, slug, url.Values{"email_1": {"rosa@" + d.Suffix + ".test"}, "role_1": {"owner"}})
	pages["a new client with people"] = dana.followed(t, "new client", dana.post(t, agency+"/clients", form))
	me := d.Member(t, d.Dana, slug)
	empty := storetest.Deliverable(t, me, storetest.Project(t, me, "Spring"), "Poster")
	storetest.File(t, me, storetest.Draft(t, me, empty), "poster.txt")
	at := "/w/" + slug + "/deliverables/" + empty.String()
	pages["the dialog to publish to nobody"] = dana.get(t, at)
	pages["publishing to nobody"] = dana.followed(t, "publish to nobody", dana.post(t, at+"/versions/1/publish", nil))

	d.send(t, "a.txt", []byte("a"))
	at = d.at("/deliverables/%s", d.deliverable)
	pages["the dialog to publish"] = d.ravi.get(t, at)
	pages["publishing"] = d.ravi.followed(t, "publish", d.ravi.post(t, at+"/versions/1/publish", nil))

	sam, token := s.nobody(), storetest.SignIn(t, storetest.Agent(t))
	sam.signIn(t, storetest.StepUp(t, token))
	want(t, "requests", s.as(t, d.Mia).post(t, acme+"/support/asking", url.Values{"asks": {"on"}}), http.StatusSeeOther)
	pages["the form for an access request"] = sam.get(t, "/support?ask="+d.Acme)
	want(t, "consent", s.as(t, d.Mia).post(t, acme+"/support/grant", url.Values{"hours": {"4"}}), http.StatusSeeOther)
	pages["the form for a support session"] = sam.get(t, "/support?tenant="+d.Acme)
	for name, page := range pages {
		want(t, name, page, http.StatusOK)
	}
	return pages
}

// While the mail server doesn't answer, no page promises an email now: it says that the
// email goes out as soon as the server answers. While it answers, nothing of that is said.
func TestNoMailIsPromisedWhileMailIsAway(t *testing.T) {
	t.Parallel()
	here, away := promises(t, newSiteWithMail(t, nil)), promises(t, newSiteWithMail(t, errors.New("away")))
	const later = "as soon as the mail server answers"
	for name, words := range map[string]struct{ now, away string }{
		"the form for an invitation":           {"a link that only they can use. It expires", "a link that only they can use " + later + "."},
		"an invitation":                        {"Invited. The email is on its way.", "Invited. The email goes out " + later + "."},
		"its row":                              {"the email is on its way", "the email goes out " + later},
		"an invitation sent again":             {"Invitation sent again.", "The invitation goes out again " + later + "."},
		"a list of people":                     {"Invited everyone on the list. The emails are on their way.", "Invited everyone on the list. The emails go out " + later + "."},
		"the page behind an invitation's link": {"We'll email a code to that address to confirm it's you. You don't need a password.", "confirm it's you " + later + ". Try again in a minute."},
		"the form for a new client":            {"They get an invitation by email and see", "They get an invitation by email " + later + " and see"},
		"a new client with people":             {"The people you named get an invitation by email.", "The people you named get an invitation by email " + later + "."},
		"the dialog to publish to nobody":      {"gets an email that lists what you published.", "gets an email that lists what you published " + later + "."},
		"publishing to nobody":                 {"Whoever joins gets an email that lists it.", "gets an email that lists it, " + later + "."},
		"the dialog to publish":                {"Each of them gets an email. A published", "Each of them gets an email " + later + ". A published"},
		"publishing":                           {"Published. The client can see it now.", "The email goes out " + later + "."},
		"the form for an access request":       {"what you write here. They decide", "what you write here " + later + ". They decide"},
		"the form for a support session":       {"get an email when it starts and when it ends.", "The emails go out " + later + "."},
	} {
		for _, c := range []struct {
			mail  string
			page  answer
			says  string
			never string
		}{{"here", here[name], words.now, later}, {"away", away[name], words.away, "on its way"}} {
			text := strings.Join(strings.Fields(html.UnescapeString(c.page.body)), " ")
			if !strings.Contains(text, c.says) {
				t.Errorf("%s, mail %s: it doesn't say %q", name, c.mail, c.says)
			}
			if strings.Contains(text, c.never) {
				t.Errorf("%s, mail %s: it says %q", name, c.mail, c.never)
			}
		}
	}
	if len(here) != 14 || len(away) != 14 {
		t.Errorf("%d and %d pages", len(here), len(away))
	}
}
