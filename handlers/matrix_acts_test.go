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

// act is the request that the matrix makes to a route: what it sends, and to which id.
type act struct {
	// form is the encoded form; {slug} stands for the tenant's slug.
	form string
	// send makes the request if a form is not enough.
	send func(t *testing.T, b *browser, path string) answer
	// target makes the object for the request, where an existing one will not do.
	target func(t *testing.T, w *world, p *visitor) uuid.UUID
	// status is what the route answers to everybody who may enter, if that is not a
	// success.
	status int
	// json says that a program sends it.
	json bool
	// endsSessions says that it may end sessions.
	endsSessions bool
	// undo restores what else it may have ended.
	undo func(t *testing.T, w *world, p *visitor)
}

// acts has a line for every route that changes something, and for the reads that do not
// answer 200. "~" is /w/{tenant}.
var acts = map[string]act{
	"POST /login":                          {form: "email=nobody@portals.test"},
	"GET /login/sent":                      {status: http.StatusSeeOther},
	"POST /login/code":                     {form: "code=123456", status: http.StatusGone},
	"GET /login/{token}":                   {status: http.StatusGone},
	"POST /login/{token}":                  {status: http.StatusGone},
	"POST /login/passkey":                  {send: sendEmptyJSON},
	"POST /login/passkey/answer":           {send: sendEmptyJSON, status: http.StatusUnprocessableEntity},
	"POST /step-up/passkey":                {send: sendEmptyJSON},
	"POST /step-up/passkey/answer":         {send: sendEmptyJSON, status: http.StatusUnprocessableEntity},
	"POST /account/passkeys/begin":         {send: sendSteppedUp},
	"POST /account/passkeys":               {send: sendEmptyJSON, status: http.StatusUnprocessableEntity},
	"POST /account/passkeys/{id}/remove":   {target: ownPasskey},
	"POST /account/identities/{id}/unlink": {target: ownIdentity},
	"POST /auth/{provider}/link":           {status: http.StatusNotFound},
	"POST /auth/{provider}/step-up":        {status: http.StatusNotFound},
	"GET /auth/{provider}":                 {status: http.StatusNotFound},
	"GET /auth/{provider}/callback":        {status: http.StatusNotFound},
	"GET /handover":                        {status: http.StatusNotFound},
	"GET /handover/{token}":                {status: http.StatusNotFound},
	"GET /invites/{token}":                 {status: http.StatusGone},
	"POST /invites/{token}":                {form: "name=Somebody", status: http.StatusGone},
	"POST /logout":                         {endsSessions: true},
	"POST /billing/stripe":                 {form: "object=event", status: http.StatusBadRequest},
	"POST /account/name":                   {form: "name=Somebody"},
	"POST /account/dates":                  {form: "time_zone=Asia/Tokyo&locale=fr-FR"},
	"POST /account/browsers/{id}/sign-out": {target: anotherBrowser},
	"POST /account/sign-out-everywhere":    {endsSessions: true},
	"POST /account/forget":                 {form: "address=nobody", status: http.StatusUnprocessableEntity},
	"POST /signup/agency":                  {form: "name=", status: http.StatusUnprocessableEntity},
	"POST /step-up":                        {},
	"POST /step-up/code":                   {form: "code=123456", status: http.StatusGone},
	"POST /support/sessions":               {form: "tenant={slug}&person=nobody"},
	"POST /support/stop":                   {endsSessions: true},
	"POST /support/asks":                   {form: "tenant={slug}&reason=&ticket=T-1&hours=4&mode=read", status: http.StatusUnprocessableEntity},
	"POST /support/write":                  {form: "sure=on"},
	"POST /support/write/confirm":          {form: "session=nobody", status: http.StatusConflict},
	"POST /view-as/stop":                   {endsSessions: true},
	"GET /logo/{logo}":                     {status: http.StatusNotFound},
	"GET /brand/{stylesheet}":              {status: http.StatusNotFound},
	"/":                                    {status: http.StatusNotFound},

	"POST /api/v1/projects":                   {send: sendJSON(`{"name":"Made"}`)},
	"POST /api/v1/projects/{id}/deliverables": {send: sendJSON(`{"title":"Made"}`)},
	"POST /api/v1/deliverables/{id}/versions": {send: sendJSON(`{}`), target: shownDeliverable},
	"POST /api/v1/versions/{id}/publish":      {send: sendJSON(`{"note":"Look"}`), target: readyVersion},
	"POST /api/v1/versions/{id}/uploads":      {send: sendPlan, target: freshDraft},
	"GET /api/v1/uploads/{id}":                {target: programsUpload},
	"PUT /api/v1/uploads/{id}/parts/{n}":      {send: sendPart, target: programsUpload},
	"POST /api/v1/uploads/{id}/finish":        {target: programsSentUpload},
	"DELETE /api/v1/uploads/{id}":             {target: programsUpload},
	"POST /api/v1/usage":                      {send: sendReport},
	"/api/v1/":                                {status: http.StatusNotFound},

	"POST ~/projects":                                     {form: "name=Made"},
	"POST ~/projects/{id}":                                {form: "name=Changed", target: freshProject},
	"POST ~/projects/{id}/move":                           {target: freshProject},
	"POST ~/projects/{id}/archive":                        {target: freshProject},
	"POST ~/projects/{id}/unarchive":                      {target: archivedProject},
	"POST ~/projects/{id}/delete":                         {target: freshProject},
	"POST ~/projects/{id}/restore":                        {target: binnedProject},
	"POST ~/projects/{id}/deliverables":                   {form: "title=Made"},
	"POST ~/projects/{id}/discussion":                     {form: "words=Noted&visibility=team"},
	"POST ~/deliverables/{id}":                            {form: "title=Changed", target: freshDeliverable},
	"POST ~/deliverables/{id}/move":                       {target: freshDeliverable},
	"POST ~/deliverables/{id}/archive":                    {target: freshDeliverable},
	"POST ~/deliverables/{id}/unarchive":                  {target: archivedDeliverable},
	"POST ~/deliverables/{id}/delete":                     {target: freshDeliverable},
	"POST ~/deliverables/{id}/restore":                    {target: binnedDeliverable},
	"POST ~/deliverables/{id}/versions":                   {target: shownDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/publish":  {form: "note=Look", target: readyDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/ask":      {send: sendAsk, target: shownDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/close":    {target: askedDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/unlock":   {target: askedDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/withdraw": {target: askedDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/decide":   {send: sendDecision, target: shownDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/pass-on":  {send: sendPassOn, target: askedDeliverable},
	"POST ~/deliverables/{id}/versions/{number}/notes":    {form: "words=Noted&visibility=team", target: shownDeliverable},
	"POST ~/notes/{id}/replies":                           {form: "words=Noted&visibility=team", target: freshNote},
	"POST ~/notes/{id}/resolve":                           {target: freshNote},
	"POST ~/notes/{id}/reopen":                            {target: freshNote},
	"POST ~/notes/{id}/show":                              {target: freshNote, status: http.StatusUnprocessableEntity},
	"POST ~/comments/{id}":                                {form: "words=Changed", target: ownComment},
	"POST ~/versions/{id}/files":                          {send: sendForm, target: freshDraft},
	"POST ~/versions/{id}/uploads":                        {send: sendPlan, target: freshDraft, json: true},
	"GET ~/uploads/{id}":                                  {target: ownUpload},
	"GET ~/deliverables/{id}/compare":                     {target: comparedDeliverable, status: http.StatusSeeOther},
	"GET ~/files/{id}/poster":                             {target: shownRecording},
	"GET ~/files/{id}/playable":                           {target: shownRecording},
	"PUT ~/uploads/{id}/parts/{n}":                        {send: sendPart, target: ownUpload},
	"POST ~/uploads/{id}/finish":                          {target: sentUpload},
	"DELETE ~/uploads/{id}":                               {target: ownUpload},
	"POST ~/files/{id}/delete":                            {target: freshFile},
	"POST ~/files/{id}/restore":                           {target: binnedFile},
	"POST ~/files/{id}/lead":                              {target: freshFile},
	"POST ~/members/{id}/role":                            {form: "role=member", target: freshMember},
	"POST ~/members/{id}/remove":                          {target: freshMember},
	"POST ~/members/{id}/clients":                         {form: "was=", target: freshStaff},
	"POST ~/members/by-client":                            {form: "may=on"},
	"POST ~/members/import":                               {form: "people=Somebody,somebody%40portals.test,viewer"},
	"POST ~/invites":                                      {send: sendInvite},
	"POST ~/invites/{id}/resend":                          {target: freshInvite},
	"POST ~/invites/{id}/revoke":                          {target: freshInvite},
	"POST ~/leave":                                        {undo: rejoin},
	"POST ~/settings":                                     {form: "name=Renamed&accent=%23336699"},
	"POST ~/settings/domains":                             {form: "host=portal.example.org"},
	"POST ~/settings/domains/{id}/check":                  {target: ownDomainClaim},
	"POST ~/settings/domains/{id}/remove":                 {target: ownDomainClaim},
	"POST ~/settings/billing/checkout":                    {form: "plan=growth"},
	"POST ~/settings/billing/portal":                      {},
	"POST ~/settings/keys":                                {form: "name=Made&scope_read=on&days=30"},
	"POST ~/settings/keys/{id}/revoke":                    {target: keyOfOwnSide},
	"POST ~/settings/logo":                                {send: sendLogo},
	"POST ~/settings/logo/remove":                         {},
	"POST ~/clients":                                      {send: sendClient},
	"POST ~/clients/{id}":                                 {form: "name=Renamed", target: freshClient},
	"POST ~/clients/{id}/plan":                            {form: "plan=growth", target: freshClient},
	"POST ~/clients/{id}/staff":                           {form: "role=member", target: freshClient, status: http.StatusUnprocessableEntity},
	"POST ~/clients/{id}/suspend":                         {target: freshClient},
	"POST ~/clients/{id}/resume":                          {target: suspendedClient},
	"POST ~/clients/{id}/archive":                         {target: freshClient},
	"POST ~/clients/{id}/unarchive":                       {target: archivedClient},
	"POST ~/clients/{id}/discard":                         {target: freshClient},
	"POST ~/clients/{id}/join":                            {target: freshClient},
	"POST ~/clients/{id}/leave":                           {target: joinedClient},
	"POST ~/support/grant":                                {form: "hours=4&mode=write"},
	"POST ~/support/code":                                 {},
	"POST ~/support/asking":                               {form: "asks=on"},
	"POST ~/support/asks/{id}/grant":                      {form: "hours=4&mode=write", target: openAccessRequest},
	"POST ~/support/asks/{id}/deny":                       {form: "word=No", target: openAccessRequest},
	"POST ~/support/revoke":                               {endsSessions: true},
	"POST ~/support/sessions/{id}/review":                 {form: "verdict=flagged&words=Wrong", target: runningSession},
	"POST ~/support/sessions/{id}/end":                    {target: runningSession},
	"POST ~/view-as":                                      {form: "person=nobody", status: http.StatusUnprocessableEntity},
	"~/":                                                  {status: http.StatusNotFound},
}

// idKinds are the path segments before {id} for which the matrix has ids. Those in one
// group are ids of the same rows.
var idKinds = [][]string{{"projects"}, {"deliverables"}, {"versions"}, {"files", "uploads"}, {"sessions"}, {"browsers"}, {"passkeys"}, {"identities"}, {"domains"}, {"members"}, {"invites"}, {"clients"}, {"asks"}, {"keys"}, {"notes"}, {"comments"}, {"activity"}}

// pathValues are the values of the other wildcards in paths.
var pathValues = map[string]string{
	"number": "1", "n": "1", "token": "no-such-token", "provider": "nobody", "logo": "no-such-logo", "name": "poster.png",
	"stylesheet": "brand-" + views.BrandHash(accent) + ".css",
}

func actOf(route handlers.Route) (act, bool) {
	a, ok := acts[strings.Replace(route.Pattern(), "/w/{tenant}", "~", 1)]
	return a, ok
}

// kindOf is the path segment before {id}, or "".
func kindOf(path string) string {
	before, _, found := strings.Cut(path, "/{id}")
	if !found {
		return ""
	}
	return before[strings.LastIndex(before, "/")+1:]
}

// missingDeclarations says what must be declared about routes before the matrix can try
// them, and in which file.
func missingDeclarations(routes []handlers.Route) (complaints []string) {
	say := func(route handlers.Route, format string, args ...any) {
		complaints = append(complaints, fmt.Sprintf("%q: ", route.Pattern())+fmt.Sprintf(format, args...))
	}
	for _, route := range routes {
		_, known := actOf(route)
		switch route.Who {
		case handlers.Everybody, handlers.APerson, handlers.AnAgent:
			if strings.Contains(route.Path, "{tenant}") {
				say(route, "is inside a tenant but open to %s: make it s.member(...) in handlers/routes.go", route.Who)
			}
		case handlers.AMember, handlers.AProgram:
			if !slices.Contains(store.Capabilities(), route.Needs) {
				say(route, "needs %q, which the rights table does not have: add it to store/rights.go", route.Needs)
			}
		default:
			say(route, "does not say who may enter: make it with s.public, s.person, s.agent, s.member or s.program in handlers/routes.go")
		}
		switch route.Support {
		case handlers.SupportRefused, handlers.SupportReads, handlers.SupportWrites:
		default:
			say(route, "has a rule for support that the matrix does not know: add it to expectedStatus in handlers/matrix_expect_test.go")
		}
		if route.Method != http.MethodGet && !known {
			say(route, "say what a visitor would send there: add a line to acts in handlers/matrix_acts_test.go")
		}
		for blank := range strings.SplitSeq(route.Path, "{") {
			name, _, found := strings.Cut(blank, "}")
			_, filled := pathValues[name]
			switch {
			case !found || name == "tenant" || name == "$" || filled:
			case name != "id":
				say(route, "say what {%s} may be: add it to pathValues in handlers/matrix_acts_test.go", name)
			case !slices.ContainsFunc(idKinds, func(k []string) bool { return slices.Contains(k, kindOf(route.Path)) }):
				say(route, "say how to make one of %q: add it to idKinds in handlers/matrix_acts_test.go and to the things of newFixture", kindOf(route.Path))
			}
		}
	}
	return complaints
}

func anotherBrowser(t *testing.T, _ *world, p *visitor) uuid.UUID {
	return storetest.Person(t, storetest.SignIn(t, p.email)).SessionID
}

func ownPasskey(t *testing.T, _ *world, p *visitor) uuid.UUID {
	return storetest.Passkey(t, storetest.SignIn(t, p.email))
}

func ownIdentity(t *testing.T, _ *world, p *visitor) uuid.UUID {
	return storetest.Identity(t, p.email)
}

func freshProject(t *testing.T, w *world, _ *visitor) uuid.UUID { return w.own.project(t, true) }

func archivedProject(t *testing.T, w *world, _ *visitor) uuid.UUID {
	id := w.own.project(t, true)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, id, true) })
	return id
}

func binnedProject(t *testing.T, w *world, _ *visitor) uuid.UUID {
	id := w.own.project(t, true)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindProject, id, true) })
	return id
}

