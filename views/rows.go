package views

import (
	"slices"
	"time"

	"github.com/a-h/templ"

	"portico/views/ui"
)

// The rows of the most visited lists are written by hand for speed, see ui.Markup. They look like all other rows.

func projectRows(c Chrome, p ProjectListProps) templ.Component {
	byScript := p.CanReorder && !p.Ordering
	return ui.Write(func(m *ui.Markup) {
		openRows(m, "projects", byScript)
		for i := range p.Projects {
			r := &p.Projects[i]
			openRow(m, r.ID, r.Placed, byScript)
			rowLink(m, r.URL, r.Name)
			m.Raw(`<p>`)
			m.Count(r.Deliverables, "deliverable", "deliverables")
			rowTimes(m, c.Dates, r.Due, r.UpdatedAt)
			m.Raw(`<p>`)
			projectEnd(m, r, c.Staff)
			if p.Ordering {
				moveForm(m, c.Base.ProjectMove(r.ID), r.Name, r.Placed, p.Pressed.in(r.ID), placesOf(i, len(p.Projects), func(i int) string { return p.Projects[i].ID }))
			}
		}
		closeRows(m, byScript)
	})
}

// rowTimes writes the second line's times. The CSS hides the last one where there is little room.
func rowTimes(m *ui.Markup, d ui.Dates, due, updated time.Time) {
	if !due.IsZero() {
		m.Raw(` · due `)
		m.DayText(d, due)
	}
	if !updated.IsZero() {
		m.Raw(`<i> · updated `)
		m.Moment(d, updated)
		m.Raw(`</i>`)
	}
}

func projectEnd(m *ui.Markup, r *ProjectRow, staff bool) {
	if r.Hidden {
		m.Piece(badges[StateHidden])
	}
	if r.Late {
		m.Piece(badges[StateLate])
	}
	if r.Archived {
		m.Piece(badges[StateArchived])
	}
	if staff && r.ForUs > 0 {
		m.Raw(`<b data-for="us">`)
		m.Text(forUs(r.ForUs))
		m.Raw(`</b>`)
	}
	switch {
	case r.InReview > 0 && staff:
		m.Raw(`<b>`)
		m.Text(inReview(r.InReview))
		m.Raw(`</b>`)
	case r.New > 0:
		m.Raw(`<b>`)
		m.Count(r.New, "new", "new")
		m.Raw(`</b>`)
	}
}

func deliverableRows(c Chrome, p ProjectShowProps) templ.Component {
	byScript := p.CanReorder && !p.Ordering
	return ui.Write(func(m *ui.Markup) {
		openRows(m, "work", byScript)
		for i := range p.Deliverables {
			r := &p.Deliverables[i]
			openRow(m, r.ID, r.Placed, byScript)
			rowPicture(m, r.ThumbURL, i)
			rowLink(m, r.URL, r.Title)
			m.Raw(`<p>`)
			if r.Version > 0 {
				m.Raw(`v`)
				m.Int(r.Version)
				m.Raw(` · `)
			}
			m.Count(r.Files, "file", "files")
			rowTimes(m, c.Dates, r.Due, r.UpdatedAt)
			m.Raw(`<p>`)
			deliverableEnd(m, r)
			if p.Ordering {
				moveForm(m, c.Base.DeliverableMove(r.ID), r.Title, r.Placed, p.Pressed.in(r.ID), placesOf(i, len(p.Deliverables), func(i int) string { return p.Deliverables[i].ID }))
			}
		}
		closeRows(m, byScript)
	})
}

func deliverableEnd(m *ui.Markup, r *DeliverableRow) {
	if r.Draft > 0 && r.Version > 0 {
		m.Raw(`<span class="row-quiet">v`)
		m.Int(r.Draft)
		m.Raw(` in draft</span>`)
	}
	if r.New {
		m.Raw(`<b>New</b>`)
	}
	if r.Late && r.State != StateLate {
		m.Piece(badges[StateLate])
	}
	if r.Archived {
		m.Piece(badges[StateArchived])
	} else {
		m.Piece(badges[r.State])
	}
}

// seenAtOnce is how many rows most screens show before anybody scrolls.
const seenAtOnce = 6

