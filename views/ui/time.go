package ui

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
)

// Dates are how somebody reads dates: in their zone, in the words and the order of their language. Everything that shows
// a time is a method of it, so that no page can show one without knowing to whom. The zero value is UTC and British.
type Dates struct {
	zone     *time.Location // nil is UTC, which says so
	language *language      // nil is British English
}

// DatesFor is how somebody with these settings reads dates; what is not known of them is as in the zero value.
func DatesFor(zone, locale string) Dates {
	return Dates{zone: location(zone), language: languageOf(locale)}
}

// CheckDates says what is wrong with these settings, under the names of their fields.
func CheckDates(zone, locale string) Errors {
	errs := Errors{}
	if !isZone(zone) {
		errs["time_zone"] = "Choose a time zone from the list."
	}
	if languageOf(locale) == nil {
		errs["locale"] = "Choose a language from the list."
	}
	return errs
}

// locations keeps the zones that were asked for. There are no more of them than the list is long.
var locations sync.Map

func location(zone string) *time.Location {
	if zone == "UTC" || !isZone(zone) {
		return nil
	}
	if known, ok := locations.Load(zone); ok {
		return known.(*time.Location)
	}
	l, err := time.LoadLocation(zone)
	if err != nil {
		return nil
	}
	locations.Store(zone, l)
	return l
}

// Ago shows a moment. The text is exact; the script moves it to the title and puts words ("3 hours ago") in its place.
// A zero time shows nothing.
func (d Dates) Ago(t time.Time) templ.Component { return d.tag(t, ` data-relative`, false) }

// Moment shows a moment exactly.
func (d Dates) Moment(t time.Time) templ.Component { return d.tag(t, ``, false) }

// Clock shows the time of day of a moment, for lists that are grouped by day.
func (d Dates) Clock(t time.Time) templ.Component { return d.tag(t, ``, true) }

// Day shows a calendar day, which is the same day for every reader: due dates, for example.
func (d Dates) Day(t time.Time) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(d.appendDay(make([]byte, 0, 64), t))
		return err
	})
}

// Exact is a moment as mail has to say it: nobody knows where and when it is read.
func (d Dates) Exact(t time.Time) string {
	t = d.in(t)
	year, month, day := t.Date()
	b := d.words().appendLong(nil, year, month, day)
	b = d.words().appendClock(append(b, ", "...), t.Hour(), t.Minute())
	if d.zone == nil {
		return string(b) + " UTC"
	}
	return string(b) + ", " + zoneCity(d.zone.String()) + " time"
}

// Today is the calendar day that it is for the reader, as due dates are kept: at midnight UTC.
func (d Dates) Today() time.Time { return calendarDay(d.in(time.Now())) }

// DayLabel is the heading of the day of a moment in a list grouped by day: "Today", "Yesterday", "Thursday, 19 November",
// with the year when it is not the one of now. The other result is the language of the name, "" for that of the page.
func (d Dates) DayLabel(t, now time.Time) (label, lang string) {
	t, now = d.in(t), d.in(now)
	day, today := calendarDay(t), calendarDay(now)
	switch {
	case day.Equal(today):
		return "Today", ""
	case day.Equal(today.AddDate(0, 0, -1)):
		return "Yesterday", ""
	}
	w := d.words()
	b := append([]byte(w.days[t.Weekday()]), w.afterWeekday...)
	if day.Year() == today.Year() {
		b = w.appendDayMonth(b, t.Month(), t.Day())
	} else {
		b = w.appendLong(b, t.Year(), t.Month(), t.Day())
	}
	return string(b), w.lang
}

func (d Dates) in(t time.Time) time.Time {
	if d.zone == nil {
		return t.UTC()
	}
	return t.In(d.zone)
}

func (d Dates) words() *language {
	if d.language == nil {
		return &languages[0]
	}
	return d.language
}

func calendarDay(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func (d Dates) tag(t time.Time, attr string, clockOnly bool) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(d.appendTime(make([]byte, 0, 112), t, attr, clockOnly))
		return err
	})
}

// appendTime takes a moment apart once for programs and once for the reader. Formatting by layout, twice a row, was a
// third of what a list cost.
func (d Dates) appendTime(b []byte, t time.Time, attr string, clockOnly bool) []byte {
	if t.IsZero() {
		return b
	}
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendISO(append(b, `<time datetime="`...), year, month, day)
	b = append(appendTwo(append(b, 'T'), hour), ':')
	b = append(appendTwo(b, minute), ':')
	b = append(appendTwo(b, second), 'Z', '"')
	b = append(b, attr...)
	if d.zone != nil {
		t = t.In(d.zone)
		year, month, day = t.Date()
		hour, minute, _ = t.Clock()
	}
	w := d.words()
	if clockOnly {
		b = append(b, '>')
	} else {
		b = append(w.appendShort(append(append(b, w.attr...), '>'), year, month, day), ", "...)
	}
	b = w.appendClock(b, hour, minute)
	if d.zone == nil {
		b = append(b, ` UTC`...)
	}
	return append(b, `</time>`...)
}

func (d Dates) appendDay(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	year, month, day := t.Date()
	b = append(appendISO(append(b, `<time datetime="`...), year, month, day), '"')
	w := d.words()
	b = w.appendShort(append(append(b, w.attr...), '>'), year, month, day)
	return append(b, `</time>`...)
}

// appendISO writes 2026-11-22.
func appendISO(b []byte, year int, month time.Month, day int) []byte {
	b = appendTwo(appendTwo(b, year/100%100), year%100)
	b = append(appendTwo(append(b, '-'), int(month)), '-')
	return appendTwo(b, day)
}

func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
