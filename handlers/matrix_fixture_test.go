package handlers_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/files"
	"portico/handlers/jobs"
	"portico/store"
)

// Every text, name and file of a fixture contains its canary: this word and the
// fixture's key. What clients must not see has one more word after it.
const (
	canary     = "cnrymark" // long enough not to occur in random strings
	canaryLen  = len(canary) + keyLen
	keyLen     = 12
	hiddenWord = "draft"
)

// fixture is a client tenant with objects of every kind, all marked with its canary.
type fixture struct {
	slug   string
	key    string
	tenant uuid.UUID
	staff  store.Member  // the creator of the objects
	client *store.Member // an admin of the client; nil in an agency
	maker  *browser      // the creator's browser
	agent  string        // a support agent in a session
	// things are ids by the path segment before {id}, of objects that every member may
	// see; hidden are ids of objects that clients must not see.
	things map[string]uuid.UUID
	hidden map[string]uuid.UUID
	// compared is a deliverable with two published versions, recording a file with a picture
	// and a copy.
	compared, recording uuid.UUID
}

// newFixture fills the tenant with that slug, as an owner of its agency.
func newFixture(t *testing.T, s *site, a *storetest.Tenants, slug string) *fixture {
	t.Helper()
	e := &fixture{
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
	e.consent(t)
	_, session := e.startSupport(t, e.agent, pat)
	project := e.project(t, true)
	deliverable, draft := e.deliverable(t, project, e.mark)
	file := e.file(t, draft, e.mark)
	e.publish(t, deliverable)
	e.decide(t, project)
	e.compare(t, project)
	e.record(t, project)
	storetest.Certificate(t, e.staff.TenantID(), deliverable, draft, e.mark("certificate"))
	e.hidden["projects"] = e.project(t, false)
	e.hidden["deliverables"], e.hidden["versions"] = e.deliverable(t, project, e.markHidden)
	e.hidden["files"] = e.file(t, e.hidden["versions"], e.markHidden)
	e.things = map[string]uuid.UUID{
		"projects":     project,
		"deliverables": deliverable,
		"versions":     draft, // published by now
		"files":        file,
		"uploads":      e.upload(t, e.maker, e.hidden["versions"]),
		"sessions":     session,
		"asks":         e.requestAccess(t),
		"browsers":     storetest.Person(t, storetest.SignIn(t, pat)).SessionID,
		"passkeys":     storetest.Passkey(t, storetest.SignIn(t, pat)),
		"identities":   storetest.Identity(t, pat),
		"domains":      e.domain(t),
		"members":      (&storetest.Tenants{}).Member(t, pat, slug).ID(),
		"invites":      e.invite(t, store.PartyClient, e.mark),
	}
	e.things["notes"], e.things["comments"] = e.note(t, e.staff, deliverable, store.ClientVisible, e.mark)
	e.hidden["notes"], e.hidden["comments"] = e.note(t, e.staff, deliverable, store.TeamOnly, e.markHidden)
	e.noteOnProject(t, project, store.ClientVisible, e.mark)
	e.noteOnProject(t, project, store.TeamOnly, e.markHidden)
	_, e.things["keys"] = storetest.APIKey(t, a.Dana, slug, store.ScopeReadWork)
	e.hidden["keys"] = e.things["keys"]
	e.hidden["invites"] = e.invite(t, store.PartyAgency, e.markHidden)
	e.things["activity"], e.hidden["activity"] = e.event(t, "version.published"), e.event(t, "project.created")
	sealTrail(t, e.tenant)
	return e
}

// event is the first event of a verb. Clients read of publications, but not of new projects.
func (e *fixture) event(t *testing.T, verb string) (id uuid.UUID) {
	t.Helper()
	err := storetest.AdminPool().QueryRow(t.Context(), `select id from audit_events where tenant_id = $1 and verb = $2 order by at, id limit 1`, e.tenant, verb).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sealTrail seals the trail of a tenant as the job does.
func sealTrail(t *testing.T, tenant uuid.UUID) {
	t.Helper()
	sealer := jobs.Sealer{DB: storetest.DB(), Keys: []ed25519.PrivateKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, Host: "portals.test", Log: slog.New(slog.DiscardHandler)}
	if err := sealer.Seal(t.Context(), storetest.Job(t, tenant), true); err != nil {
		t.Fatal(err)
	}
}

// consent lets support make changes, by both sides: what a client has revoked, staff can't
// allow again.
func (e *fixture) consent(t *testing.T) {
	t.Helper()
	if e.client == nil && e.staff.Tenant.Kind == store.TenantClient {
		m := (&storetest.Tenants{}).Member(t, e.person(t, store.PartyClient, store.RoleAdmin), e.slug)
		e.client = &m
	}
	grant := func(tx *store.Tx) error { return tx.GrantSupportToWrite(t.Context(), hour) }
	if e.client != nil {
		write(t, *e.client, grant)
	}
	write(t, e.staff, grant)
}

const accent = "#336699"

// domain is an unverified domain of the tenant.
func (e *fixture) domain(t *testing.T) (id uuid.UUID) {
	t.Helper()
	err := storetest.AdminPool().QueryRow(t.Context(), `insert into domains (host, tenant_id, next_check_at) values ($1, $2, null) returning id`,
		strings.ToLower(rand.Text())+".example.org", e.tenant).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (e *fixture) mark(what string) string { return what + " " + canary + e.key }

// markHidden marks what clients must not see.
func (e *fixture) markHidden(what string) string { return e.mark(what) + hiddenWord }

// person adds somebody to the tenant and returns their address.
func (e *fixture) person(t *testing.T, party store.Party, role store.Role) string {
	t.Helper()
	email := canary + e.key + "-" + string(party) + "-" + string(role) + "-" + strings.ToLower(rand.Text())[:6] + "@portals.test"
	write(t, e.staff, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{
			Name: e.mark(string(role)), Email: email, Party: party, Role: role})
		return err
	})
	return email
}

// invite invites somebody and returns the invitation.
func (e *fixture) invite(t *testing.T, party store.Party, mark func(string) string) (id uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.InvitePerson(t.Context(), store.NewPerson{
			Name: mark("invited"), Email: strings.ToLower(rand.Text()) + "@portals.test", Party: party, Role: store.RoleViewer})
		return err
	})
	return id
}

