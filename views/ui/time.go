package ui

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
)

// Dates is how a person reads dates: in their time zone and language. Every function that shows a time is a method of
// Dates, so no page can show a time without knowing the reader. The zero value is UTC and British English.
type Dates struct {
	zone     *time.Location // nil is UTC, shown with the time
	language *language      // nil is British English
}

// DatesFor returns the Dates of a person with these settings. Unknown values are as in the zero value.
func DatesFor(zone, locale string) Dates {
	return Dates{zone: location(zone), language: languageOf(locale)}
}

// CheckDates returns what is wrong with these settings, by field name.
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

// locations caches the time zones in use. Only listed zones are cached, so it can't grow without limit.
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

// Ago shows a moment. The text is exact. The script moves it to the title and shows words ("3 hours ago") instead. A
// zero time shows nothing.
func (d Dates) Ago(t time.Time) templ.Component { return d.tag(t, ` data-relative`, false) }

// Moment shows the exact date and time of a moment.
func (d Dates) Moment(t time.Time) templ.Component { return d.tag(t, ``, false) }

// Clock shows the time of day of a moment, for lists that are grouped by day.
func (d Dates) Clock(t time.Time) templ.Component { return d.tag(t, ``, true) }

// Day shows a calendar day, such as a due date. It is the same day for every reader.
func (d Dates) Day(t time.Time) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(d.appendDay(make([]byte, 0, 64), t))
		return err
	})
}

// DayText is [Dates.Day] without markup, for mails.
func (d Dates) DayText(t time.Time) string {
	year, month, day := t.Date()
	return string(d.words().appendShort(nil, year, month, day))
}

// Exact returns a moment with its date, time and zone, for mail, because nobody knows where and when a mail is read.
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

// Today returns the reader's current calendar day, at midnight UTC like due dates.
func (d Dates) Today() time.Time { return calendarDay(d.in(time.Now())) }

// DayLabel returns the heading for a day in a list grouped by day: "Today", "Yesterday", "Thursday, 19 November". It adds
// the year if it is not the current one. The second result is the language of the heading, "" for the page's language.
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

// appendTime writes a moment for programs and for the reader, and splits it into date and clock only once. Formatting
// by layout twice a row took a third of a list's rendering time.
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
