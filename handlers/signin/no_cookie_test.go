package signin_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers/signin"
	"portico/store"
)

// forgetful returns a browser that keeps no cookie, as Safari on http://localhost. Its forms
// say that they are ours.
func (h *site) forgetful(t testing.TB) *browser {
	t.Helper()
	b := h.browser(t)
	b.http.Jar = nil
	b.extra = http.Header{"Sec-Fetch-Site": {"same-origin"}}
	return b
}

// frozenJar is a cookie jar that has a session and keeps nothing new.
type frozenJar struct{ cookies []*http.Cookie }

// SetCookies implements http.CookieJar.
func (frozenJar) SetCookies(*url.URL, []*http.Cookie) {}

// Cookies implements http.CookieJar.
func (j frozenJar) Cookies(*url.URL) []*http.Cookie { return j.cookies }

// frozen returns a browser with the session of b that keeps no new cookie.
func (h *site) frozen(t testing.TB, b *browser) *browser {
	t.Helper()
	f := h.browser(t)
	f.from = b.from
	f.http.Jar = frozenJar{[]*http.Cookie{{Name: signin.SessionCookie, Value: b.cookie(signin.SessionCookie)}}}
	return f
}

// A browser that keeps no cookie is told so at every step that needs one, and spends nothing
// by it: where the cookie is kept, the same proof works afterwards.
func TestBrowserWithoutCookiesIsToldSo(t *testing.T) {
	t.Parallel()
	o := newProviderSite(t)
	h := o.site
	for name, step := range map[string]func(t *testing.T, a *storetest.Tenants) (told answer, then func()){
		"mail sent": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			b, phone := h.forgetful(t), h.browser(t)
			sent := b.want(b.post("/login", "email", a.Mia, "return_to", "/w/"+a.Acme+"/projects"), http.StatusSeeOther)
			mail := mailed(t, a.Mia)
			back := b.want(b.get(sent.location), http.StatusSeeOther)
			page := b.want(b.get(back.location), http.StatusOK)
			if !strings.Contains(page.body, "/w/"+a.Acme+"/projects") {
				t.Error("the page forgets where to")
			}
			return page, func() { phone.want(phone.post(mail.link), http.StatusSeeOther) }
		},
		"code typed": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			b := h.browser(t)
			mail := b.requestMail(a.Leo)
			f := h.forgetful(t)
			return f.want(f.post("/login/code", "code", mail.code), http.StatusGone),
				func() { b.want(b.post("/login/code", "code", mail.code), http.StatusSeeOther) }
		},
		"link button": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			link := h.browser(t).requestMail(a.Gus).link
			f, phone := h.forgetful(t), h.browser(t)
			f.want(f.get(link), http.StatusOK)
			told := f.want(f.post(link), http.StatusBadRequest)
			if !strings.Contains(told.body, "The link still works") {
				t.Error("it doesn't say that the link still works")
			}
			return told, func() {
				phone.extra = f.extra
				phone.want(phone.get(link), http.StatusOK)
				phone.want(phone.post(link), http.StatusSeeOther)
			}
		},
		"provider callback": func(t *testing.T, _ *storetest.Tenants) (answer, func()) {
			b, f := h.browser(t), h.forgetful(t)
			back := o.approve(b, o.Mia, "/account")
			return f.want(f.get(back), http.StatusBadRequest), func() { b.want(b.get(back), http.StatusSeeOther) }
		},
		"link callback": func(t *testing.T, _ *storetest.Tenants) (answer, func()) {
			b := o.browser(t).signIn(o.Dana).stepUp(o.Dana)
			f := h.frozen(t, b)
			back := o.startLink(b, o.elsewhere())
			return f.want(f.get(back), http.StatusBadRequest), func() {
				b.want(b.get(back), http.StatusSeeOther)
				if b.unlinkPath() == "" {
					t.Error("the account isn't linked afterwards")
				}
			}
		},
		"passkey answer": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			owner, d := h.browser(t).signIn(a.Ravi), h.device()
			owner.addPasskey(a.Ravi, d)
			b, f := h.browser(t), h.forgetful(t)
			proof := d.answer(t, b.want(b.sendJSON("/login/passkey", "{}"), http.StatusOK).body)
			return f.want(f.sendJSON("/login/passkey/answer", proof), http.StatusConflict),
				func() { b.want(b.sendJSON("/login/passkey/answer", proof), http.StatusOK) }
		},
		"step-up sent": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			b := h.browser(t).signIn(a.Dana)
			f := h.frozen(t, b)
			sent := f.want(f.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
			mailed(t, a.Dana)
			return f.want(f.get(sent.location), http.StatusOK), func() { b.stepUp(a.Dana) }
		},
		"step-up code": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			b := h.browser(t).signIn(a.Dana)
			b.want(b.post("/step-up", "return_to", "/account"), http.StatusSeeOther)
			code, f := mailed(t, a.Dana).code, h.frozen(t, b)
			return f.want(f.post("/step-up/code", "code", code), http.StatusGone),
				func() { b.want(b.post("/step-up/code", "code", code), http.StatusSeeOther) }
		},
		"hand-over spent on a host": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			host := "portal-" + a.Suffix + ".example.test"
			asAdmin(t, func(ctx context.Context, conn *pgx.Conn) error {
				_, err := conn.Exec(ctx, `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, host, a.Acme)
				return err
			})
			main, there, f := h.browser(t).signIn(a.Mia), h.browser(t), h.forgetful(t)
			there.extra, f.extra = http.Header{"Host": {host}}, http.Header{"Host": {host}}
			asked := there.want(there.get("/projects"), http.StatusFound)
			begun := main.want(main.get(strings.TrimPrefix(asked.location, h.url)), http.StatusOK)
			_, to, _ := strings.Cut(begun.header.Get("Refresh"), "url=")
			u, err := url.Parse(to)
			check(t, err)
			return f.want(f.get(u.RequestURI()), http.StatusGone), func() { there.want(there.get(u.RequestURI()), http.StatusSeeOther) }
		},
		"invitation's sign-in button": func(t *testing.T, a *storetest.Tenants) (answer, func()) {
			nina, f := "nina@"+a.Suffix+".test", h.forgetful(t)
			by := a.Member(t, a.Dana, a.Acme)
			link := inviteLink(t, by, nina)
			page := f.want(f.get(link), http.StatusOK)
			if !strings.Contains(page.body, `action="/login"`) || !strings.Contains(page.body, nina) {
				t.Error("the invitation has no button to sign in")
			}
			sent := f.want(f.post("/login", "email", nina, "return_to", link), http.StatusSeeOther)
			code := mailed(t, nina)
			back := f.want(f.get(sent.location), http.StatusSeeOther)
			told := f.want(f.get(back.location), http.StatusOK)
			if !strings.Contains(told.body, html.EscapeString(link)) {
				t.Error("the page forgets the invitation")
			}
			return told, func() {
				b := h.browser(t)
				b.want(b.post(code.link), http.StatusSeeOther)
				b.want(b.post(link, "name", "Nina"), http.StatusSeeOther)
			}
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			told, then := step(t, storetest.Agency(t))
			if !strings.Contains(html.UnescapeString(told.body), "didn't keep the cookie that signing in needs") {
				t.Errorf("it doesn't say why: %d %.900s", told.status, told.body)
			}
			then()
		})
	}
}

var inviteIn = regexp.MustCompile(`https://portico\.test(/invites/[A-Za-z0-9_-]+)`)

// inviteLink invites a viewer and returns the path of the link in the mail.
func inviteLink(t *testing.T, by store.Member, email string) string {
	t.Helper()
	check(t, storetest.DB().Write(t.Context(), by, func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Nina", Email: email, Party: store.PartyClient, Role: store.RoleViewer})
		return err
	}))
	startRunner(t)
	msg, err := mails.Wait(storetest.Within(t, time.Minute), email, func(m stack.Message) bool {
		_, read := mailsRead.LoadOrStore(m.Path, true)
		return !read
	})
	check(t, err)
	link := inviteIn.FindStringSubmatch(msg.Text())
	if link == nil {
		t.Fatal("the mail has no link")
	}
	return link[1]
}
