package handlers_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/handlers"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
	"portico/views"
)

// act is what a visitor would do at a route: what they send, and on what.
type act struct {
	// form is what they type; {slug} is the tenant's.
	form string
	// send is how they do it where it is no form.
	send func(t *testing.T, b *browser, path string) answer
	// on makes what it is done to, where a thing that is just there will not do.
	on func(t *testing.T, w *world, p *persona) uuid.UUID
	// says is what the route answers to everybody who may enter, where it is no
	// success.
	says int
	// json is what a program would send.
	json bool
	// ends says that sessions may not outlive it.
	ends bool
	// after puts right what else it may have ended.
	after func(t *testing.T, w *world, p *persona)
}

// acts has a line for every route that changes something, and for the few that
// only look but answer in a way of their own. "~" is /w/{tenant}.
var acts = map[string]act{
	"POST /login":                          {form: "email=nobody@portals.test"},
	"GET /login/sent":                      {says: http.StatusSeeOther},
	"POST /login/code":                     {form: "code=123456", says: http.StatusGone},
	"GET /login/{token}":                   {says: http.StatusGone},
	"POST /login/{token}":                  {says: http.StatusGone},
	"POST /login/passkey":                  {send: sendNothing},
	"POST /login/passkey/answer":           {send: sendNothing, says: http.StatusUnprocessableEntity},
	"POST /step-up/passkey":                {send: sendNothing},
	"POST /step-up/passkey/answer":         {send: sendNothing, says: http.StatusUnprocessableEntity},
	"POST /account/passkeys/begin":         {send: sendProved},
	"POST /account/passkeys":               {send: sendNothing, says: http.StatusUnprocessableEntity},
	"POST /account/passkeys/{id}/remove":   {on: ownPasskey},
	"POST /account/identities/{id}/unlink": {on: ownIdentity},
	"POST /auth/{provider}/link":           {says: http.StatusNotFound},
	"POST /auth/{provider}/step-up":        {says: http.StatusNotFound},
	"GET /auth/{provider}":                 {says: http.StatusNotFound},
	"GET /auth/{provider}/callback":        {says: http.StatusNotFound},
	"GET /handover":                        {says: http.StatusNotFound},
	"GET /handover/{token}":                {says: http.StatusNotFound},
	"GET /invites/{token}":                 {says: http.StatusGone},
	"POST /invites/{token}":                {form: "name=Somebody", says: http.StatusGone},
	"POST /logout":                         {ends: true},
	"POST /account/name":                   {form: "name=Somebody"},
	"POST /account/dates":                  {form: "time_zone=Asia/Tokyo&locale=fr-FR"},
	"POST /account/browsers/{id}/sign-out": {on: anotherBrowser},
	"POST /account/sign-out-everywhere":    {ends: true},
	"POST /account/forget":                 {form: "address=nobody", says: http.StatusUnprocessableEntity},
	"POST /step-up":                        {},
	"POST /step-up/code":                   {form: "code=123456", says: http.StatusGone},
	"POST /support/sessions":               {form: "tenant={slug}&person=nobody"},
	"POST /support/stop":                   {ends: true},
	"POST /support/asks":                   {form: "tenant={slug}&reason=&ticket=T-1&hours=4&mode=read", says: http.StatusUnprocessableEntity},
	"POST /support/write":                  {form: "sure=on"},
	"POST /support/write/confirm":          {form: "session=nobody", says: http.StatusConflict},
	"POST /view-as/stop":                   {ends: true},
	"GET /logo/{logo}":                     {says: http.StatusNotFound},
	"GET /brand/{stylesheet}":              {says: http.StatusNotFound},
	"/":                                    {says: http.StatusNotFound},

	"POST ~/projects":                                    {form: "name=Made"},
	"POST ~/projects/{id}":                               {form: "name=Changed", on: freshProject},
	"POST ~/projects/{id}/move":                          {on: freshProject},
	"POST ~/projects/{id}/archive":                       {on: freshProject},
	"POST ~/projects/{id}/unarchive":                     {on: archivedProject},
	"POST ~/projects/{id}/delete":                        {on: freshProject},
	"POST ~/projects/{id}/restore":                       {on: binnedProject},
	"POST ~/projects/{id}/deliverables":                  {form: "title=Made"},
	"POST ~/deliverables/{id}":                           {form: "title=Changed", on: freshDeliverable},
	"POST ~/deliverables/{id}/move":                      {on: freshDeliverable},
	"POST ~/deliverables/{id}/archive":                   {on: freshDeliverable},
	"POST ~/deliverables/{id}/unarchive":                 {on: archivedDeliverable},
	"POST ~/deliverables/{id}/delete":                    {on: freshDeliverable},
	"POST ~/deliverables/{id}/restore":                   {on: binnedDeliverable},
	"POST ~/deliverables/{id}/versions":                  {on: shownDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/publish": {form: "note=Look", on: readyDeliverable},
	"POST ~/versions/{id}/files":                         {send: sendForm, on: freshDraft},
	"POST ~/versions/{id}/uploads":                       {send: sendPlan, on: freshDraft, json: true},
	"GET ~/uploads/{id}":                                 {on: ownUpload},
	"PUT ~/uploads/{id}/parts/{n}":                       {send: sendPart, on: ownUpload},
	"POST ~/uploads/{id}/finish":                         {on: sentUpload},
	"DELETE ~/uploads/{id}":                              {on: ownUpload},
	"POST ~/files/{id}/delete":                           {on: freshFile},
	"POST ~/files/{id}/restore":                          {on: binnedFile},
	"POST ~/members/{id}/role":                           {form: "role=member", on: freshMember},
	"POST ~/members/{id}/remove":                         {on: freshMember},
	"POST ~/members/by-client":                           {form: "may=on"},
	"POST ~/members/import":                              {form: "people=Somebody,somebody%40portals.test,viewer"},
	"POST ~/invites":                                     {send: sendInvite},
	"POST ~/invites/{id}/resend":                         {on: freshInvite},
	"POST ~/invites/{id}/revoke":                         {on: freshInvite},
	"POST ~/leave":                                       {after: comeBack},
	"POST ~/settings":                                    {form: "name=Renamed&accent=%23336699"},
	"POST ~/settings/domains":                            {form: "host=portal.example.org"},
	"POST ~/settings/domains/{id}/check":                 {on: ownDomainClaim},
	"POST ~/settings/domains/{id}/remove":                {on: ownDomainClaim},
	"POST ~/settings/logo":                               {send: sendLogo},
	"POST ~/settings/logo/remove":                        {},
	"POST ~/clients":                                     {send: sendClient},
	"POST ~/clients/{id}":                                {form: "name=Renamed", on: freshClient},
	"POST ~/clients/{id}/plan":                           {form: "plan=growth", on: freshClient},
	"POST ~/clients/{id}/suspend":                        {on: freshClient},
	"POST ~/clients/{id}/resume":                         {on: suspendedClient},
	"POST ~/clients/{id}/archive":                        {on: freshClient},
	"POST ~/clients/{id}/unarchive":                      {on: archivedClient},
	"POST ~/clients/{id}/join":                           {on: freshClient},
	"POST ~/clients/{id}/leave":                          {on: joinedClient},
	"POST ~/support/grant":                               {form: "hours=4"},
	"POST ~/support/asking":                              {form: "asks=on"},
	"POST ~/support/asks/{id}/grant":                     {form: "hours=4&mode=read", on: openAsk},
	"POST ~/support/asks/{id}/deny":                      {form: "word=No", on: openAsk},
	"POST ~/support/revoke":                              {ends: true},
	"POST ~/support/sessions/{id}/end":                   {on: runningSession},
	"POST ~/view-as":                                     {form: "person=nobody", says: http.StatusUnprocessableEntity},
	"~/":                                                 {says: http.StatusNotFound},
}

// kinds are the words before {id} that the matrix knows how to make; those on
// one line are ids of the same rows.
var kinds = [][]string{{"projects"}, {"deliverables"}, {"versions"}, {"files", "uploads"}, {"sessions"}, {"browsers"}, {"passkeys"}, {"identities"}, {"domains"}, {"members"}, {"invites"}, {"clients"}, {"asks"}}

// blanks are what else a path may leave open.
var blanks = map[string]string{
	"number": "1", "n": "1", "token": "no-such-token", "provider": "nobody", "logo": "no-such-logo",
	"stylesheet": "brand-" + views.BrandHash(accent) + ".css",
}

func actOf(route handlers.Route) (act, bool) {
	a, ok := acts[strings.Replace(route.Pattern(), "/w/{tenant}", "~", 1)]
	return a, ok
}

// kindOf is the word before {id} in a path, "" when there is none.
func kindOf(path string) string {
	before, _, found := strings.Cut(path, "/{id}")
	if !found {
		return ""
	}
	return before[strings.LastIndex(before, "/")+1:]
}

// undeclared says what the matrix must be told about routes before it can try
// them, and where.
func undeclared(routes []handlers.Route) (complaints []string) {
	say := func(route handlers.Route, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%q: ", route.Pattern())+fmt.Sprintf(format, args...))
	}
	for _, route := range routes {
		_, known := actOf(route)
		switch route.Who {
		case handlers.Everybody, handlers.APerson, handlers.AnAgent:
			if strings.Contains(route.Path, "{tenant}") {
				say(route, "is inside a tenant but for %s: make it s.member(...) in handlers/routes.go", route.Who)
			}
		case handlers.AMember:
			if !slices.Contains(store.Capabilities(), route.Needs) {
				say(route, "needs %q, which the rights table does not have: add it to store/rights.go", route.Needs)
			}
		default:
			say(route, "says not who may enter: make it with s.public, s.person, s.agent or s.member in handlers/routes.go")
		}
		switch route.Support {
		case handlers.SupportRefused, handlers.SupportReads, handlers.SupportWrites:
		default:
			say(route, "has a rule for support that the matrix does not know: add it to declared in handlers/matrix_expect_test.go")
		}
		if route.Method != http.MethodGet && !known {
			say(route, "say what a visitor would send there: add a line to acts in handlers/matrix_acts_test.go")
		}
		for blank := range strings.SplitSeq(route.Path, "{") {
			name, _, found := strings.Cut(blank, "}")
			_, filled := blanks[name]
			switch {
			case !found || name == "tenant" || name == "$" || filled:
			case name != "id":
				say(route, "say what {%s} may be: add it to blanks in handlers/matrix_acts_test.go", name)
			case !slices.ContainsFunc(kinds, func(k []string) bool { return slices.Contains(k, kindOf(route.Path)) }):
				say(route, "say how to make one of %q: add it to kinds in handlers/matrix_acts_test.go and to the things of estateOf", kindOf(route.Path))
			}
		}
	}
	return complaints
}

func anotherBrowser(t *testing.T, _ *world, p *persona) uuid.UUID {
	return storetest.Person(t, storetest.SignIn(t, p.email)).SessionID
}

func ownPasskey(t *testing.T, _ *world, p *persona) uuid.UUID {
	return storetest.Passkey(t, storetest.SignIn(t, p.email))
}

func ownIdentity(t *testing.T, _ *world, p *persona) uuid.UUID {
	return storetest.Identity(t, p.email)
}

func freshProject(t *testing.T, w *world, _ *persona) uuid.UUID { return w.own.project(t, true) }

func archivedProject(t *testing.T, w *world, _ *persona) uuid.UUID {
	id := w.own.project(t, true)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, id, true) })
	return id
}