func freshDeliverable(t *testing.T, w *world, _ *visitor) uuid.UUID {
	id, _ := w.own.deliverable(t, w.own.things["projects"], w.own.markHidden)
	return id
}

func archivedDeliverable(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := freshDeliverable(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindDeliverable, id, true) })
	return id
}

func binnedDeliverable(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := freshDeliverable(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.Bin(t.Context(), store.KindDeliverable, id, true) })
	return id
}

func readyDeliverable(t *testing.T, w *world, _ *visitor) uuid.UUID {
	id, version := w.own.deliverable(t, w.own.things["projects"], w.own.mark)
	storetest.File(t, w.own.staff, version, w.own.mark("name"))
	return id
}

func shownDeliverable(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := readyDeliverable(t, w, p)
	w.own.publish(t, id)
	return id
}

// Reading changes nothing, so what is only read exists before anybody looks.
func comparedDeliverable(_ *testing.T, w *world, _ *visitor) uuid.UUID { return w.own.compared }

func shownRecording(_ *testing.T, w *world, _ *visitor) uuid.UUID { return w.own.recording }

// askedDeliverable is one on which the visitor is asked to decide, if they may, else
// somebody who may.
func askedDeliverable(t *testing.T, w *world, p *visitor) uuid.UUID {
	id, who := shownDeliverable(t, w, p), p.email
	if p.party != store.PartyClient || !store.May(store.Decide, p.party, p.role) || !p.inside {
		who = w.own.person(t, store.PartyClient, store.RoleMember)
	}
	w.own.ask(t, id, who)
	return id
}

