package handlers_test

import (
	"encoding/csv"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Every act in a support session names the agent and the person, in one spelling, wherever it
// is shown. So does every act of staff who view as a client. An act in person names that
// person alone.
// The mails are in TestMailsOfSupportsActsNameBoth.
func TestActsOfSupportNameBoth(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t)
	both := "Sam of support, as Dana " + d.Suffix
	d.in(t, d.Dana)
	want(t, "writing", d.prove(t).sam.post(t, "/support/write", sure), 303)
	m, ok := storetest.Visit(t, d.token, d.Acme).Member()
	if !ok || m.Support == nil {
		t.Fatal("support is not inside")
	}
	deliverable := storetest.Deliverable(t, m, storetest.Project(t, m, "Spring"), "Poster")
	storetest.File(t, m, storetest.Draft(t, m, deliverable), "poster.txt")
	page := d.base + "/deliverables/" + deliverable.String()
	dana, mia := d.as(t, d.Dana), d.as(t, d.Mia)
	has(t, "the author of a draft", dana.get(t, page), both)
	want(t, "publish with answers to notes", d.sam.post(t, page+"/versions/1/publish", url.Values{"done": {uuid.NewString()}}), 403)
	published := d.sam.post(t, page+"/versions/1/publish", nil)
	want(t, "publish", published, 303)
	has(t, "the page after publishing", d.sam.get(t, published.location()), "Published.", both)
	has(t, "the ledger under way", mia.get(t, d.base+"/support"), both)
	want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	for what, got := range map[string]answer{
		"the publisher, for the agency":  dana.get(t, page),
		"the publisher, for the client":  mia.get(t, page),
		"since yesterday":                dana.get(t, "/"),
		"the latest activity":            dana.get(t, d.base+"/"),
		"the activity, for the agency":   dana.get(t, d.base+"/activity"),
		"the activity, for the client":   mia.get(t, d.base+"/activity"),
		"publications, for the client":   mia.get(t, d.base+"/activity?kind=published"),
		"the ledger":                     mia.get(t, d.base+"/support"),
		"the agent's own sessions":       d.sam.get(t, "/support"),
		"the ledger, for the agency too": dana.get(t, d.base+"/support"),
	} {
		has(t, what, got, both)
		hasNot(t, what, got, "Sam as Dana", "Sam (support) as")
	}
	d.actorsInCSV(t, mia, map[string]string{"published a new version of": both, "created the project": both})

	view := url.Values{"person": {d.Member(t, d.Leo, d.Acme).ID().String()}}
	want(t, "view as", dana.post(t, d.base+"/view-as", view), 303)
	want(t, "a page", dana.get(t, d.base+"/projects"), 200)
	want(t, "stop", dana.post(t, "/view-as/stop", nil), 303)
	viewed := "Dana " + d.Suffix + " of Northwind " + d.Suffix + ", as Leo " + d.Suffix
	for what, got := range map[string]answer{
		"the activity":        mia.get(t, d.base+"/activity?support=1"),
		"the latest activity": dana.get(t, d.base+"/"),
		"since yesterday":     d.as(t, d.Ravi).get(t, "/"), // her own acts are no news to her
	} {
		has(t, what+" of who viewed as a client", got, viewed, "stopped viewing as a client")
		hasNot(t, what+" of who viewed as a client", got, "Dana "+d.Suffix+" of support", "Dana "+d.Suffix+" as Leo")
	}
	d.actorsInCSV(t, mia, map[string]string{"started to view as a client": viewed, "stopped viewing as a client": viewed})
	for _, reader := range []*browser{mia, dana} {
		has(t, "the ledger of who viewed as a client", reader.get(t, d.base+"/support"), "Dana "+d.Suffix+" of Northwind "+d.Suffix+" viewed the portal as Leo "+d.Suffix)
	}
	has(t, "her own account", dana.get(t, "/account"), "Stopped viewing as a client")
	hasNot(t, "her own account", dana.get(t, "/account"), "support session")

	want(t, "view as again", dana.post(t, d.base+"/view-as", view), 303)
	has(t, "the ledger under way", mia.get(t, d.base+"/support"), "Dana "+d.Suffix+" of Northwind "+d.Suffix+" is viewing the portal as Leo "+d.Suffix)
	has(t, "the bar", dana.get(t, d.base+"/projects"), `aria-label="Viewing as a client"`)
	var session string
	if err := storetest.Admin(t).QueryRow(t.Context(), `select s.id from support_sessions s join tenants t on t.id = s.tenant_id where t.slug = $1 and s.kind = 'view_as' and s.ended_at is null`, d.Acme).Scan(&session); err != nil {
		t.Fatal(err)
	}
	want(t, "end it", mia.post(t, d.base+"/support/sessions/"+session+"/end", nil), 303)
	has(t, "the activity of who ended it", mia.get(t, d.base+"/activity"), "ended a view as a client")

	other := d.Member(t, d.Dana, d.Globex)
	own := publishedBy(t, other)
	has(t, "in person", dana.get(t, "/w/"+d.Globex+"/deliverables/"+own.String()), "Dana "+d.Suffix)
	for _, path := range []string{"/deliverables/" + own.String(), "/activity", "/"} {
		hasNot(t, "in person, "+path, dana.get(t, "/w/"+d.Globex+path), "of support", ", as Dana")
	}
}

// actorsInCSV checks who did what by the exported ledger.
func (d *desk) actorsInCSV(t *testing.T, reader *browser, wants map[string]string) {
	t.Helper()
	got := reader.get(t, d.base+"/support/ledger.csv")
	want(t, "the table", got, 200)
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at, by := map[string]int{}, map[string]string{}
	for i, name := range rows[0] {
		at[name] = i
	}
	for _, row := range rows[1:] {
		by[row[at["what"]]] = row[at["who"]]
	}
	for act, who := range wants {
		if by[act] != who {
			t.Errorf("by the table %q did what %q did: %s", by[act], who, act)
		}
	}
}

// publishedBy publishes a deliverable as me.
func publishedBy(t *testing.T, me store.Member) uuid.UUID {
	t.Helper()
	id := storetest.Deliverable(t, me, storetest.Project(t, me, "Autumn"), "Flyer")
	storetest.File(t, me, storetest.Draft(t, me, id), "flyer.txt")
	if err := storetest.DB().Write(t.Context(), me, func(tx *store.Tx) error { return tx.Publish(t.Context(), id, 1, "") }); err != nil {
		t.Fatal(err)
	}
	return id
}