func binnedProject(t *testing.T, w *world, _ *persona) uuid.UUID {
	id := w.own.project(t, true)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, id, true) })
	return id
}

func freshDeliverable(t *testing.T, w *world, _ *persona) uuid.UUID {
	id, _ := w.own.deliverable(t, w.own.things["projects"], w.own.markUnseen)
	return id
}

func archivedDeliverable(t *testing.T, w *world, p *persona) uuid.UUID {
	id := freshDeliverable(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindDeliverable, id, true) })
	return id
}

func binnedDeliverable(t *testing.T, w *world, p *persona) uuid.UUID {
	id := freshDeliverable(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, id, true) })
	return id
}

func readyDeliverable(t *testing.T, w *world, _ *persona) uuid.UUID {
	id, version := w.own.deliverable(t, w.own.things["projects"], w.own.mark)
	storetest.File(t, w.own.staff, version, w.own.mark("name"))
	return id
}

func shownDeliverable(t *testing.T, w *world, p *persona) uuid.UUID {
	id := readyDeliverable(t, w, p)
	w.own.publish(t, id)
	return id
}

// ownDomainClaim is one of the tenant's, and the persona has just stepped up.
func ownDomainClaim(t *testing.T, w *world, p *persona) uuid.UUID {
	if p.mode == "" {
		_, err := w.admin.Exec(t.Context(), `update sessions set stepped_up_at = now() where host = '' and user_id = (select id from users where email = $1)`, p.email)
		if err != nil {
			t.Fatal(err)
		}
	}
	return w.own.domain(t)
}

