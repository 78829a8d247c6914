package handlers_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Every text, name and file of a tenant carries its canary: this word and the
// tenant's key. What a client must not see goes on with one more word.
const (
	canary    = "cnrymark" // long enough not to turn up in what is random
	canaryLen = len(canary) + keyLen
	keyLen    = 12
	unseen    = "draft"
)

// estate is a client tenant full of things, all marked with its canary.
type estate struct {
	slug   string
	key    string
	tenant uuid.UUID
	staff  store.Member // who made the things
	maker  *browser     // the same person's
	agent  string       // an agent of support who is inside
	// things are ids by the word before {id} in a path: as everybody here may see
	// them, and as the client must not.
	things map[string]uuid.UUID
	hidden map[string]uuid.UUID
}

// estateOf fills the tenant of that slug by the hands of an owner of its agency.
func estateOf(t *testing.T, s *site, a *storetest.Tenants, slug string) *estate {
	t.Helper()
	e := &estate{
		slug:   slug,
		key:    strings.ToLower(rand.Text())[:keyLen],
		staff:  a.Member(t, a.Dana, slug),
		maker:  s.as(t, a.Dana),
		agent:  storetest.Agent(t),
		hidden: map[string]uuid.UUID{},
	}
	e.tenant = e.staff.TenantID()
	pat := e.person(t, store.PartyClient, store.RoleViewer)
	write(t, e.staff, func(tx *store.Tx) error {
		return tx.UpdateSettings(t.Context(), store.SettingsInput{
			Name: "Client " + slug, PortalName: e.mark("portal"), Welcome: e.mark("welcome"), Accent: accent})
	})
	storetest.GrantSupport(t, e.staff)
	_, session := e.letIn(t, e.agent, pat)
	project := e.project(t, true)
	deliverable, draft := e.deliverable(t, project, e.mark)
	file := e.file(t, draft, e.mark)
	e.publish(t, deliverable)
	e.hidden["projects"] = e.project(t, false)
	e.hidden["deliverables"], e.hidden["versions"] = e.deliverable(t, project, e.markUnseen)
	e.hidden["files"] = e.file(t, e.hidden["versions"], e.markUnseen)
	e.things = map[string]uuid.UUID{
		"projects":     project,
		"deliverables": deliverable,
		"versions":     draft, // published by now
		"files":        file,
		"uploads":      e.upload(t, e.maker, e.hidden["versions"]),
		"sessions":     session,
		"asks":         e.ask(t),
		"browsers":     storetest.Person(t, storetest.SignIn(t, pat)).SessionID,
		"passkeys":     storetest.Passkey(t, storetest.SignIn(t, pat)),
		"identities":   storetest.Identity(t, pat),
		"domains":      e.domain(t),
		"members":      (&storetest.Tenants{}).Member(t, pat, slug).ID(),
		"invites":      e.invite(t, store.PartyClient, e.mark),
	}
	e.hidden["invites"] = e.invite(t, store.PartyAgency, e.markUnseen)
	return e
}

const accent = "#336699"

// domain is a claim that nobody has proved.
func (e *estate) domain(t *testing.T) (id uuid.UUID) {
	t.Helper()
	err := storetest.AdminPool().QueryRow(t.Context(), `insert into domains (host, tenant_id, next_check_at) values ($1, $2, null) returning id`,
		strings.ToLower(rand.Text())+".example.org", e.tenant).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (e *estate) mark(what string) string { return what + " " + canary + e.key }

// markUnseen is for what the client party must not see.
func (e *estate) markUnseen(what string) string { return e.mark(what) + unseen }

// person adds somebody to the tenant and returns their address.
func (e *estate) person(t *testing.T, party store.Party, role store.Role) string {
	t.Helper()
	email := canary + e.key + "-" + string(party) + "-" + string(role) + "-" + strings.ToLower(rand.Text())[:6] + "@portals.test"
	write(t, e.staff, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{
			Name: e.mark(string(role)), Email: email, Party: party, Role: role})
		return err
	})
	return email
}

// invite asks somebody in and returns the invitation.
func (e *estate) invite(t *testing.T, party store.Party, mark func(string) string) (id uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.InvitePerson(t.Context(), store.NewPerson{
			Name: mark("invited"), Email: strings.ToLower(rand.Text()) + "@portals.test", Party: party, Role: store.RoleViewer})
		return err
	})
	return id
}

// letIn starts a session of support as the person of that address.
func (e *estate) letIn(t *testing.T, agent, as string) (store.Token, uuid.UUID) {
	t.Helper()
	token := storetest.StepUp(t, storetest.SignIn(t, agent))
	id, err := storetest.DB().StartSupport(t.Context(), storetest.Person(t, token), store.SupportStart{
		Slug: e.slug, Subject: idOf(t, as), Reason: e.mark("reason"), Ticket: e.mark("T"), Minutes: 60})
	if err != nil {
		t.Fatal(err)
	}
	return token, id
}

