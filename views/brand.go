package views

import (
	"crypto/sha256"
	"encoding/hex"

	"portico/views/ui"
)

// ourAccent is the accent of pages without a brand. It equals the one in static/css/tokens.css.
const ourAccent = "#15505c"

// The surfaces that an accent must contrast with, as in static/css/tokens.css.
var (
	lightSurface = ui.Color{R: 1, G: 1, B: 1}
	darkSurface  = ui.Color{R: 0.11, G: 0.118, B: 0.133}
)

// leastContrast between a control or focus ring and its surroundings is a little more than WCAG 2.2 AA requires (3).
const leastContrast = 3.2

// BrandCSS returns the stylesheet of a workspace's accent ("#rrggbb"). For lines it shifts the accent as far as contrast
// on light and dark surfaces requires. A button on a light page is filled with the accent itself, has a line around it
// and a readable text colour: darkened, a yellow would be mud. An accent that can't be parsed gives the default accent.
func BrandCSS(accent string) string {
	c, ok := ui.ParseColor(accent)
	if !ok {
		c, _ = ui.ParseColor(ourAccent)
	}
	light := seenOn(c, lightSurface, ui.Color{})
	dark := seenOn(c, darkSurface, ui.Color{R: 1, G: 1, B: 1})
	return ":root{--accent:" + lightDark(light, dark) +
		";--accent-fill:" + lightDark(c, dark) +
		";--accent-hover:" + lightDark(c.Hovered(), dark.Hovered()) +
		";--accent-ink:" + lightDark(c.Ink(), dark.Ink()) + "}\n"
}

func lightDark(light, dark ui.Color) string {
	return "light-dark(" + light.String() + "," + dark.String() + ")"
}

// BrandHash returns the hash in the URL of an accent's stylesheet, Base.BrandStylesheet(BrandHash(accent)). A new accent
// gets a new URL, so browsers may cache the stylesheet for ever.
func BrandHash(accent string) string {
	sum := sha256.Sum256([]byte(BrandCSS(accent)))
	return hex.EncodeToString(sum[:6])
}

// seenOn moves a colour towards another until it has enough contrast with a surface.
func seenOn(c, surface, toward ui.Color) ui.Color {
	for range 40 {
		if ui.Contrast(c, surface) >= leastContrast {
			return c
		}
		c = c.Toward(toward, 0.06)
	}
	return c
}

func accentOr(accent string) string {
	if _, ok := ui.ParseColor(accent); ok {
		return accent
	}
	return ourAccent
}
