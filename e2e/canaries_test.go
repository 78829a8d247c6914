package e2e

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/playwright-community/playwright-go"

	"portico/e2e/sample"
	"portico/store"
)

// xssPayload is text that tries to run a script in another person's browser. It
// breaks out of text, attributes, titles and fields of a page.
const xssPayload = `"'></title></textarea><script>ran=1</script><img src=x onerror=ran=1>`

// scriptedTenants is an agency with a client in which every text is the payload.
type scriptedTenants struct {
	agency, client string
	people         map[string]string // addresses by role
	ids            map[string]string // by the path segment before {id}
	invite         string            // the link's path
	files          string            // the path to upload files to
}

func createScriptedTenants(t *testing.T) *scriptedTenants {
	t.Helper()
	ctx := t.Context()
	word := strings.ToLower(rand.Text())[:8]
	at := func(who string) string { return who + "@" + word + ".test" }
	h := &scriptedTenants{agency: "a-" + word, client: "c-" + word, ids: map[string]string{}, people: map[string]string{
		"agency's owner": at("owner"), "staff": at("staff"), "client": at("client"), "viewer": at("viewer"), "agent": at("agent")}}
	config, err := sample.ConfigOf(world.stack.Env())
	check(t, err)
	op, err := store.OpenOperator(ctx, config.OwnerURL)
	check(t, err)
	defer op.Close(ctx)
	_, err = op.CreateAgency(ctx, h.agency, xssPayload, at("owner"), xssPayload, "starter")
	check(t, err)
	check(t, op.AddAgent(ctx, at("agent"), xssPayload))
	db, err := store.Open(ctx, store.Config{URL: config.AppURL, Signer: config.Signer})
	check(t, err)
	t.Cleanup(db.Close)
	token := signIn(t, db, at("owner"))
	member := func(slug string) store.Member {
		v, err := db.Identify(ctx, store.Credentials{Token: &token, Slug: slug})
		check(t, err)
		m, _ := v.Member()
		return m
	}
	look := store.SettingsInput{Name: xssPayload, PortalName: xssPayload, Welcome: xssPayload, Accent: "#c2451e", MailName: "Haunted"}
	check(t, db.Write(ctx, member(h.agency), func(tx *store.Tx) error {
		if err := tx.UpdateSettings(ctx, look); err != nil {
			return err
		}
		_, inside, err := tx.CreateClient(ctx, store.NewClient{Slug: h.client, Name: xssPayload})
		if err != nil {
			return err
		}
		if err := inside.UpdateSettings(ctx, look); err != nil {
			return err
		}
		for who, p := range map[string]store.NewPerson{
			"staff":  {Party: store.PartyAgency, Role: store.RoleMember},
			"client": {Party: store.PartyClient, Role: store.RoleOwner},
			"viewer": {Party: store.PartyClient, Role: store.RoleViewer},
		} {
			p.Name, p.Email = xssPayload, at(who)
			if _, err := inside.AddPerson(ctx, p); err != nil {
				return err
			}
		}
		return nil
	}))
	since, owner := time.Now(), member(h.client)
	var project, deliverable uuid.UUID
	check(t, db.Write(ctx, owner, func(tx *store.Tx) (err error) {
		if project, err = tx.CreateProject(ctx, store.ProjectInput{Name: xssPayload, Summary: xssPayload, Shared: true}); err != nil {
			return err
		}
		if deliverable, err = tx.CreateDeliverable(ctx, project, store.DeliverableInput{Title: xssPayload, Brief: xssPayload}); err != nil {
			return err
		}
		if _, err = tx.InvitePerson(ctx, store.NewPerson{Name: xssPayload, Email: at("invited"), Party: store.PartyClient, Role: store.RoleViewer}); err != nil {
			return err
		}
		if err := tx.SetAccessRequestsAllowed(ctx, true); err != nil {
			return err
		}
		return tx.GrantSupportToWrite(ctx, time.Hour)
	}))
	h.requestAccess(t, db, owner)
	var versions []store.Version
	var events []store.Activity
	// The grant: the client reads of it too.
	check(t, db.Read(ctx, owner, store.ListVersions(deliverable, &versions), store.ListActivity(store.ActivityFilter{Verb: "support.granted"}, &events)))
	h.ids["projects"], h.ids["deliverables"], h.ids["members"] = project.String(), deliverable.String(), owner.ID().String()
	h.ids["clients"], h.ids["activity"] = owner.TenantID().String(), events[0].ID.String()
	h.files = "/w/" + h.client + "/versions/" + versions[0].ID.String() + "/files"
	h.invite = pathIn(t, mailed(t, at("invited"), since, ""), "/invites/")
	return h
}