// rowPicture writes the preview of row i. The CSS sizes it, and draws an icon in its place if there is none.
func rowPicture(m *ui.Markup, url string, i int) {
	if url == "" {
		return
	}
	m.Raw(`<img src="`)
	m.URL(url)
	m.Raw(`" alt`)
	m.RawIf(i >= seenAtOnce, ` loading=lazy`)
	m.Raw(`>`)
}

// openRows begins a lean list: a row is a link and two paragraphs, without classes and without end tags that HTML implies.
func openRows(m *ui.Markup, kind string, reorder bool) {
	m.Raw(`<ul class="rows lean" data-kind="`)
	m.Text(kind)
	m.Raw(`" data-relative`)
	m.RawIf(reorder, ` data-reorder`)
	m.Raw(`>`)
}

// closeRows ends the list. The script makes each row's grip and menu button, and one menu for all, from the template.
func closeRows(m *ui.Markup, reorder bool) {
	m.Raw(`</ul>`)
	if !reorder {
		return
	}
	m.Raw(`<template><button class="grip" type="button" title="Drag, or press the arrow keys" aria-label="Order">`)
	m.Icon("grip-vertical")
	m.Raw(`</button><button class="icon-button" type="button" aria-label="Move">`)
	m.Icon("ellipsis")
	m.Raw(`</button><div class="menu" popover>`)
	for _, w := range moveWays {
		m.Raw(`<button class="menu-item" type="button" data-way="`)
		m.Text(w.name)
		m.Raw(`">`)
		m.Piece(w.icon)
		m.Text("Move " + w.words)
		m.Raw(`</button>`)
	}
	m.Raw(`</div></template>`)
}

func openRow(m *ui.Markup, id, placed string, reorder bool) {
	m.Raw(`<li`)
	if reorder {
		m.Raw(` data-id="`)
		m.Text(id)
		m.Raw(`"`)
		if placed != "" {
			m.Raw(` data-placed="`)
			m.Text(placed)
			m.Raw(`"`)
		}
	}
	m.Raw(`>`)
}

func rowLink(m *ui.Markup, url, name string) {
	m.Raw(`<a href="`)
	m.URL(url)
	m.Raw(`" dir=auto`)
	if len(name) > 60 { // the list never cuts a shorter name
		m.Raw(` title="`)
		m.Text(name)
		m.Raw(`"`)
	}
	m.Raw(`>`)
	m.Text(name)
	m.Raw(`</a>`)
}

type moveWay struct {
	name, words, short string
	icon               ui.Piece
}

// moveWays are where a row can move without dragging.
var moveWays = [4]moveWay{
	{"up", "up", "Up", ui.IconPiece("arrow-up")},
	{"down", "down", "Down", ui.IconPiece("arrow-down")},
	{"top", "to the top", "Top", ui.IconPiece("arrow-up")},
	{"bottom", "to the bottom", "Bottom", ui.IconPiece("arrow-down")},
}

// place is where one of the ways leads: behind the row with this id, empty for the first place.
type place struct {
	after string
	here  bool // the row is there already
}

// placesOf are the places that moveWays lead row i of n to.
func placesOf(i, n int, idOf func(int) string) [4]place {
	up, down := "", ""
	if i > 1 {
		up = idOf(i - 2)
	}
	if i < n-1 {
		down = idOf(i + 1)
	}
	return [4]place{{up, i == 0}, {down, i == n-1}, {"", i == 0}, {idOf(n - 1), i == n-1}}
}

// Pressed is the button without scripts that has just moved a row.
type Pressed struct{ Row, Way string }

// in is the way of the button if it is in this row, else "".
func (p Pressed) in(row string) string {
	if p.Row != row {
		return ""
	}
	return p.Way
}

// focusOn is the index of the button that gets the focus after the one that was pressed moved the row: the same, or the way
// back where the row can't move on. It is -1 for none.
func focusOn(pressed string, places [4]place) int {
	back := map[string]string{"up": "down", "top": "down", "down": "up", "bottom": "up"}
	for range 2 {
		i := slices.IndexFunc(moveWays[:], func(w moveWay) bool { return w.name == pressed })
		if i < 0 || !places[i].here {
			return i
		}
		pressed = back[pressed]
	}
	return -1
}