func freshDraft(t *testing.T, w *world, _ *persona) uuid.UUID {
	_, version := w.own.deliverable(t, w.own.things["projects"], w.own.markUnseen)
	return version
}

func freshFile(t *testing.T, w *world, _ *persona) uuid.UUID { return w.own.rowFile(t) }

func binnedFile(t *testing.T, w *world, _ *persona) uuid.UUID {
	id := w.own.rowFile(t)
	write(t, w.own.staff, func(tx *store.Tx) error {
		_, err := tx.BinFile(t.Context(), id, true)
		return err
	})
	return id
}

// ownUpload is one that the visitor began, for nobody else goes on with it.
func ownUpload(t *testing.T, w *world, p *persona) uuid.UUID {
	return w.own.upload(t, p.browser, w.own.hidden["versions"])
}

func sentUpload(t *testing.T, w *world, p *persona) uuid.UUID {
	id := ownUpload(t, w, p)
	want(t, "a part", p.browser.putPart(t, w.own.at("/uploads/"+id.String()+"/parts/1"), []byte("12345")), http.StatusNoContent)
	return id
}

// runningSession is one that an agent of its own is in.
func runningSession(t *testing.T, w *world, p *persona) uuid.UUID {
	_, session := w.own.letIn(t, storetest.Agent(t), w.viewer.email)
	return session
}

