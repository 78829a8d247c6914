package ui

import (
	"fmt"
	"math"
	"strconv"
)

// Color is an sRGB colour, each channel from 0 to 1.
type Color struct{ R, G, B float64 }

// ParseColor reads "#rrggbb" and nothing else, so that a Color is always safe to write into a page.
func ParseColor(s string) (Color, bool) {
	if len(s) != 7 || s[0] != '#' {
		return Color{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return Color{}, false
	}
	return Color{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

// String writes the colour as "#rrggbb".
func (c Color) String() string {
	return fmt.Sprintf("#%02x%02x%02x", channel(c.R), channel(c.G), channel(c.B))
}

func channel(v float64) int { return int(math.Round(min(max(v, 0), 1) * 255)) }

// Luminance returns the relative luminance as WCAG 2.2 defines it.
func (c Color) Luminance() float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// Contrast returns the contrast ratio of two colours as WCAG 2.2 defines it, from 1 to 21.
func Contrast(a, b Color) float64 {
	la, lb := a.Luminance(), b.Luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// readable is the contrast that WCAG 2.2 AA requires of text.
const readable = 4.5

// Ink returns the colour for text on c: white if it is readable, else nearly black, which then is.
func (c Color) Ink() Color {
	if white := (Color{1, 1, 1}); Contrast(c, white) >= readable {
		return white
	}
	return Color{0.02, 0.02, 0.03}
}

// Hovered returns c a little darker, or lighter where its text would be unreadable on that.
func (c Color) Hovered() Color {
	if darker := c.Toward(Color{}, 0.14); Contrast(darker, c.Ink()) >= readable {
		return darker
	}
	return c.Toward(Color{1, 1, 1}, 0.14)
}

// Toward returns the colour moved a share of the way to another.
func (c Color) Toward(to Color, share float64) Color {
	return Color{c.R + (to.R-c.R)*share, c.G + (to.G-c.G)*share, c.B + (to.B-c.B)*share}
}