// atDeliverable scans one value about the deliverable that a path names.
func atDeliverable(t *testing.T, path, sql string) (found string) {
	t.Helper()
	_, rest, _ := strings.Cut(path, "/deliverables/")
	id, _, _ := strings.Cut(rest, "/")
	// Ids that are none name nothing.
	_ = storetest.AdminPool().QueryRow(t.Context(), sql, id).Scan(&found)
	return found
}

func sendDecision(t *testing.T, b *browser, path string) answer {
	content := atDeliverable(t, path, `select encode(content_sha256, 'hex') from versions where deliverable_id::text = $1 and number = 1`)
	return b.post(t, path, url.Values{"answer": {"changes_required"}, "content": {content}, "words": {"Darker"}})
}

const someDecider = `
select m.user_id::text
from deliverables d
join memberships m on m.tenant_id = d.tenant_id and m.party = 'client' and m.role in ('owner', 'admin', 'member') and m.ended_at is null
where d.id::text = $1
  and not exists (select from review_requests r join versions v on v.id = r.version_id where v.deliverable_id = d.id and r.user_id = m.user_id)
limit 1`

func sendAsk(t *testing.T, b *browser, path string) answer {
	return b.post(t, path, url.Values{"ask": {atDeliverable(t, path, someDecider)}, "rule": {"all"}})
}

