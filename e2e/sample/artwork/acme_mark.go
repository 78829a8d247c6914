package artwork

// Acme's colours, by the names its palette gives them.
var (
	pine  = hex("#173f33")
	ember = hex("#dd5a24")
	sand  = hex("#f1e8d9")
	dawn  = hex("#f4b26b")
	slate = hex("#43565a")
	soot  = hex("#14201c")
)

// AcmeMarkFirst is the first proposal: heavy and tight.
func AcmeMarkFirst() ([]byte, error) {
	c := newCanvas(1600, 1000, sand)
	m := mark{lettering{170, 52, 10}, 40, soot, soot}
	c.acme(m, (c.w-widthOf((*canvas).acme, m))/2, 585)
	c.caption("Proposal 1", "Heavy, one colour", soot)
	return c.png(acmeOwner)
}

// AcmeMarkSecond is the second: lighter, with colour.
func AcmeMarkSecond() ([]byte, error) {
	c := newCanvas(1600, 1000, sand)
	m := mark{lettering{170, 28, 30}, 96, pine, dawn}
	c.acme(m, (c.w-widthOf((*canvas).acme, m))/2, 585)
	c.caption("Proposal 2", "Light, wide, two colours", soot)
	return c.png(acmeOwner)
}

// AcmeMark is the third, on light ground.
func AcmeMark() ([]byte, error) {
	c := newCanvas(1600, 1000, sand)
	m := usual(176, pine, ember)
	c.acme(m, (c.w-widthOf((*canvas).acme, m))/2, 590)
	c.caption("Horizontal", "Pine and ember on sand", pine)
	return c.png(acmeOwner)
}

// AcmeMarkStacked is the third, stacked, on dark ground.
func AcmeMarkStacked() ([]byte, error) {
	c := newCanvas(1600, 1000, pine)
	c.all(contours(210, 5, white.alpha(0.07)))
	c.stackedAcme(c.w/2, 250, 1, sand, ember)
	c.caption("Stacked", "Sand and ember on pine", sand)
	return c.png(acmeOwner)
}

// stackedAcme draws the symbol above the name, around x and down from y.
func (c *canvas) stackedAcme(x, y, size float64, word, sun ink) {
	s := 270 * size
	mountain, disc := peak(x-s*0.47, y, s)
	c.fill(mountain, word)
	c.fill(disc, sun)
	l := lettering{118 * size, 25 * size, 16 * size}
	name, width := l.set(0, y+s+180*size, "acme")
	c.fill(name.moved(x-width/2, 0), word)
	c.writeCentred(face{medium, 27 * size, 0.62}, x+8*size, y+s+246*size, "OUTDOOR", word)
}

// caption says in the corners of a sheet what it shows.
func (c *canvas) caption(left, right string, with ink) {
	f := face{medium, 21, 0.01}
	c.write(f, 64, c.h-60, left, with.alpha(0.75))
	c.writeRight(f, c.w-64, c.h-60, right, with.alpha(0.75))
}

// AcmePalette shows the colours in the proportions they are used in.
func AcmePalette() ([]byte, error) {
	c := newCanvas(1600, 1000, sand)
	for _, s := range []swatch{
		{0, 0, 700, 1000, "Pine", "#173F33", "Grounds, words, 45 %", pine, sand},
		{700, 0, 460, 640, "Ember", "#DD5A24", "One accent a page, 10 %", ember, sand},
		{1160, 0, 440, 640, "Dawn", "#F4B26B", "Warm light, 8 %", dawn, soot},
		{700, 640, 460, 360, "Sand", "#F1E8D9", "Paper, 30 %", sand, soot},
		{1160, 640, 220, 360, "Slate", "#43565A", "Small print", slate, sand},
		{1380, 640, 220, 360, "Soot", "#14201C", "Text", soot, sand},
	} {
		c.swatch(s)
	}
	m := usual(58, sand, ember)
	c.acme(m, 64, 132)
	return c.png(acmeOwner)
}

