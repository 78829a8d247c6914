package artwork

import "math"

// Globex's colours.
var (
	heliotrope = hex("#7b4bd8")
	dusk       = hex("#1c1138")
	amber      = hex("#ffb02e")
	rose       = hex("#f0718c")
	mist       = hex("#f4f0fb")
)

// sunset is the sky that all of the campaign happens under.
func sunset(y0, y1 float64) paint {
	return down(y0, y1, stop{0, dusk}, stop{0.42, hex("#4f2ba0")}, stop{0.7, hex("#b14fb0")}, stop{0.87, rose}, stop{1, amber})
}

// GlobexMark shows the mark on its two grounds.
func GlobexMark() ([]byte, error) {
	c := newCanvas(1600, 1000, mist)
	c.fill(rect(800, 0, 800, 1000), dusk)
	light, dark := usual(66, dusk, heliotrope), usual(66, mist, amber)
	w := widthOf((*canvas).globex, light)
	c.globex(light, 400-w/2, 530)
	c.globex(dark, 1200-w/2, 530)
	c.write(face{medium, 21, 0}, 56, 940, "Day", dusk.alpha(0.7))
	c.write(face{medium, 21, 0}, 856, 940, "Night", mist.alpha(0.7))
	return c.png(globexOwner)
}

// GlobexPosterDraft is the first idea for the solar campaign.
func GlobexPosterDraft() ([]byte, error) {
	c := newCanvas(1080, 1440, sunset(0, 1440))
	c.fill(circle(540, 760, 330), amber)
	c.writeCentred(face{bold, 92, -0.03}, 540, 250, "Solar for your home", mist)
	c.writeCentred(face{regular, 40, 0}, 540, 320, "Talk to Globex Energy today", mist)
	m := usual(58, mist, mist)
	c.globex(m, 540-widthOf((*canvas).globex, m)/2, 1310)
	return c.jpeg(globexOwner)
}

// GlobexPoster is what became of it: the sun of the mark over a field of panels.
func GlobexPoster() ([]byte, error) {
	const horizon = 950
	c := newCanvas(1080, 1440, sunset(0, horizon))
	c.glow(600, horizon-120, 760, amber.alpha(0.5))
	c.fill(sundown(600-290, horizon-440, 580), down(horizon-440, horizon+140, stop{0, hex("#fff2c9")}, stop{0.6, amber}, stop{1, rose}))
	c.panels(540, horizon, 490)
	c.grain(0.03)
	c.lines(face{bold, 124, -0.04}, 72, 184, 118, mist, "Power that", "follows", "the sun.")
	c.globex(usual(50, mist, amber), 72, 1374)
	c.writeRight(face{medium, 25, 0}, 1008, 1370, "globex.test/solar", mist)
	return c.jpeg(globexOwner)
}

// panels is a field of solar panels down to the horizon, in perspective.
func (c *canvas) panels(x, horizon, depth float64) {
	c.fill(rect(0, horizon, c.w, c.h-horizon), down(horizon, c.h, stop{0, hex("#3a1d63")}, stop{1, hex("#0e0820")}))
	at := func(col, z, lift float64) (float64, float64) {
		return x + col*c.w*0.34/z, horizon + (depth*1.05-lift*c.h*0.2)/z
	}
	for row := 14; row >= 0; row-- {
		z := 0.72 * math.Pow(1.27, float64(row))
		wide := math.Ceil(1.6*z) + 1
		for col := -wide; col < wide; col++ {
			x0, y0 := at(col+0.04, z, 0)
			x1, y1 := at(col+0.96, z, 0)
			x2, y2 := at(col+0.96, z*1.1, 0.55)
			x3, y3 := at(col+0.04, z*1.1, 0.55)
			light := 1 - smooth(0, 0.5+z*0.9, math.Abs(col+0.5))
			glass := hex("#4a2aa8").mix(amber, 0.85*light*smooth(0.4, 6, z))
			c.fill(polygon(x3, y3, x2, y2, x1, y1, x0, y0), down(y3, y0, stop{0, glass.mix(rose, 0.45)}, stop{0.5, glass}, stop{1, hex("#27145c").mix(glass, 0.25)}))
			if z < 4 {
				c.cells([4]point{{x3, y3}, {x2, y2}, {x1, y1}, {x0, y0}}, white.alpha(0.14))
			}
		}
	}
}

