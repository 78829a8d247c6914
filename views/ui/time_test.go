package ui_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"portico/views/ui"
)

// By default, dates equal the output of the standard library's layouts, in UTC.
func TestTimes(t *testing.T) {
	t.Parallel()
	var d ui.Dates
	zone := time.FixedZone("somewhere", -5*3600)
	for _, at := range []time.Time{
		time.Date(2026, 11, 22, 19, 30, 5, 0, time.UTC), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2027, 12, 31, 23, 59, 59, 999, zone), time.Date(2004, 2, 29, 4, 5, 6, 0, zone),
	} {
		u := at.UTC()
		iso, words := u.Format("2006-01-02T15:04:05Z"), u.Format("2 Jan 2006, 15:04 UTC")
		for got, want := range map[string]string{
			render(t, d.Ago(at)):    `<time datetime="` + iso + `" data-relative>` + words + `</time>`,
			render(t, d.Moment(at)): `<time datetime="` + iso + `">` + words + `</time>`,
			render(t, d.Clock(at)):  `<time datetime="` + iso + `">` + u.Format("15:04 UTC") + `</time>`,
			render(t, d.Day(at)):    `<time datetime="` + at.Format("2006-01-02") + `">` + at.Format("2 Jan 2006") + `</time>`,
			d.Exact(at):             u.Format("2 January 2006, 15:04 UTC"),
		} {
			if got != want {
				t.Errorf("%s, not %s", got, want)
			}
		}
	}
	for _, c := range []templ.Component{d.Ago(time.Time{}), d.Day(time.Time{}), d.Moment(time.Time{}), d.Clock(time.Time{})} {
		if got := render(t, c); got != "" {
			t.Errorf("no time shows %q", got)
		}
	}
}

// In every zone, at noon and at clock changes, the hour equals that of the standard library.
func TestTimesInAZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Pacific/Auckland", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Europe/Berlin"} {
		l, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		british, american := ui.DatesFor(zone, "en-GB"), ui.DatesFor(zone, "en-US")
		for at := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC); at.Month() < time.May; at = at.Add(25 * time.Minute) {
			iso, here := `<time datetime="`+at.Format("2006-01-02T15:04:05Z")+`">`, at.In(l)
			if got, want := render(t, british.Moment(at)), iso+here.Format("2 Jan 2006, 15:04")+`</time>`; got != want {
				t.Fatalf("%s: %s, not %s", zone, got, want)
			}
			if got, want := render(t, american.Moment(at)), iso+here.Format("Jan 2, 2006, 3:04 PM")+`</time>`; got != want {
				t.Fatalf("%s: %s, not %s", zone, got, want)
			}
			if got, want := render(t, british.Clock(at)), iso+here.Format("15:04")+`</time>`; got != want {
				t.Fatalf("%s: %s, not %s", zone, got, want)
			}
		}
	}
}

// Each language has its own words and order, and a lang attribute for screen readers.
func TestLanguages(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC) // already the next year in Berlin
	later := at.AddDate(0, 3, 0)
	for _, c := range []struct{ locale, short, exact, label, lang string }{
		{"en-GB", "1 Jan 2027, 00:30", "1 January 2027, 00:30", "Friday, 1 January", ""},
		{"en-US", "Jan 1, 2027, 12:30 AM", "January 1, 2027, 12:30 AM", "Friday, January 1", ""},
		{"de-DE", "1. Jan. 2027, 00:30", "1. Januar 2027, 00:30", "Freitag, 1. Januar", "de"},
		{"es-ES", "1 ene 2027, 00:30", "1 de enero de 2027, 00:30", "Viernes, 1 de enero", "es"},
		{"fr-FR", "1 janv. 2027, 00:30", "1 janvier 2027, 00:30", "Vendredi 1 janvier", "fr"},
		{"it-IT", "1 gen 2027, 00:30", "1 gennaio 2027, 00:30", "Venerdì 1 gennaio", "it"},
		{"nl-NL", "1 jan 2027, 00:30", "1 januari 2027, 00:30", "Vrijdag 1 januari", "nl"},
		{"pt-PT", "1 jan. 2027, 00:30", "1 de janeiro de 2027, 00:30", "Sexta-feira, 1 de janeiro", "pt"},
	} {
		d, attr := ui.DatesFor("Europe/Berlin", c.locale), ""
		if c.lang != "" {
			attr = ` lang="` + c.lang + `"`
		}
		if got, want := render(t, d.Moment(at)), `<time datetime="2026-12-31T23:30:00Z"`+attr+`>`+c.short+`</time>`; got != want {
			t.Errorf("%s: %s, not %s", c.locale, got, want)
		}
		day, _, _ := strings.Cut(c.short, ", 00")
		day, _, _ = strings.Cut(day, ", 12:")
		if got, want := render(t, d.Day(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))), `<time datetime="2027-01-01"`+attr+`>`+day+`</time>`; got != want {
			t.Errorf("%s: %s, not %s", c.locale, got, want)
		}
		if got, want := d.Exact(at), c.exact+", Berlin time"; got != want {
			t.Errorf("%s: %s, not %s", c.locale, got, want)
		}
		if label, lang := d.DayLabel(at, later); label != c.label || lang != c.lang {
			t.Errorf("%s: %q in %q, not %q", c.locale, label, lang, c.label)
		}
		all := map[string]bool{}
		for m := range 12 {
			all[render(t, d.Day(time.Date(2026, time.Month(m+1), 9, 0, 0, 0, 0, time.UTC)))] = true
			label, _ := d.DayLabel(time.Date(2026, time.Month(m+1), m+1, 12, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
			all[label] = true
		}
		if len(all) != 24 {
			t.Errorf("%s: two months or days share a name: %d", c.locale, len(all))
		}
	}
}

