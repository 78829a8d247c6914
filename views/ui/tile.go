package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Tile is the square mark of a place, with its initials on its colour ("#rrggbb"; anything else gives the neutral
// tile). The colour is an SVG attribute, because our content security policy allows no inline style.
func Tile(name, color string) templ.Component {
	c, ok := ParseColor(color)
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		head := `<svg class="tile" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8"/><text x="16" y="20.5">`
		if ok {
			head = `<svg class="tile" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="` +
				c.String() + `"/><text x="16" y="20.5" fill="` + c.Ink().String() + `">`
		}
		_, err := io.WriteString(w, head+templ.EscapeString(Initials(name))+`</text></svg>`)
		return err
	})
}

// Mark is the mark of a place: its logo on white, for logos are drawn for paper, or its initials on its colour.
func Mark(name, color, logoURL string) templ.Component {
	if logoURL == "" {
		return Tile(name, color)
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<img class="tile logo" src="`+templ.EscapeString(logoURL)+`" alt="">`)
		return err
	})
}

// Avatar is the round mark of a person.
func Avatar(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<span class="avatar" aria-hidden="true">`+templ.EscapeString(Initials(name))+`</span>`)
		return err
	})
}
