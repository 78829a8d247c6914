// Package ui holds the parts of pages: buttons, fields, rows, badges, dialogs. It knows no word of the product's
// domain, so that any page can use any part.
package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"portico/static"
)

// iconHead is the start of every icon, built once.
var iconHead = `<svg class="icon" aria-hidden="true"><use href="` + static.Path("icons.svg") + `#`

// Icon draws one icon of the sprite. It is decorative: adjacent text or the button's label says the same.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, iconHead+name+`"></use></svg>`)
		return err
	})
}