// startSupport starts a support session as the person with that address.
func (e *fixture) startSupport(t *testing.T, agent, as string) (store.Token, uuid.UUID) {
	t.Helper()
	token := storetest.StepUp(t, storetest.SignIn(t, agent))
	id, err := storetest.DB().StartSupport(t.Context(), storetest.Person(t, token), store.SupportStart{
		Slug: e.slug, Subject: idOf(t, as), Reason: e.mark("reason"), Ticket: e.mark("T"), Minutes: 60})
	if err != nil {
		t.Fatal(err)
	}
	return token, id
}

// idOf is the id of a person, found without signing them in.
func idOf(t *testing.T, email string) (id uuid.UUID) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), `select id from users where email = $1`, email).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// viewAs has staff view as the person with that address, in a session of that host.
func (e *fixture) viewAs(t *testing.T, staff, as, host string) store.Token {
	t.Helper()
	token := storetest.SignIn(t, staff)
	m, ok := storetest.Visit(t, token, e.slug).Member()
	if !ok {
		t.Fatal("the staff member is not a member of the tenant")
	}
	if err := storetest.DB().ViewAs(t.Context(), m, idOf(t, as)); err != nil {
		t.Fatal(err)
	}
	storetest.MoveSession(t, token, host)
	return token
}

// requestAccess is an agent's access request.
func (e *fixture) requestAccess(t *testing.T) (id uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error { return tx.SetAccessRequestsAllowed(t.Context(), true) })
	sam := storetest.Person(t, storetest.SignIn(t, storetest.Agent(t)))
	in := store.NewAccessRequest{Slug: e.slug, Code: storetest.SupportCode(t, e.slug), Mode: "write", Hours: 4, Reason: e.mark("why"), Ticket: e.mark("T")}
	if err := storetest.DB().RequestAccess(t.Context(), sam, in); err != nil {
		t.Fatal(err)
	}
	var asked []store.SentAccessRequest
	if err := storetest.DB().ReadOwn(t.Context(), sam, store.ListSentAccessRequests(1, &asked)); err != nil || len(asked) != 1 {
		t.Fatalf("asked %d, %v", len(asked), err)
	}
	return asked[0].ID
}

func (e *fixture) project(t *testing.T, shared bool) (id uuid.UUID) {
	t.Helper()
	mark := e.mark
	if !shared {
		mark = e.markHidden
	}
	due := time.Now().AddDate(0, 0, 3)
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: mark("project"), Summary: mark("summary"), Shared: shared, DueOn: &due})
		return err
	})
	return id
}

// deliverable makes one with a draft version.
func (e *fixture) deliverable(t *testing.T, project uuid.UUID, mark func(string) string) (id, version uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(t.Context(), project, store.DeliverableInput{Title: mark("title"), Brief: mark("brief")})
		return err
	})
	return id, storetest.Draft(t, e.staff, id)
}

// file uploads a file to a draft version.
func (e *fixture) file(t *testing.T, version uuid.UUID, mark func(string) string) uuid.UUID {
	t.Helper()
	body, contentType := formOf(t, formFile{"file", mark("name") + ".txt", []byte(mark("bytes"))})
	got := e.maker.do(t, http.MethodPost, e.at("/versions/"+version.String()+"/files"), body, contentType)
	if got.status != http.StatusSeeOther {
		t.Fatalf("a file for the fixture: %d %.300s", got.status, got.body)
	}
	var files []store.File
	deliverable := must(uuid.Parse(between(got.location(), "/deliverables/", "?")))
	read(t, e.staff, store.ListFilesOf(deliverable, &files))
	id := files[len(files)-1].ID
	preview(t, e.staff, id, mark("preview"))
	pages(t, e.staff, id, mark("page"))
	return id
}