func sendPassOn(t *testing.T, b *browser, path string) answer {
	return b.post(t, path, url.Values{"to": {atDeliverable(t, path, someDecider)}})
}

// ownDomainClaim is a domain of the tenant. The visitor has just stepped up.
func ownDomainClaim(t *testing.T, w *world, p *visitor) uuid.UUID {
	if p.mode == "" {
		_, err := w.admin.Exec(t.Context(), `update sessions set stepped_up_at = now() where host = '' and user_id = (select id from users where email = $1)`, p.email)
		if err != nil {
			t.Fatal(err)
		}
	}
	return w.own.domain(t)
}

// freshNote is a note that both sides see.
func freshNote(t *testing.T, w *world, p *visitor) uuid.UUID {
	note, _ := w.own.note(t, w.own.staff, shownDeliverable(t, w, p), store.ClientVisible, w.own.mark)
	return note
}

// ownComment is a note that the visitor has just written.
func ownComment(t *testing.T, w *world, p *visitor) uuid.UUID {
	_, comment := w.own.note(t, (&storetest.Tenants{}).Member(t, p.email, w.own.slug), shownDeliverable(t, w, p), store.ClientVisible, w.own.mark)
	return comment
}

func freshDraft(t *testing.T, w *world, _ *visitor) uuid.UUID {
	_, version := w.own.deliverable(t, w.own.things["projects"], w.own.markHidden)
	return version
}

