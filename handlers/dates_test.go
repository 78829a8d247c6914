package handlers_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

func setDates(t *testing.T, email, zone, locale string) {
	t.Helper()
	if err := storetest.DB().SetDates(t.Context(), storetest.Person(t, storetest.SignIn(t, email)), zone, locale); err != nil {
		t.Fatal(err)
	}
}

// An event at 23:30 UTC is listed under the next day in Auckland: readers see dates in
// their own zone and language. In a session, support sees its subject's dates; in the
// console, its own.
func TestDaysFollowTheReadersTimeZone(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	dana := d.Member(t, d.Dana, d.Acme)
	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		// Support sees nothing that happened to what only the agency sees.
		_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Spring " + d.Suffix, Shared: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = storetest.Superuser(t).Exec(t.Context(),
		`update audit_events set at = '2020-03-10 23:30:00+00' where tenant_id = $1 and verb = 'project.created'`, dana.TenantID())
	if err != nil {
		t.Fatal(err)
	}
	const path = "/activity?kind=project"
	has(t, "until they choose", d.as(t, d.Dana).get(t, d.base+path), "<h2>Tuesday, 10 March 2020</h2>", ">23:30 UTC</time>")

	setDates(t, d.Dana, "Pacific/Auckland", "de-DE")
	setDates(t, d.agent, "America/New_York", "en-US")
	auckland := []string{`<h2 lang="de">Mittwoch, 11. März 2020</h2>`, `<time datetime="2020-03-10T23:30:00Z">12:30</time>`}
	has(t, "in Auckland", d.as(t, d.Dana).get(t, d.base+path), auckland...)
	has(t, "a colleague", d.as(t, d.Ravi).get(t, d.base+path), "<h2>Tuesday, 10 March 2020</h2>", ">23:30 UTC</time>")

	inside := d.in(t, d.Dana).sam.get(t, d.base+path)
	has(t, "inside", inside, append(auckland, `title="Until `, `Auckland time" data-until`)...)
	console := d.sam.get(t, "/support?q="+d.Acme)
	has(t, "the console", console, "M</time>")
	hasNot(t, "the console", console, `lang="de"`, "UTC</time>")
}

// Work is late once its due day is over in the reader's time zone. It is always a later
// day in Kiritimati than in Pago Pago.
func TestLateFollowsTheReadersTimeZone(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	var project, deliverable uuid.UUID
	today := time.Now().Add(-11 * time.Hour).UTC().Truncate(24 * time.Hour) // in Pago Pago
	err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) (err error) {
		if project, err = tx.CreateProject(t.Context(), store.ProjectInput{Name: "Spring", DueOn: &today}); err != nil {
			return err
		}
		deliverable, err = tx.CreateDeliverable(t.Context(), project, store.DeliverableInput{Title: "Poster", DueOn: &today})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	setDates(t, a.Dana, "Pacific/Kiritimati", "en-GB")
	setDates(t, a.Ravi, "Pacific/Pago_Pago", "en-GB")
	for _, path := range []string{"/projects", "/projects/" + project.String(), "/deliverables/" + deliverable.String()} {
		has(t, "in Kiritimati, "+path, s.as(t, a.Dana).get(t, "/w/"+a.Acme+path), `data-status="late"`)
		hasNot(t, "in Pago Pago, "+path, s.as(t, a.Ravi).get(t, "/w/"+a.Acme+path), `data-status="late"`)
	}
}

// Staff who view as a client user and change their account change only their own.
func TestViewAsChangesOnlyTheStaffsOwnDates(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia, dana := d.Member(t, d.Mia, d.Acme), d.as(t, d.Dana)
	want(t, "start", dana.post(t, d.base+"/view-as", url.Values{"person": {mia.ID().String()}}), 303)
	want(t, "her own dates", dana.post(t, "/account/dates", url.Values{"time_zone": {"Asia/Tokyo"}, "locale": {"fr-FR"}}), 303)
	if p := storetest.Person(t, storetest.SignIn(t, d.Mia)); p.TimeZone != "UTC" || p.Locale != "en-GB" {
		t.Errorf("Mia reads dates in %s and %s now", p.TimeZone, p.Locale)
	}
	if p := storetest.Person(t, storetest.SignIn(t, d.Dana)); p.TimeZone != "Asia/Tokyo" || p.Locale != "fr-FR" {
		t.Errorf("Dana reads dates in %s and %s", p.TimeZone, p.Locale)
	}
}
