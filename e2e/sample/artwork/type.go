package artwork

import (
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

var (
	regular = mustParse(goregular.TTF)
	medium  = mustParse(gomedium.TTF)
	bold    = mustParse(gobold.TTF)
	mono    = mustParse(gomono.TTF)
)

// mustParse reads a font that is compiled in.
func mustParse(ttf []byte) *sfnt.Font {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		panic("artwork: font: " + err.Error())
	}
	return f
}

// face is a font in use: its size in pixels and the space added between letters,
// in parts of the size.
type face struct {
	font  *sfnt.Font
	size  float64
	track float64
}

// emPixels is the size at which outlines are read. It is large to avoid visible
// rounding.
const emPixels = 2048

// set returns the outline of a line of text that begins at x, y on its baseline,
// and how wide it is. A letter the font lacks leaves its box.
func (f face) set(x, y float64, text string) (path, float64) {
	var buf sfnt.Buffer
	var p path
	scale := f.size / emPixels
	pen := x
	for _, r := range text {
		index, err := f.font.GlyphIndex(&buf, r)
		if err != nil {
			continue
		}
		outline, err := f.font.LoadGlyph(&buf, index, fixed.I(emPixels), nil)
		if err != nil {
			continue
		}
		p = append(p, glyph(outline, pen, y, scale)...)
		advance, _ := f.font.GlyphAdvance(&buf, index, fixed.I(emPixels), font.HintingNone)
		pen += float64(advance)/64*scale + f.track*f.size
	}
	return p, pen - x - f.track*f.size
}

var ops = map[sfnt.SegmentOp]byte{
	sfnt.SegmentOpMoveTo: 'M', sfnt.SegmentOpLineTo: 'L', sfnt.SegmentOpQuadTo: 'Q', sfnt.SegmentOpCubeTo: 'C',
}

func glyph(outline sfnt.Segments, x, y, scale float64) path {
	p := make(path, 0, len(outline)+4)
	for _, s := range outline {
		if s.Op == sfnt.SegmentOpMoveTo && len(p) > 0 {
			p = append(p, segment{op: 'Z'})
		}
		next := segment{op: ops[s.Op]}
		for i := range points(next.op) {
			next.p[i] = point{x + float64(s.Args[i].X)/64*scale, y + float64(s.Args[i].Y)/64*scale}
		}
		p = append(p, next)
	}
	return append(p, segment{op: 'Z'})
}

// write sets text from x on.
func (c *canvas) write(f face, x, y float64, text string, with paint) {
	p, _ := f.set(x, y, text)
	c.fill(p, with)
}

// writeCentred sets text around x.
func (c *canvas) writeCentred(f face, x, y float64, text string, with paint) {
	p, w := f.set(0, y, text)
	c.fill(p.moved(x-w/2, 0), with)
}

// writeRight sets text up to x.
func (c *canvas) writeRight(f face, x, y float64, text string, with paint) {
	p, w := f.set(0, y, text)
	c.fill(p.moved(x-w, 0), with)
}

// lines sets several lines, each lead below the one before.
func (c *canvas) lines(f face, x, y, lead float64, with paint, text ...string) {
	for i, line := range text {
		c.write(f, x, y+float64(i)*lead, line, with)
	}
}

// menu sets the items of a website's navigation, the last one up to x.
func (c *canvas) menu(x, y float64, with ink, items ...string) {
	f := face{medium, 22, 0}
	for i := len(items) - 1; i >= 0; i-- {
		p, w := f.set(0, y, items[i])
		c.fill(p.moved(x-w, 0), with)
		x -= w + 48
	}
}