// cells are the lines on a panel.
func (c *canvas) cells(q [4]point, with ink) {
	between := func(a, b point, t float64) point { return point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t} }
	thick := math.Max(0.6, (q[3].y-q[0].y)*0.012)
	var p path
	for i := 1; i < 4; i++ {
		t := float64(i) / 4
		a, b := between(q[0], q[1], t), between(q[3], q[2], t)
		p = append(p, polygon(a.x, a.y, a.x+thick, a.y, b.x+thick, b.y, b.x, b.y)...)
	}
	a, b := between(q[0], q[3], 0.5), between(q[1], q[2], 0.5)
	p = append(p, polygon(a.x, a.y, b.x, b.y, b.x, b.y+thick, a.x, a.y+thick)...)
	c.fill(p, with)
}

// GlobexHero is the landing page: turbines on violet hills.
func GlobexHero() ([]byte, error) {
	c := newCanvas(1600, 1000, mist)
	hills := landscape{
		seed: 18, ridges: 5, horizon: 0.56, rough: 0.09, halo: 0.6,
		sky: []stop{{0, hex("#5a33b5")}, {0.55, hex("#c468b4")}, {1, hex("#ffc27a")}},
		sun: point{0.66, 0.5}, sunSize: 0.1, sunInk: hex("#ffe3a1"),
		far: hex("#b2629f"), near: dusk,
	}
	hills.draw(c)
	// They stand behind the two nearest hills, which are drawn once more.
	for i, t := range []struct{ x, y, h float64 }{{890, 720, 280}, {1080, 780, 400}, {1300, 850, 470}, {1500, 735, 260}} {
		c.turbine(t.x, t.y, t.h, float64(i)*37+12)
	}
	hills.drawRidge(c, 3)
	hills.drawRidge(c, 4)
	c.grain(0.02)
	c.globex(usual(36, mist, amber), 72, 100)
	c.menu(1528, 94, mist, "Homes", "Business", "Grid", "Careers")
	c.lines(face{bold, 96, -0.04}, 72, 300, 96, mist, "Your roof is", "a power station.")
	c.write(face{regular, 27, 0}, 76, 452, "See what yours could make, in two minutes.", mist)
	c.fill(rounded(74, 506, 540, 76, 38), white)
	c.write(face{regular, 24, 0}, 110, 553, "Street and town", hex("#6d6480"))
	c.fill(rounded(454, 514, 152, 60, 30), heliotrope)
	c.writeCentred(face{bold, 23, 0}, 530, 552, "Show me", white)
	return c.jpeg(globexOwner)
}

// turbine stands on y; its blades are turned by some degrees.
func (c *canvas) turbine(x, y, h, degrees float64) {
	top := y - h
	c.fill(polygon(x-h*0.007, top, x+h*0.007, top, x+h*0.016, y+h*0.1, x-h*0.016, y+h*0.1), down(top, y+h*0.1, stop{0, mist}, stop{1, hex("#a583c9")}))
	blade := path{{op: 'M', p: [3]point{{x, top}}},
		{op: 'C', p: [3]point{{x + h*0.04, top - h*0.06}, {x + h*0.022, top - h*0.3}, {x, top - h*0.52}}},
		{op: 'C', p: [3]point{{x - h*0.004, top - h*0.3}, {x - h*0.014, top - h*0.1}, {x, top}}}, {op: 'Z'}}
	for i := range 3 {
		c.fill(blade.turned(degrees+float64(i)*120, x, top), mist)
	}
	c.fill(circle(x, top, h*0.018), white)
}
