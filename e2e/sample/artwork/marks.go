package artwork

import "math"

// Each owner is written into every file made for that client.
const (
	acmeOwner    = "Acme Outdoor, ridgeline collection"
	globexOwner  = "Globex Energy, heliotrope edition"
	initechOwner = "Initech Software, quicksilver app"
)

// peak is Acme's symbol in a square of side s: a mountain that is a tent that is
// an A. The sun next to it has its own colour.
func peak(x, y, s float64) (mountain, sun path) {
	at := func(xy ...float64) path {
		for i := range xy {
			xy[i] = xy[i]*s + []float64{x, y}[i%2]
		}
		return polygon(xy...)
	}
	mountain = join(
		at(0, 1, 0.42, 0.14, 0.84, 1),
		at(0.29, 1, 0.55, 1, 0.42, 0.66), // the door runs the other way round: a hole
	)
	mountain = join(mountain, at(0.62, 0.44, 0.7, 0.32, 1.04, 1, 0.894, 1))
	return mountain, circle(x+0.86*s, y+0.2*s, 0.125*s)
}

// sundown is Globex's symbol: a sun whose light lies in bars on water, thinner
// the further down.
func sundown(x, y, s float64) path {
	const bars = 7
	r := s / 2
	var p path
	for i := range bars {
		t0 := -1 + 2*float64(i)/bars
		gap := 0.012 + 0.021*float64(i)
		from, to := t0+gap/2, t0+2.0/bars-gap/2
		if i == 0 {
			from = -1
		}
		if i == bars-1 {
			to = 1
		}
		p = append(p, slice(x+r, y+r, r, from, to)...)
	}
	return p
}

// slice is what two level cuts leave of a disc; from and to in radii, from -1 at
// the top to 1 at the bottom.
func slice(x, y, r, from, to float64) path {
	a := math.Asin(max(-1, min(1, from))) * 180 / math.Pi
	b := math.Asin(max(-1, min(1, to))) * 180 / math.Pi
	p := join(arc(x, y, r, a, b), arc(x, y, r, 180-b, 180-a))
	p[0].op = 'M'
	return append(p, segment{op: 'Z'})
}

// stack is Initech's symbol, a pile of sheets seen from above, lowest first.
func stack(x, y, s float64) []path {
	sheet := func(lift float64) path {
		cy := y + s*(0.69-lift)
		return polygon(x+s/2, cy-s*0.31, x+s, cy, x+s/2, cy+s*0.31, x, cy)
	}
	return []path{sheet(0), sheet(0.19), sheet(0.38)}
}

// mark says how one of the three marks is put together.
type mark struct {
	letters lettering
	gap     float64 // between symbol and word
	ink     ink     // of the word and the symbol
	accent  ink
}

// acme draws Acme's mark with its left edge at x, standing on y.
func (c *canvas) acme(m mark, x, y float64) float64 {
	s := m.letters.height * 1.5
	mountain, sun := peak(x, y-s, s)
	c.fill(mountain, m.ink)
	c.fill(sun, m.accent)
	x += s*1.04 + m.gap
	word, width := m.letters.set(x, y, "acme")
	c.fill(word, m.ink)
	return s*1.04 + m.gap + width
}

// globex draws Globex's mark the same way.
func (c *canvas) globex(m mark, x, y float64) float64 {
	s := m.letters.height * 1.46
	c.fill(sundown(x, y-s, s), m.accent)
	word, width := m.letters.set(x+s+m.gap, y, "globex")
	c.fill(word, m.ink)
	return s + m.gap + width
}

// initech draws Initech's mark the same way.
func (c *canvas) initech(m mark, x, y float64) float64 {
	s := m.letters.height * 1.5
	for i, sheet := range stack(x, y-s*0.98, s) {
		c.fill(sheet, m.accent.mix(m.ink, 0.5*float64(2-i)))
	}
	word, width := m.letters.set(x+s+m.gap, y, "initech")
	c.fill(word, m.ink)
	return s + m.gap + width
}

// usual is a mark with the proportions that all three settled on.
func usual(height float64, word, accent ink) mark {
	return mark{lettering{height, height * 0.215, height * 0.13}, height * 0.42, word, accent}
}

// widthOf measures a mark.
func widthOf(draw func(*canvas, mark, float64, float64) float64, m mark) float64 {
	return draw(newCanvas(1, 1, white), m, -1e4, -1e4)
}