// fileRow is a file in the database only, without an object in storage.
func (e *fixture) fileRow(t *testing.T) uuid.UUID {
	t.Helper()
	_, version := e.deliverable(t, e.things["projects"], e.markHidden)
	return storetest.File(t, e.staff, version, e.markHidden("name"))
}

// note writes a note on version 1 and returns it with its comment.
func (e *fixture) note(t *testing.T, by store.Member, deliverable uuid.UUID, v store.Visibility, mark func(string) string) (note, comment uuid.UUID) {
	t.Helper()
	write(t, by, func(tx *store.Tx) error {
		at, err := tx.StartNote(t.Context(), deliverable, 1, store.NewNote{Visibility: v, Words: mark("words"), FormKey: uuid.New()})
		note = at.ID
		return err
	})
	var comments []store.Comment
	_, comments = storetest.Notes(t, by, deliverable, 1)
	for _, c := range comments {
		if c.NoteID == note {
			comment = c.ID
		}
	}
	return note, comment
}

// noteOnProject writes a note on a project.
func (e *fixture) noteOnProject(t *testing.T, project uuid.UUID, v store.Visibility, mark func(string) string) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error {
		_, err := tx.StartProjectNote(t.Context(), project, store.NewNote{Visibility: v, Words: mark("words"), FormKey: uuid.New()})
		return err
	})
}

// upload begins an upload in that browser.
func (e *fixture) upload(t *testing.T, by *browser, version uuid.UUID) uuid.UUID {
	t.Helper()
	got := by.json(t, http.MethodPost, e.at("/versions/"+version.String()+"/uploads"), map[string]any{"name": e.markHidden("name"), "size": 5})
	if got.status != http.StatusCreated {
		t.Fatalf("an upload for the fixture: %d %.300s", got.status, got.body)
	}
	return must(uuid.Parse(decode[plan](t, got).ID))
}

func (e *fixture) publish(t *testing.T, deliverable uuid.UUID) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error { return tx.Publish(t.Context(), deliverable, 1, e.mark("note")) })
}

// ask asks somebody of the client to decide on version 1.
func (e *fixture) ask(t *testing.T, deliverable uuid.UUID, who string) {
	t.Helper()
	write(t, e.staff, func(tx *store.Tx) error {
		return tx.AskForDecision(t.Context(), deliverable, 1, store.Ask{People: []uuid.UUID{idOf(t, who)}, Rule: store.AskAll})
	})
}

// decide has somebody of the client decide on a deliverable of their own, with words. It is
// none of the things: their agency's owners may read of it elsewhere.
func (e *fixture) decide(t *testing.T, project uuid.UUID) {
	t.Helper()
	if e.staff.Tenant.Kind != store.TenantClient {
		return
	}
	deliverable, draft := e.deliverable(t, project, e.mark)
	storetest.File(t, e.staff, draft, e.mark("name"))
	e.publish(t, deliverable)
	me := (&storetest.Tenants{}).Member(t, e.person(t, store.PartyClient, store.RoleMember), e.slug)
	var files []store.File
	read(t, me, store.ListFilesOf(deliverable, &files))
	write(t, me, func(tx *store.Tx) error {
		return tx.Decide(t.Context(), deliverable, 1, store.NewDecision{Content: store.ContentHash(files), Answer: store.ApprovedWithChanges, Words: e.mark("words")})
	})
}

// compare publishes two versions of a deliverable.
func (e *fixture) compare(t *testing.T, project uuid.UUID) {
	t.Helper()
	var version uuid.UUID
	e.compared, version = e.deliverable(t, project, e.mark)
	storetest.File(t, e.staff, version, e.mark("name"))
	e.publish(t, e.compared)
	write(t, e.staff, func(tx *store.Tx) (err error) { version, err = tx.AddVersion(t.Context(), e.compared); return err })
	storetest.File(t, e.staff, version, e.mark("name"))
	write(t, e.staff, func(tx *store.Tx) error { return tx.Publish(t.Context(), e.compared, 2, "") })
}

// record publishes a file with a picture and a copy.
func (e *fixture) record(t *testing.T, project uuid.UUID) {
	t.Helper()
	deliverable, version := e.deliverable(t, project, e.mark)
	e.recording = storetest.File(t, e.staff, version, e.mark("name"))
	e.publish(t, deliverable)
	storetest.Media(t, e.tenant, e.recording, func(r *store.Rendition) {
		content := []byte(e.mark("recording"))
		digest := must(storage(t).For(e.tenant).Put(t.Context(), files.NewKey(e.tenant, files.KindRendition, r.ID), content))
		r.Size, r.SHA256 = int64(len(content)), digest[:]
	})
}

// at is a path inside the tenant.
func (e *fixture) at(path string) string { return "/w/" + e.slug + path }

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