func freshFile(t *testing.T, w *world, _ *visitor) uuid.UUID { return w.own.fileRow(t) }

func binnedFile(t *testing.T, w *world, _ *visitor) uuid.UUID {
	id := w.own.fileRow(t)
	write(t, w.own.staff, func(tx *store.Tx) error {
		_, err := tx.BinFile(t.Context(), id, true)
		return err
	})
	return id
}

// ownUpload is an upload that the visitor began, because nobody else may continue it.
func ownUpload(t *testing.T, w *world, p *visitor) uuid.UUID {
	return w.own.upload(t, p.browser, w.own.hidden["versions"])
}

func sentUpload(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := ownUpload(t, w, p)
	want(t, "a part", p.browser.putPart(t, w.own.at("/uploads/"+id.String()+"/parts/1"), []byte("12345")), http.StatusNoContent)
	return id
}

// runningSession is a support session of another agent.
func runningSession(t *testing.T, w *world, p *visitor) uuid.UUID {
	_, session := w.own.startSupport(t, storetest.Agent(t), w.viewer.email)
	return session
}

func freshMember(t *testing.T, w *world, _ *visitor) uuid.UUID {
	return (&storetest.Tenants{}).Member(t, w.own.person(t, store.PartyClient, store.RoleViewer), w.own.slug).ID()
}