// swatch is one field of a palette.
type swatch struct {
	x, y, w, h        float64
	name, value, used string
	ground, text      ink
}

func (c *canvas) swatch(s swatch) {
	c.fill(rect(s.x, s.y, s.w, s.h), s.ground)
	x, y := s.x+40, s.y+s.h-40
	size := 44.0
	if s.w < 300 {
		x, size = s.x+28, 32
	}
	c.write(face{medium, 19, 0}, x, y, s.used, s.text.alpha(0.8))
	c.write(face{mono, 21, 0}, x, y-32, s.value, s.text)
	c.write(face{bold, size, -0.02}, x, y-72, s.name, s.text)
}

// AcmeIcons is a sheet of signs for the website.
func AcmeIcons() ([]byte, error) {
	c := newCanvas(1200, 1200, sand)
	for i, sign := range signs() {
		x, y := 60+float64(i%3)*370, 60+float64(i/3)*370
		ground, line := hex("#e7dbc6"), pine
		if i == 4 {
			ground, line = ember, sand
		}
		c.fill(rounded(x, y, 340, 340, 40), ground)
		c.fill(sign.scaled(2).moved(x+70, y+70), line)
	}
	return c.png(acmeOwner)
}

// signs are drawn in a square of side 100.
func signs() []path {
	hole := func(p path) path { return p.mapped(func(q point) point { return point{100 - q.x, q.y} }) }
	sun := circle(50, 50, 20)
	for i := range 8 {
		sun = append(sun, stroke(50, 18, 50, 8, 7).turned(float64(i)*45, 50, 50)...)
	}
	tree := join(rect(46, 74, 8, 20), polygon(50, 6, 72, 40, 28, 40), polygon(50, 24, 80, 60, 20, 60), polygon(50, 42, 88, 80, 12, 80))
	flame := path{{op: 'M', p: [3]point{{52, 6}}},
		{op: 'C', p: [3]point{{60, 28}, {84, 40}, {84, 64}}}, {op: 'C', p: [3]point{{84, 84}, {68, 94}, {50, 94}}},
		{op: 'C', p: [3]point{{32, 94}, {16, 84}, {16, 64}}}, {op: 'C', p: [3]point{{16, 50}, {26, 42}, {30, 32}}},
		{op: 'C', p: [3]point{{34, 42}, {38, 46}, {42, 46}}}, {op: 'C', p: [3]point{{46, 34}, {44, 20}, {52, 6}}}, {op: 'Z'}}
	drop := path{{op: 'M', p: [3]point{{50, 6}}},
		{op: 'C', p: [3]point{{61, 28}, {80, 42}, {80, 64}}}, {op: 'C', p: [3]point{{80, 82}, {66, 94}, {50, 94}}},
		{op: 'C', p: [3]point{{34, 94}, {20, 82}, {20, 64}}}, {op: 'C', p: [3]point{{20, 42}, {39, 28}, {50, 6}}}, {op: 'Z'}}
	pin := join(ring(50, 38, 13, 32), polygon(74.5, 58, 50, 96, 25.5, 58, 50, 66))
	mountain := join(polygon(34, 20, 66, 86, 2, 86), polygon(66, 40, 98, 86, 70, 86, 54, 54))
	tent := join(polygon(50, 16, 96, 86, 4, 86), hole(polygon(50, 50, 66, 86, 34, 86)))
	compass := join(ring(50, 50, 36, 44), polygon(64, 30, 56, 56, 44, 44), polygon(56, 56, 36, 70, 44, 44))
	moon := join(arc(50, 50, 42, 16.3, 270), arc(66, 38, 34, 241.9, 44.3), path{{op: 'Z'}})
	moon[0].op = 'M'
	return []path{mountain, sun, tree, drop, tent, pin, compass, moon, flame}
}