func freshMember(t *testing.T, w *world, _ *persona) uuid.UUID {
	return (&storetest.Tenants{}).Member(t, w.own.person(t, store.PartyClient, store.RoleViewer), w.own.slug).ID()
}

func freshInvite(t *testing.T, w *world, _ *persona) uuid.UUID {
	return w.own.invite(t, store.PartyClient, w.own.mark)
}

// comeBack makes somebody who has left a member again, as what they were.
func comeBack(t *testing.T, w *world, p *persona) {
	t.Helper()
	err := storetest.DB().Write(t.Context(), w.own.staff, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: w.own.mark(string(p.role)), Email: p.email, Party: p.party, Role: p.role})
		return err
	})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		t.Fatal(err)
	}
}

func sendInvite(t *testing.T, b *browser, path string) answer {
	return b.post(t, path, url.Values{"name": {"Somebody"}, "email": {uuid.NewString() + "@portals.test"}, "party": {"client"}, "role": {"viewer"}})
}

// freshClient is one that nobody but its maker has joined.
func freshClient(t *testing.T, w *world, _ *persona) (id uuid.UUID) {
	write(t, w.own.staff, func(tx *store.Tx) (err error) {
		id, _, err = tx.CreateClient(t.Context(), store.NewClient{Slug: "c" + store.NewID().String(), Name: "Fresh"})
		return err
	})
	return id
}

func suspendedClient(t *testing.T, w *world, p *persona) uuid.UUID {
	id := freshClient(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.SuspendClient(t.Context(), id) })
	return id
}

func archivedClient(t *testing.T, w *world, p *persona) uuid.UUID {
	id := freshClient(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), id) })
	return id
}

// joinedClient is one that they are in, as its maker is from the start.
func joinedClient(t *testing.T, w *world, p *persona) uuid.UUID {
	id, me := freshClient(t, w, p), (&storetest.Tenants{}).Member(t, p.email, w.own.slug)
	if me.ID() != w.own.staff.ID() {
		write(t, me, func(tx *store.Tx) error { return tx.JoinClient(t.Context(), id) })
	}
	return id
}

func sendClient(t *testing.T, b *browser, path string) answer {
	id := store.NewID().String()
	return b.post(t, path, url.Values{"name": {"Made"}, "slug": {"m" + id}, "email_1": {id + "@portals.test"}, "role_1": {"owner"}})
}

// openAsk is one that waits for an answer.
func openAsk(t *testing.T, w *world, _ *persona) uuid.UUID { return w.own.ask(t) }

func sendForm(t *testing.T, b *browser, path string) answer {
	body, contentType := formOf(t, formFile{"file", "sent.txt", []byte("sent")})
	return b.do(t, http.MethodPost, path, body, contentType)
}

func sendLogo(t *testing.T, b *browser, path string) answer {
	body, contentType := formOf(t, formFile{"logo", "logo.png", thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))})
	return b.do(t, http.MethodPost, path, body, contentType)
}

// sendNothing is an answer of a device that proves nothing, or the question for one.
func sendNothing(t *testing.T, b *browser, path string) answer {
	return b.json(t, http.MethodPost, path, map[string]any{})
}

// sendProved asks just after a step-up, which is no proof for what they do next.
func sendProved(t *testing.T, b *browser, path string) answer {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Cookie", b.cookie)
	if token, _ := b.site.cookies.Read(r); token != nil {
		sum := sha256.Sum256(token[:])
		proved := func(at string) {
			must(storetest.AdminPool().Exec(t.Context(), `update sessions set stepped_up_at = `+at+` where token_hash = $1`, sum[:]))
		}
		proved("now()")
		defer proved("null")
	}
	return sendNothing(t, b, path)
}

func sendPlan(t *testing.T, b *browser, path string) answer {
	return b.json(t, http.MethodPost, path, map[string]any{"name": "sent.txt", "size": 4})
}

func sendPart(t *testing.T, b *browser, path string) answer {
	content := []byte("12345")
	return b.with("Content-Digest", contentDigest(content)).do(t, http.MethodPut, path, bytes.NewReader(content), "application/octet-stream")
}