// moveForm moves a row without a script. Dragging and the arrow keys send the same request. placed is the state that the
// row's place was read in, pressed the way of the button that has just moved it.
func moveForm(m *ui.Markup, url, name, placed, pressed string, places [4]place) {
	m.Raw(`<form class="moves" method="post" action="`)
	m.URL(url)
	m.Raw(`"><input type="hidden" name="order" value="1">`)
	if placed != "" {
		m.Raw(`<input type="hidden" name="seen" value="`)
		m.Text(placed)
		m.Raw(`">`)
	}
	focus := focusOn(pressed, places)
	for i, to := range places {
		m.Raw(`<button class="button" formaction="`)
		m.URL(withQuery(url, "way", moveWays[i].name))
		m.Raw(`" name="after" value="`)
		m.Text(to.after)
		m.Raw(`" aria-label="Move `)
		m.Text(name)
		m.Raw(` `)
		m.Text(moveWays[i].words)
		m.Raw(`"`)
		m.RawIf(to.here, ` disabled`)
		m.RawIf(i == focus, ` autofocus`)
		m.Raw(`>`)
		m.Text(moveWays[i].short)
		m.Raw(`</button>`)
	}
	m.Raw(`</form>`)
}

// eventList lists events with how long ago they happened.
func eventList(d ui.Dates, events []EventRow) templ.Component {
	return eventRows(events, func(m *ui.Markup, e *EventRow) { m.Ago(d, e.At) })
}

// eventClock lists the events of one day with their time of day.
func eventClock(d ui.Dates, events []EventRow) templ.Component {
	return eventRows(events, func(m *ui.Markup, e *EventRow) { m.Clock(d, e.At) })
}

func eventRows(events []EventRow, when func(*ui.Markup, *EventRow)) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		m.Raw(`<ol class="events">`)
		for i := range events {
			e := &events[i]
			m.Raw(`<li class="event"`)
			m.RawIf(e.Support != "", ` data-support`)
			m.RawIf(e.Denied, ` data-denied`)
			m.Raw(`>`)
			m.Avatar(e.Actor)
			eventWords(m, e)
			if e.Denied {
				m.Piece(badges[StateDenied])
			}
			when(m, e)
			m.Raw(`</li>`)
		}
		m.Raw(`</ol>`)
	})
}

func eventWords(m *ui.Markup, e *EventRow) {
	m.Raw(`<div class="event-words"><p>`)
	if e.ActorURL != "" {
		m.Raw(`<a class="event-actor" href="`)
		m.URL(e.ActorURL)
		m.Raw(`">`)
	}
	m.Raw(`<strong dir="auto">`)
	m.Text(e.Actor)
	m.Raw(`</strong>`)
	m.RawIf(e.ActorURL != "", `</a>`)
	m.Raw(` `)
	m.Text(e.Verb)
	switch {
	case e.TargetURL != "":
		m.Raw(` <a href="`)
		m.URL(e.TargetURL)
		m.Raw(`" dir="auto">`)
		m.Text(e.Target)
		m.Raw(`</a>`)
	case e.Target != "":
		m.Raw(` <span class="event-target" dir="auto">`)
		m.Text(e.Target)
		m.Raw(`</span>`)
	}
	if e.After != "" {
		m.Raw(` `)
		m.Text(e.After)
	}
	m.Raw(`</p>`)
	if e.Where != "" {
		m.Raw(`<p class="event-where" dir="auto">`)
		m.Text(e.Where)
		m.Raw(`</p>`)
	}
	if e.Support != "" {
		m.Raw(`<p class="event-support">`)
		m.Icon("life-buoy")
		m.Raw(`<span dir="auto">`)
		m.Text(e.Support)
		m.Raw(`</span></p>`)
	}
	if e.Seal != "" {
		m.Raw(`<p class="event-where"><a href="`)
		m.URL(e.URL)
		m.Raw(`">`)
		m.Text(e.Seal)
		m.Raw(`</a></p>`)
	}
	m.Raw(`</div>`)
}