// signIn retries, because the server's own mail job may replace the code first.
func signIn(t *testing.T, db *store.DB, email string) store.Token {
	t.Helper()
	token, err := sample.SignIn(t.Context(), db, email)
	for range 4 {
		if err == nil {
			break
		}
		token, err = sample.SignIn(t.Context(), db, email)
	}
	check(t, err)
	return token
}

// requestAccess sends an access request whose reason is the payload.
func (h *scriptedTenants) requestAccess(t *testing.T, db *store.DB, owner store.Member) {
	t.Helper()
	token := signIn(t, db, h.people["agent"])
	v, err := db.Identify(t.Context(), store.Credentials{Token: &token})
	check(t, err)
	agent, _ := v.Person()
	check(t, db.Write(t.Context(), owner, func(tx *store.Tx) error { return tx.MakeSupportCode(t.Context()) }))
	var code *store.SupportCode
	check(t, db.Read(t.Context(), owner, store.GetSupportCode(&code)))
	check(t, db.RequestAccess(t.Context(), agent, store.NewAccessRequest{Slug: h.client, Code: code.Code, Mode: "write", Hours: 4, Reason: xssPayload, Ticket: xssPayload}))
	var open []store.AccessRequest
	check(t, db.Read(t.Context(), owner, store.ListOpenAccessRequests(&open)))
	h.ids["asks"] = open[0].ID.String()
}

// publish uploads files whose names and contents are scripts and publishes the
// version.
func (h *scriptedTenants) publish(owner *visitor) {
	owner.t.Helper()
	post := func(path string, o playwright.APIRequestContextPostOptions) {
		o.Headers = map[string]string{"Origin": world.stack.URL()}
		o.MaxRedirects = playwright.Int(0)
		res, err := owner.context.Request().Post(world.stack.URL()+path, o)
		owner.must("post to "+path, err)
		if res.Status() != http.StatusSeeOther {
			body, _ := res.Text()
			owner.t.Fatalf("%s answers %d: %.300s", path, res.Status(), body)
		}
	}
	for name, file := range map[string]playwright.InputFile{
		"svg":  {MimeType: "image/svg+xml", Buffer: []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="ran=1"><script>ran=1</script></svg>`)},
		"html": {MimeType: "text/html", Buffer: []byte("<!doctype html><title>x</title>" + xssPayload)},
	} {
		file.Name = "<img src=x onerror=ran=1>." + name
		post(h.files, playwright.APIRequestContextPostOptions{Multipart: map[string]any{"file": file}})
	}
	post("/w/"+h.client+"/deliverables/"+h.ids["deliverables"]+"/versions/1/publish", playwright.APIRequestContextPostOptions{Form: map[string]any{"note": xssPayload}})
}

// pathIn returns the path of the link in a mail that begins with begins.
func pathIn(t *testing.T, text, begins string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, world.stack.URL()+begins)
	if !found {
		t.Fatalf("no link to %s in the mail: %s", begins, text)
	}
	return begins + strings.Fields(rest)[0]
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The payload runs on a page that doesn't escape it, so the other tests mean
// something.
func TestScriptRunsOnUnescapedPage(t *testing.T) {
	t.Parallel()
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><p>" + r.URL.Query().Get("name")))
	}))
	t.Cleanup(careless.Close)
	page := world.chromium.Context(t).Open(t, careless.URL+"/?name="+url.QueryEscape(xssPayload))
	if ran, err := page.Evaluate("window.ran"); err != nil || ran != 1 {
		t.Errorf("it did not run: %v, %v", ran, err)
	}
}
