// Package ui holds the parts pages are made of: buttons, fields, rows, badges, dialogs. It knows no word of the
// product's field, so a part can be used by any page.
package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"portico/static"
)

// iconHead is the same for every icon of every page, so it is put together once.
var iconHead = `<svg class="icon" aria-hidden="true"><use href="` + static.Path("icons.svg") + `#`

// Icon draws one icon of the sprite. It is decoration: the word beside it, or the label of its button, says the same.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, iconHead+name+`"></use></svg>`)
		return err
	})
}
