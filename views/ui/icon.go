// Package ui holds the parts of pages: buttons, fields, rows, badges, dialogs. It knows no word of the product's
// domain, so that any page can use any part.
package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"portico/static"
)

// iconHead and iconTail enclose the name of every icon. They are built once, and short because pages repeat them.
var iconHead = `<svg class=icon aria-hidden=true><use href="` + static.Path("icons.svg") + `#`

const iconTail = `"/></svg>`

// Icon draws one icon of the sprite. It is decorative: adjacent text or the button's label says the same.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, iconHead+name+iconTail)
		return err
	})
}