func freshStaff(t *testing.T, w *world, _ *visitor) uuid.UUID {
	return (&storetest.Tenants{}).Member(t, w.own.person(t, store.PartyAgency, store.RoleViewer), w.own.slug).ID()
}

func freshInvite(t *testing.T, w *world, _ *visitor) uuid.UUID {
	return w.own.invite(t, store.PartyClient, w.own.mark)
}

// rejoin makes a visitor who has left a member again, with the same party and role.
func rejoin(t *testing.T, w *world, p *visitor) {
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

// freshClient is a client that only its creator has joined.
func freshClient(t *testing.T, w *world, _ *visitor) (id uuid.UUID) {
	write(t, w.own.staff, func(tx *store.Tx) (err error) {
		id, _, err = tx.CreateClient(t.Context(), store.NewClient{Slug: "c" + store.NewID().String(), Name: "Fresh"})
		return err
	})
	return id
}

func suspendedClient(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := freshClient(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.SuspendClient(t.Context(), id) })
	return id
}

func archivedClient(t *testing.T, w *world, p *visitor) uuid.UUID {
	id := freshClient(t, w, p)
	write(t, w.own.staff, func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), id) })
	return id
}

// joinedClient is a client that the visitor has joined.
func joinedClient(t *testing.T, w *world, p *visitor) uuid.UUID {
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

// openAccessRequest is an access request without an answer.
func openAccessRequest(t *testing.T, w *world, _ *visitor) uuid.UUID { return w.own.requestAccess(t) }

func sendForm(t *testing.T, b *browser, path string) answer {
	body, contentType := formOf(t, formFile{"file", "sent.txt", []byte("sent")})
	return b.do(t, http.MethodPost, path, body, contentType)
}

func sendLogo(t *testing.T, b *browser, path string) answer {
	body, contentType := formOf(t, formFile{"logo", "logo.png", thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))})
	return b.do(t, http.MethodPost, path, body, contentType)
}

// sendEmptyJSON is an invalid passkey answer, or a request for a challenge.
func sendEmptyJSON(t *testing.T, b *browser, path string) answer {
	return b.json(t, http.MethodPost, path, map[string]any{})
}

// sendSteppedUp sends just after a step-up, and removes the step-up afterwards.
func sendSteppedUp(t *testing.T, b *browser, path string) answer {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Cookie", b.cookie)
	if token, _ := b.site.cookies.Read(r); token != nil {
		sum := sha256.Sum256(token[:])
		setStepUp := func(at string) {
			must(storetest.AdminPool().Exec(t.Context(), `update sessions set stepped_up_at = `+at+` where token_hash = $1`, sum[:]))
		}
		setStepUp("now()")
		defer setStepUp("null")
	}
	return sendEmptyJSON(t, b, path)
}

func sendPlan(t *testing.T, b *browser, path string) answer {
	return b.json(t, http.MethodPost, path, map[string]any{"name": "sent.txt", "size": 4})
}

func sendPart(t *testing.T, b *browser, path string) answer {
	content := []byte("12345")
	return b.with("Content-Digest", contentDigest(content)).do(t, http.MethodPut, path, bytes.NewReader(content), "application/octet-stream")
}
