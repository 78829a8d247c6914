package views

import (
	"slices"

	"github.com/a-h/templ"

	"portico/views/ui"
)

// Stroke is a part of a drawing on a picture. Its points are pairs of x and y, in 1/10,000 of the picture's sides.
type Stroke struct {
	Kind   string // "pen": a line through the points; "arrow", "box": from the first to the second
	Points []int
}

// pins are the notes at their places over the picture. They are links, so that they work without a script.
func pins(list []Note) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		m.Raw(`<svg class="pins" data-pins>`)
		// The script draws arrows with it too.
		m.Raw(`<marker id="arrow-head" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 0 6 3 0 6z" fill="context-stroke"/></marker>`)
		for i := range list {
			n := &list[i]
			if n.Pin == nil {
				continue
			}
			openPin(m, n)
			if n.Pin.W > 0 {
				rect(m, n.Pin.X, n.Pin.Y, n.Pin.W, n.Pin.H)
			}
			drawing(m, n.Drawing)
			pinDot(m, n, n.Pin.X, func() { m.Text(percent(n.Pin.Y)) })
			m.Raw(`</a>`)
		}
		m.Raw(`</svg>`)
	})
}

// marks are the notes at their times below a recording. They are links, so that they work without a script.
func marks(list []Note) templ.Component {
	return ui.Write(func(m *ui.Markup) {
		if !slices.ContainsFunc(list, func(n Note) bool { return n.Mark != nil }) {
			return
		}
		m.Raw(`<svg class="marks" data-marks>`)
		for i := range list {
			n := &list[i]
			if n.Mark == nil {
				continue
			}
			openPin(m, n)
			if n.Mark.Length > 0 {
				m.Raw(`<rect x="`)
				m.Text(percent(n.Mark.From))
				m.Raw(`" y="15" width="`)
				m.Text(percent(n.Mark.Length))
				m.Raw(`" height="14"></rect>`)
			}
			pinDot(m, n, n.Mark.From, func() { m.Raw(`22`) })
			m.Raw(`</a>`)
		}
		m.Raw(`</svg>`)
	})
}

func openPin(m *ui.Markup, n *Note) {
	m.Raw(`<a href="`)
	if n.URL != "" {
		m.URL(n.URL)
	} else {
		m.Raw(`#`)
		m.Text(n.Anchor)
	}
	m.Raw(`" id="`)
	m.Text(n.PinAnchor)
	m.Raw(`" class="pin"`)
	m.RawIf(n.Team, ` data-team`)
	m.Raw(` aria-label="`)
	m.Text(pinTitle(*n))
	m.Raw(`">`)
}

func pinDot(m *ui.Markup, n *Note, x int, y func()) {
	m.Raw(`<svg x="`)
	m.Text(percent(x))
	m.Raw(`" y="`)
	y()
	m.Raw(`" overflow="visible"><circle class="pin-reach" r="22"></circle><circle r="14"></circle><text dy="0.35em">`)
	m.Text(n.Label)
	m.Raw(`</text></svg>`)
}

func rect(m *ui.Markup, x, y, w, h int) {
	m.Raw(`<rect x="`)
	m.Text(percent(x))
	m.Raw(`" y="`)
	m.Text(percent(y))
	m.Raw(`" width="`)
	m.Text(percent(w))
	m.Raw(`" height="`)
	m.Text(percent(h))
	m.Raw(`"></rect>`)
}

// drawing is what somebody drew with their note, made of numbers only. The stylesheet shows it with its pin.
func drawing(m *ui.Markup, strokes []Stroke) {
	if len(strokes) == 0 {
		return
	}
	m.Raw(`<g class="drawn">`)
	for _, s := range strokes {
		at := s.Points
		switch {
		case s.Kind == "pen":
			m.Raw(`<svg viewBox="0 0 10000 10000" preserveAspectRatio="none"><path d="M`)
			for i, n := range at {
				m.RawIf(i > 0, ` `)
				m.Int(n)
			}
			m.Raw(`"/></svg>`)
		case len(at) != 4:
		case s.Kind == "box":
			rect(m, min(at[0], at[2]), min(at[1], at[3]), max(at[0], at[2])-min(at[0], at[2]), max(at[1], at[3])-min(at[1], at[3]))
		case s.Kind == "arrow":
			m.Raw(`<line x1="`)
			m.Text(percent(at[0]))
			m.Raw(`" y1="`)
			m.Text(percent(at[1]))
			m.Raw(`" x2="`)
			m.Text(percent(at[2]))
			m.Raw(`" y2="`)
			m.Text(percent(at[3]))
			m.Raw(`" marker-end="url(#arrow-head)"/>`)
		}
	}
	m.Raw(`</g>`)
}
