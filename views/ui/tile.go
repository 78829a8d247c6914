package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Tile is the square tile of a workspace: its initials on its colour ("#rrggbb"; any other value gives the neutral
// tile). The colour is an SVG attribute, because our content security policy forbids inline styles.
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

// Mark shows a workspace's logo, or its Tile if it has none. The logo is on white, because most logos are drawn for
// paper.
func Mark(name, color, logoURL string) templ.Component {
	if logoURL == "" {
		return Tile(name, color)
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<img class="tile logo" src="`+templ.EscapeString(logoURL)+`" alt="">`)
		return err
	})
}

// Avatar is the round avatar of a person, with their initials.
func Avatar(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<span class="avatar" aria-hidden="true">`+templ.EscapeString(Initials(name))+`</span>`)
		return err
	})
}
