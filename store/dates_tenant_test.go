package store_test

import (
	"errors"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Only the person can read or change their date settings: nobody else in the tenant
// can, nor support. The settings come with the first round trip.
func TestDateSettingsAreThePersonsOwn(t *testing.T) {
	t.Parallel()
	b := setupSupport(t)
	leo, conn := b.Member(t, b.Leo, b.Acme), storetest.App(t)
	const see, set = `select time_zone, locale from users where id = $1`, `update users set time_zone = 'Asia/Tokyo', locale = 'fr-FR' where id = $1`
	for _, sql := range []string{see, set} {
		for who, me := range map[string]*store.Member{"Leo": &leo, "the owner of the agency": &b.dana, "nobody": nil} {
			if n, err := try(t, conn, me, sql, b.mia.ID()); n != 0 || err != nil {
				t.Errorf("%s, %s: %d rows, %v", who, sql, n, err)
			}
		}
		if n, err := trySession(t, conn, b.mia, sql, b.mia.ID()); n != 0 || err != nil {
			t.Errorf("support as her, %s: %d rows, %v", sql, n, err)
		}
		if n, err := try(t, conn, &b.mia, sql, b.mia.ID()); n != 1 || err != nil {
			t.Errorf("in person, %s: %d rows, %v", sql, n, err)
		}
	}
	for _, sql := range []string{`update users set time_zone = '../etc/passwd'`, `update users set time_zone = ''`, `update users set locale = 'deutsch'`,
		`update users set time_zone = repeat('A', 65)`} {
		if _, err := try(t, conn, &b.mia, sql); sqlState(err) != checkViolation {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Each request knows the person's date settings. In a support session it uses the
// subject's, because pages are rendered as the subject.
func TestDateSettingsFollowTheSubject(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	if b.mia.TimeZone != "UTC" || b.mia.Locale != "en-GB" {
		t.Errorf("at first: %s, %s", b.mia.TimeZone, b.mia.Locale)
	}
	must(t, b.db.SetDates(t.Context(), b.mia.Person, "Pacific/Auckland", "de-DE"))
	must(t, b.db.SetDates(t.Context(), storetest.Person(t, b.token), "America/New_York", "en-US"))
	if err := b.db.SetDates(t.Context(), b.mia.Person, "../etc/passwd", "de-DE"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no name of a zone: %v", err)
	}

	mia := b.Member(t, b.Mia, b.Acme)
	wantDates(t, "Mia", mia.TimeZone, mia.Locale, "Pacific/Auckland", "de-DE")
	wantDates(t, "Mia in person", mia.Person.TimeZone, mia.Person.Locale, "Pacific/Auckland", "de-DE")
	leo := b.Member(t, b.Leo, b.Acme)
	wantDates(t, "Leo", leo.TimeZone, leo.Locale, "UTC", "en-GB")
	b.startAs(t, mia.ID())
	inside := b.inside(t)
	wantDates(t, "inside", inside.TimeZone, inside.Locale, "Pacific/Auckland", "de-DE")
	sam := storetest.Person(t, b.token)
	wantDates(t, "the agent", sam.TimeZone, sam.Locale, "America/New_York", "en-US")
	if events := b.count(t, `select count(*) from account_events where user_id = $1 and verb = 'account.dates_set'`, mia.ID()); events != 1 {
		t.Errorf("%d history lines about it", events)
	}
}

func wantDates(t *testing.T, who, zone, locale, wantZone, wantLocale string) {
	t.Helper()
	if zone != wantZone || locale != wantLocale {
		t.Errorf("%s reads dates in %s and %s, not %s and %s", who, zone, locale, wantZone, wantLocale)
	}
}
