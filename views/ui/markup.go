package ui

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
)

// Markup builds HTML for the rows that a list repeats. templ makes two allocations for every expression, and a list has
// hundreds. Raw only takes constants of the source, because no other package can name its parameter's type. Everything
// else is escaped, so these rows are as safe from typed text as those of templ.
type Markup struct{ b []byte }

// constant is the text of a string literal.
type constant string

// Piece is finished markup that is built once.
type Piece struct{ html string }

// Badge is the mark of a state: an icon, a word, and the name of a colour. Without the name of an icon the stylesheet draws
// the one that belongs to the colour, which saves a list a hundred bytes a row.
func Badge(name, icon, word constant) Piece {
	head := `<b data-status="` + string(name) + `">`
	if icon != "" {
		head += IconPiece(icon).html
	}
	return Piece{head + string(word) + `</b>`}
}

// IconPiece is an icon as finished markup.
func IconPiece(name constant) Piece { return Piece{iconHead + string(name) + iconTail} }

// Render implements templ.Component.
func (p Piece) Render(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, p.html)
	return err
}

var markups = sync.Pool{New: func() any { return &Markup{make([]byte, 0, 32<<10)} }}

// Write returns a component whose markup fn builds.
func Write(fn func(*Markup)) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		m := markups.Get().(*Markup)
		defer markups.Put(m)
		m.b = m.b[:0]
		fn(m)
		_, err := w.Write(m.b)
		return err
	})
}

// Raw writes a constant of the source without escaping.
func (m *Markup) Raw(s constant) { m.b = append(m.b, s...) }

// RawIf does what Raw does if the condition holds.
func (m *Markup) RawIf(applies bool, s constant) {
	if applies {
		m.b = append(m.b, s...)
	}
}

// Piece writes finished markup.
func (m *Markup) Piece(p Piece) { m.b = append(m.b, p.html...) }

// Int writes a number.
func (m *Markup) Int(n int) { m.b = strconv.AppendInt(m.b, int64(n), 10) }

// Count writes a number with its noun, as Count does.
func (m *Markup) Count(n int, one, many constant) {
	m.Int(n)
	m.b = append(m.b, ' ')
	if n == 1 {
		m.Raw(one)
	} else {
		m.Raw(many)
	}
}

// Text writes text that people typed, between tags or in a quoted attribute.
func (m *Markup) Text(s string) {
	from := 0
	for i := range len(s) {
		var escaped string
		switch s[i] {
		case '&':
			escaped = "&amp;"
		case '<':
			escaped = "&lt;"
		case '>':
			escaped = "&gt;"
		case '"':
			escaped = "&#34;"
		case '\'':
			escaped = "&#39;"
		case 0:
			escaped = "\uFFFD"
		default:
			continue
		}
		m.b = append(append(m.b, s[from:i]...), escaped...)
		from = i + 1
	}
	m.b = append(m.b, s[from:]...)
}

// URL writes an address into a quoted attribute. It replaces an address that could run a script.
func (m *Markup) URL(s string) {
	if len(s) > 0 && s[0] == '/' {
		m.Text(s)
		return
	}
	m.Text(string(templ.URL(s)))
}

// Icon writes one icon of the sprite.
func (m *Markup) Icon(name constant) {
	m.b = append(m.b, iconHead...)
	m.b = append(m.b, name...)
	m.b = append(m.b, iconTail...)
}

// Avatar writes the round avatar of a person.
func (m *Markup) Avatar(name string) {
	m.Raw(`<span class="avatar" aria-hidden="true">`)
	m.Text(Initials(name))
	m.Raw(`</span>`)
}

// Ago writes a moment as Dates.Ago shows it.
func (m *Markup) Ago(d Dates, t time.Time) { m.b = d.appendTime(m.b, t, ` data-relative`, false) }

// Clock writes a time of day as Dates.Clock shows it.
func (m *Markup) Clock(d Dates, t time.Time) { m.b = d.appendTime(m.b, t, ``, true) }

// Moment writes a moment as Dates.Moment shows it.
func (m *Markup) Moment(d Dates, t time.Time) { m.b = d.appendTime(m.b, t, ``, false) }

// DayText writes a calendar day for people only, without the element that repeats it for programs. It stays
// on one line.
func (m *Markup) DayText(d Dates, t time.Time) {
	w := d.words()
	if w.attr != "" {
		m.b = append(append(append(m.b, `<span`...), w.attr...), '>')
	}
	var text [32]byte
	for _, c := range w.appendShort(text[:0], t.Year(), t.Month(), t.Day()) {
		if c == ' ' {
			m.Raw("\u00a0")
		} else {
			m.b = append(m.b, c)
		}
	}
	m.RawIf(w.attr != "", `</span>`)
}
