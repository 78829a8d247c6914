package views

import (
	"crypto/sha256"
	"encoding/hex"

	"portico/views/ui"
)

// ourAccent is the accent of pages without a brand, as in static/css/tokens.css.
const ourAccent = "#15505c"

// The surfaces an accent has to stand out from, as in static/css/tokens.css.
var (
	lightSurface = ui.Color{R: 1, G: 1, B: 1}
	darkSurface  = ui.Color{R: 0.11, G: 0.118, B: 0.133}
)

// leastContrast is what WCAG 2.2 AA asks of a control or a focus ring against what is around it.
const leastContrast = 3.2

// BrandCSS is the stylesheet of a workspace's accent ("#rrggbb"): the accent, shifted as little as it takes to be seen
// on light and on dark, and the colour of the text on it. An accent that cannot be read gives ours.
func BrandCSS(accent string) string {
	c, ok := ui.ParseColor(accent)
	if !ok {
		c, _ = ui.ParseColor(ourAccent)
	}
	light := seenOn(c, lightSurface, ui.Color{})
	dark := seenOn(c, darkSurface, ui.Color{R: 1, G: 1, B: 1})
	return ":root{--accent:light-dark(" + light.String() + "," + dark.String() + ");" +
		"--accent-ink:light-dark(" + light.Ink().String() + "," + dark.Ink().String() + ")}\n"
}

// BrandHash names the stylesheet of an accent, so that it may be kept for ever: Base.BrandStylesheet(BrandHash(accent)).
func BrandHash(accent string) string {
	sum := sha256.Sum256([]byte(BrandCSS(accent)))
	return hex.EncodeToString(sum[:6])
}

// seenOn moves a colour towards another until it stands out from a surface.
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