// idOf finds a person without their doing anything.
func idOf(t *testing.T, email string) (id uuid.UUID) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), `select id from users where email = $1`, email).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// look has staff look as the person of that address, in a browser at that host.
func (e *estate) look(t *testing.T, staff, as, host string) store.Token {
	t.Helper()
	token := storetest.SignIn(t, staff)
	m, ok := storetest.Visit(t, token, e.slug).Member()
	if !ok {
		t.Fatal("the staff is not at home")
	}
	if err := storetest.DB().ViewAs(t.Context(), m, idOf(t, as)); err != nil {
		t.Fatal(err)
	}
	storetest.MoveSession(t, token, host)
	return token
}

// ask is the request of an agent to be let in.
func (e *estate) ask(t *testing.T) (id uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) })
	sam := storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))
	in := store.NewAccessRequest{Slug: e.slug, Mode: "write", Hours: 4, Reason: e.mark("why"), Ticket: e.mark("T")}
	if err := storetest.DB().RequestAccess(t.Context(), sam, in); err != nil {
		t.Fatal(err)
	}
	var asked []store.SentAccessRequest
	if err := storetest.DB().ReadOwn(t.Context(), sam, store.ListSentAccessRequests(1, &asked)); err != nil || len(asked) != 1 {
		t.Fatalf("asked %d, %v", len(asked), err)
	}
	return asked[0].ID
}

func (e *estate) project(t *testing.T, shared bool) (id uuid.UUID) {
	t.Helper()
	mark := e.mark
	if !shared {
		mark = e.markUnseen
	}
	due := time.Now().AddDate(0, 0, 3)
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: mark("project"), Summary: mark("summary"), Shared: shared, DueOn: &due})
		return err
	})
	return id
}

// deliverable makes one with a draft version.
func (e *estate) deliverable(t *testing.T, project uuid.UUID, mark func(string) string) (id, version uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(t.Context(), project, store.DeliverableInput{Title: mark("title"), Brief: mark("brief")})
		return err
	})
	return id, storetest.Draft(t, e.staff, id)
}

// file sends a file into a draft version through the product, bytes and all.
func (e *estate) file(t *testing.T, version uuid.UUID, mark func(string) string) uuid.UUID {
	t.Helper()
	body, contentType := formOf(t, formFile{"file", mark("name") + ".txt", []byte(mark("bytes"))})
	got := e.maker.do(t, http.MethodPost, e.at("/versions/"+version.String()+"/files"), body, contentType)
	if got.status != http.StatusSeeOther {
		t.Fatalf("a file for the estate: %d %.300s", got.status, got.body)
	}
	var files []store.File
	deliverable := must(uuid.Parse(between(got.location(), "/deliverables/", "?")))
	read(t, e.staff, store.ListFilesOf(deliverable, &files))
	id := files[len(files)-1].ID
	preview(t, e.staff, id, mark("preview"))
	return id
}

// rowFile is a file as far as the database goes, for what needs no bytes.
func (e *estate) rowFile(t *testing.T) uuid.UUID {
	t.Helper()
	_, version := e.deliverable(t, e.things["projects"], e.markUnseen)
	return storetest.File(t, e.staff, version, e.markUnseen("name"))
}

// upload begins one of the person at that browser.
func (e *estate) upload(t *testing.T, by *browser, version uuid.UUID) uuid.UUID {
	t.Helper()
	got := by.json(t, http.MethodPost, e.at("/versions/"+version.String()+"/uploads"), map[string]any{"name": e.markUnseen("name"), "size": 5})
	if got.status != http.StatusCreated {
		t.Fatalf("an upload for the estate: %d %.300s", got.status, got.body)
	}
	return must(uuid.Parse(decode[plan](t, got).ID))
}

func (e *estate) publish(t *testing.T, deliverable uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, 1, e.mark("note")) })
}

// at is a path inside the tenant.
func (e *estate) at(path string) string { return "/w/" + e.slug + path }

func write(t *testing.T, me store.Member, fn func(*store.Tx) error) {
	t.Helper()
	if err := storetest.DB().Write(t.Context(), me, fn); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, me store.Member, reads ...store.Read) {
	t.Helper()
	if err := storetest.DB().Read(t.Context(), me, reads...); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func between(s, after, before string) string {
	_, s, _ = strings.Cut(s, after)
	s, _, _ = strings.Cut(s, before)
	return s
}
