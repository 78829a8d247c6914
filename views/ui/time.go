package ui

import (
	"context"
	"io"
	"time"

	"github.com/a-h/templ"
)

// Ago shows a moment. The text is exact and in UTC; the script puts the reader's words ("3 hours ago") in its place and
// the exact time of the reader's zone in the title. A zero time shows nothing.
//
// It is written by hand because lists show one a row: one write from a buffer on the stack.
func Ago(t time.Time) templ.Component { return timeTag(t, ` data-relative`, "2 Jan 2006, 15:04 UTC") }

// Moment shows a moment exactly; the script moves it to the reader's zone.
func Moment(t time.Time) templ.Component {
	return timeTag(t, ` data-moment`, "2 Jan 2006, 15:04 UTC")
}

// Clock shows the time of day of a moment, for lists that are grouped by day.
func Clock(t time.Time) templ.Component { return timeTag(t, ` data-clock`, "15:04 UTC") }

// Day shows a calendar day, which is the same day for every reader: due dates, for example.
func Day(t time.Time) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if t.IsZero() {
			return nil
		}
		b := make([]byte, 0, 96)
		b = append(b, `<time datetime="`...)
		b = t.AppendFormat(b, "2006-01-02")
		b = append(b, `">`...)
		b = t.AppendFormat(b, "2 Jan 2006")
		b = append(b, `</time>`...)
		_, err := w.Write(b)
		return err
	})
}

func timeTag(t time.Time, attr, layout string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if t.IsZero() {
			return nil
		}
		t := t.UTC()
		b := make([]byte, 0, 128)
		b = append(b, `<time datetime="`...)
		b = t.AppendFormat(b, "2006-01-02T15:04:05Z")
		b = append(b, '"')
		b = append(b, attr...)
		b = append(b, '>')
		b = t.AppendFormat(b, layout)
		b = append(b, `</time>`...)
		_, err := w.Write(b)
		return err
	})
}