// Day labels are right across midnight and the turn of the year, and days start at the reader's midnight.
func TestDayLabel(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		day, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	for _, c := range []struct{ zone, day, now, want string }{
		{"UTC", "2026-11-22 00:00:01", "2026-11-22 23:59:59", "Today"},
		{"UTC", "2026-11-21 23:59:59", "2026-11-22 00:00:01", "Yesterday"},
		{"UTC", "2026-11-19 12:00:00", "2026-11-22 12:00:00", "Thursday, 19 November"},
		{"UTC", "2025-12-31 12:00:00", "2026-01-01 12:00:00", "Yesterday"},
		{"UTC", "2025-12-30 12:00:00", "2026-01-01 12:00:00", "Tuesday, 30 December 2025"},
		{"UTC", "2026-11-21 23:30:00", "2026-11-22 01:00:00", "Yesterday"},
		{"Pacific/Auckland", "2026-11-21 23:30:00", "2026-11-22 01:00:00", "Today"},
		{"Pacific/Auckland", "2026-11-19 10:59:59", "2026-11-22 12:00:00", "Thursday, 19 November"},
		{"Pacific/Auckland", "2026-11-19 11:00:00", "2026-11-22 12:00:00", "Friday, 20 November"},
		{"America/Los_Angeles", "2026-01-01 07:59:59", "2026-06-01 12:00:00", "Wednesday, 31 December 2025"},
	} {
		if got, _ := ui.DatesFor(c.zone, "en-GB").DayLabel(at(c.day), at(c.now)); got != c.want {
			t.Errorf("%s seen at %s in %s is %q, not %q", c.day, c.now, c.zone, got, c.want)
		}
	}
}

// Every listed zone and language can be chosen, and no other. Unknown values give UTC and British English.
func TestChoicesOfDates(t *testing.T) {
	t.Parallel()
	zones := 0
	for _, g := range ui.ZoneGroups() {
		for _, o := range g.Options {
			zones++
			if errs := ui.CheckDates(o.Value, "en-GB"); len(errs) != 0 {
				t.Errorf("%s is offered and refused", o.Value)
			}
			if got := ui.DatesFor(o.Value, "en-GB").Exact(time.Unix(0, 0)); strings.HasSuffix(got, "UTC") != (o.Value == "UTC") {
				t.Errorf("%s has no rules: %s", o.Value, got)
			}
		}
	}
	if zones < 400 {
		t.Errorf("%d zones", zones)
	}
	for _, g := range ui.LocaleGroups() {
		for _, o := range g.Options {
			if errs := ui.CheckDates("UTC", o.Value); len(errs) != 0 {
				t.Errorf("%s is offered and refused", o.Value)
			}
		}
	}
	for _, zone := range badZones {
		if errs := ui.CheckDates(zone, "en-GB"); errs["time_zone"] == "" || errs["locale"] != "" {
			t.Errorf("zone %.40q: %v", zone, errs)
		}
		if got := ui.DatesFor(zone, "en-GB"); got.Exact(time.Unix(0, 0)) != "1 January 1970, 00:00 UTC" {
			t.Errorf("zone %.40q is read as one", zone)
		}
	}
	for _, locale := range []string{"", "en", "EN-GB", "en-gb", "en_GB", "xx-XX", "de", "../de-DE", "de-DE\x00", strings.Repeat("de-DE", 999)} {
		if errs := ui.CheckDates("UTC", locale); errs["locale"] == "" || errs["time_zone"] != "" {
			t.Errorf("language %.40q: %v", locale, errs)
		}
	}
}

var badZones = []string{
	"", " ", "Local", "local", "utc", "Mars/Phobos", "../etc/passwd", "/etc/passwd", "Europe/../Europe/Berlin", "europe/berlin", "EUROPE/BERLIN",
	"Europe/Berlin ", "Europe", "Europe/", "Europe/Berlin\x00", "\x00", "\xff", "posix/Europe/Berlin", "zone.tab", strings.Repeat("A", 9000),
}

// Zones are sorted as people look for their city: by continent, then by name.
func TestZonesAreSorted(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("zones.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(list))
	if names[0] != "UTC" || !slices.IsSorted(names[1:]) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Error("zones.txt is UTC, then the others in order, each once")
	}
}

// How long something took agrees with the times beside it, which have no seconds.
func TestLastedAgreesWithTheTimesShown(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 22, 19, 30, 50, 0, time.UTC)
	for seconds, want := range map[int]string{5: "less than a minute", 15: "1 minute", 80: "2 minutes", 1800: "30 minutes"} {
		if got := ui.Lasted(start, start.Add(time.Duration(seconds)*time.Second)); got != want {
			t.Errorf("%d seconds: %q, not %q", seconds, got, want)
		}
	}
}
