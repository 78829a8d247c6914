package views

import (
	"github.com/a-h/templ"

	"portico/views/ui"
)

// The rows of the most visited lists are written by hand for speed, see ui.Markup. They look like all other rows.

func projectRows(c Chrome, rows []ProjectRow, reorder bool) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		openRows(m, false, reorder)
		for i := range rows {
			r := &rows[i]
			openRow(m, r.ID, r.Name, reorder)
			m.Raw(`<span class="row-icon">`)
			m.Icon("folder")
			m.Raw(`</span><div class="row-main">`)
			rowLink(m, r.URL, r.Name)
			m.Raw(`<p class="row-meta"><span>`)
			m.Count(r.Deliverables, "deliverable", "deliverables")
			m.Raw(`</span>`)
			rowTimes(m, c.Dates, r)
			m.Raw(`</p></div><div class="row-end">`)
			projectEnd(m, r, c.Staff)
			m.Raw(`</div>`)
			if reorder {
				moveMenu(m, c.Base.ProjectMove(r.ID), r.ID, r.Name, r.Placed, func(i int) string { return rows[i].ID }, i, len(rows))
			}
			m.Raw(`</li>`)
		}
		m.Raw(`</ul>`)
	})
}

func rowTimes(m *ui.Markup, d ui.Dates, r *ProjectRow) {
	if !r.Due.IsZero() {
		m.Raw(`<span>due `)
		m.Day(d, r.Due)
		m.Raw(`</span>`)
	}
	m.Raw(`<span class="row-updated">updated `)
	m.Ago(d, r.UpdatedAt)
	m.Raw(`</span>`)
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
	switch {
	case r.Waiting > 0 && staff:
		m.Raw(`<span class="waiting" data-for="client">`)
		m.Text(forTheClient(r.Waiting))
		m.Raw(`</span>`)
	case r.New > 0:
		m.Raw(`<span class="waiting" data-for="reader">`)
		m.Count(r.New, "new", "new")
		m.Raw(`</span>`)
	}
}

func deliverableRows(b Base, d ui.Dates, rows []DeliverableRow, reorder bool) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		openRows(m, true, reorder)
		for i := range rows {
			r := &rows[i]
			openRow(m, r.ID, r.Title, reorder)
			rowThumb(m, r.ThumbURL)
			m.Raw(`<div class="row-main">`)
			rowLink(m, r.URL, r.Title)
			m.Raw(`<p class="row-meta">`)
			if r.Version > 0 {
				m.Raw(`<span>v`)
				m.Int(r.Version)
				m.Raw(`</span>`)
			}
			m.Raw(`<span>`)
			m.Count(r.Files, "file", "files")
			m.Raw(`</span>`)
			rowTimes(m, d, &ProjectRow{Due: r.Due, UpdatedAt: r.UpdatedAt})
			m.Raw(`</p></div><div class="row-end">`)
			deliverableEnd(m, r)
			m.Raw(`</div>`)
			if reorder {
				moveMenu(m, b.DeliverableMove(r.ID), r.ID, r.Title, r.Placed, func(i int) string { return rows[i].ID }, i, len(rows))
			}
			m.Raw(`</li>`)
		}
		m.Raw(`</ul>`)
	})
}

func deliverableEnd(m *ui.Markup, r *DeliverableRow) {
	if r.Draft > 0 && r.Version > 0 {
		m.Raw(`<span class="row-quiet">v`)
		m.Int(r.Draft)
		m.Raw(` in draft</span>`)
	}
	if r.New {
		m.Raw(`<span class="waiting" data-for="reader">New</span>`)
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

func rowThumb(m *ui.Markup, url string) {
	m.Raw(`<span class="thumb">`)
	if url != "" {
		m.Raw(`<img src="`)
		m.URL(url)
		m.Raw(`" alt="" width="60" height="44" loading="lazy" decoding="async">`)
	} else {
		m.Icon("layers")
	}
	m.Raw(`</span>`)
}

func openRows(m *ui.Markup, work, reorder bool) {
	m.Raw(`<ul class="rows"`)
	m.RawIf(work, ` data-kind="work"`)
	m.RawIf(reorder, ` data-reorder`)
	m.Raw(`>`)
}

func openRow(m *ui.Markup, id, name string, reorder bool) {
	m.Raw(`<li class="row"`)
	if reorder {
		m.Raw(` data-id="`)
		m.Text(id)
		m.Raw(`"`)
	}
	m.Raw(`>`)
	if reorder {
		// A script shows it. The arrow keys move the row while it has the focus.
		m.Raw(`<button class="grip" type="button" title="Drag, or press the arrow keys" aria-label="Order of `)
		m.Text(name)
		m.Raw(`: press the arrow keys" data-grip="`)
		m.Text(name)
		m.Raw(`" hidden>`)
		m.Icon("grip-vertical")
		m.Raw(`</button>`)
	}
}

func rowLink(m *ui.Markup, url, name string) {
	m.Raw(`<a class="row-link" href="`)
	m.URL(url)
	m.Raw(`" dir="auto"`)
	if len(name) > 60 { // the list never cuts a shorter name
		m.Raw(` title="`)
		m.Text(name)
		m.Raw(`"`)
	}
	m.Raw(`>`)
	m.Text(name)
	m.Raw(`</a>`)
}

// moveMenu is the menu that moves row i of n without a script. Dragging and the arrow keys send the same request. "after"
// is the id of the row to place it after, empty for the first place, and placed is the state that its place was read in.
func moveMenu(m *ui.Markup, url, id, name, placed string, idOf func(int) string, i, n int) {
	up, down := "", ""
	if i > 1 {
		up = idOf(i - 2)
	}
	if i < n-1 {
		down = idOf(i + 1)
	}
	m.Raw(`<button class="icon-button" type="button" popovertarget="move-`)
	m.Text(id)
	m.Raw(`" aria-label="Move `)
	m.Text(name)
	m.Raw(`">`)
	m.Icon("ellipsis")
	m.Raw(`</button><div class="menu" id="move-`)
	m.Text(id)
	m.Raw(`" popover><form method="post" action="`)
	m.URL(url)
	m.Raw(`" data-move>`)
	if placed != "" {
		m.Raw(`<input type="hidden" name="seen" value="`)
		m.Text(placed)
		m.Raw(`">`)
	}
	openMove(m, up, i == 0)
	m.Raw(` data-way="up">`)
	m.Icon("arrow-up")
	m.Raw(`Move up</button>`)
	openMove(m, down, i == n-1)
	m.Raw(` data-way="down">`)
	m.Icon("arrow-down")
	m.Raw(`Move down</button>`)
	openMove(m, "", i == 0)
	m.Raw(` data-way="top">`)
	m.Icon("arrow-up")
	m.Raw(`Move to the top</button>`)
	openMove(m, idOf(n-1), i == n-1)
	m.Raw(` data-way="bottom">`)
	m.Icon("arrow-down")
	m.Raw(`Move to the bottom</button></form></div>`)
}

// openMove opens the tag of a button of the menu.
func openMove(m *ui.Markup, after string, disabled bool) {
	m.Raw(`<button class="menu-item" type="submit" name="after" value="`)
	m.Text(after)
	m.Raw(`"`)
	m.RawIf(disabled, ` disabled`)
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
	m.Raw(`</div>`)
}
