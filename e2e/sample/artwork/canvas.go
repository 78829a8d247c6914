package artwork

import (
	"image"
	"math"

	"golang.org/x/image/vector"
)

// canvas is an opaque image to draw on.
type canvas struct {
	img  *image.RGBA
	w, h float64
	ras  vector.Rasterizer
	mask *image.Alpha
}

func newCanvas(w, h int, ground paint) *canvas {
	c := &canvas{
		img: image.NewRGBA(image.Rect(0, 0, w, h)), w: float64(w), h: float64(h),
		mask: image.NewAlpha(image.Rect(0, 0, w, h)),
	}
	for i := 3; i < len(c.img.Pix); i += 4 {
		c.img.Pix[i] = 255
	}
	c.all(ground)
	return c
}

// blend combines a colour channel with the one below it.
type blend func(below, above float64) float64

func screen(below, above float64) float64 { return 1 - (1-below)*(1-above) }

// all paints everything.
func (c *canvas) all(p paint) { c.composite(c.img.Bounds(), nil, p, nil) }

// fill paints inside a path.
func (c *canvas) fill(p path, with paint) { c.fillAs(p, with, nil) }

func (c *canvas) fillAs(p path, with paint, b blend) {
	c.composite(c.rasterize(p), c.mask, with, b)
}

// rasterize writes the coverage of each pixel by a path to the mask and returns the
// covered area.
func (c *canvas) rasterize(p path) image.Rectangle {
	area := p.bounds().Intersect(c.img.Bounds())
	if area.Empty() {
		return area
	}
	c.ras.Reset(area.Dx(), area.Dy())
	ox, oy := float64(area.Min.X), float64(area.Min.Y)
	at := func(q point) (float32, float32) { return float32(q.x - ox), float32(q.y - oy) }
	for _, s := range p {
		x0, y0 := at(s.p[0])
		x1, y1 := at(s.p[1])
		x2, y2 := at(s.p[2])
		switch s.op {
		case 'M':
			c.ras.MoveTo(x0, y0)
		case 'L':
			c.ras.LineTo(x0, y0)
		case 'Q':
			c.ras.QuadTo(x0, y0, x1, y1)
		case 'C':
			c.ras.CubeTo(x0, y0, x1, y1, x2, y2)
		case 'Z':
			c.ras.ClosePath()
		}
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		clear(c.mask.Pix[y*c.mask.Stride+area.Min.X : y*c.mask.Stride+area.Max.X])
	}
	c.ras.Draw(c.mask, area, image.Opaque, image.Point{})
	return area
}

// composite paints the area, weighted by the mask if there is one. Gradients get half a
// step of noise against banding. Flat colours stay flat.
func (c *canvas) composite(area image.Rectangle, mask *image.Alpha, p paint, b blend) {
	above, isFlat := p.(ink)
	_, isLevel := p.(descent)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := c.img.Pix[c.img.PixOffset(area.Min.X, y):c.img.PixOffset(area.Max.X, y)]
		var cover []byte
		if mask != nil {
			cover = mask.Pix[mask.PixOffset(area.Min.X, y):mask.PixOffset(area.Max.X, y)]
		}
		if isLevel {
			above = p.at(0, float64(y)+0.5)
		}
		if isFlat && b == nil {
			flatRow(row, cover, above)
			continue
		}
		for i := 0; i < len(row); i += 4 {
			x := area.Min.X + i/4
			a := 1.0
			if cover != nil {
				if cover[i/4] == 0 {
					continue
				}
				a = float64(cover[i/4]) / 255
			}
			if !isFlat && !isLevel {
				above = p.at(float64(x)+0.5, float64(y)+0.5)
			}
			a *= above.a
			noise := hash(x, y)
			row[i] = over(row[i], above.r, a, noise, b)
			row[i+1] = over(row[i+1], above.g, a, noise, b)
			row[i+2] = over(row[i+2], above.b, a, noise, b)
		}
	}
}

// flatRow puts one colour over a row of pixels.
func flatRow(row, cover []byte, above ink) {
	solid := [3]int{int(above.r*255 + 0.5), int(above.g*255 + 0.5), int(above.b*255 + 0.5)}
	alpha := int(above.a*255 + 0.5)
	for i := 0; i < len(row); i += 4 {
		a := alpha
		if cover != nil {
			a = (alpha*int(cover[i/4]) + 127) / 255
		}
		switch a {
		case 0:
		case 255:
			row[i], row[i+1], row[i+2] = byte(solid[0]), byte(solid[1]), byte(solid[2])
		default:
			for j, v := range solid {
				row[i+j] = byte((int(row[i+j])*(255-a) + v*a + 127) / 255)
			}
		}
	}
}

func over(below byte, above, a, noise float64, b blend) byte {
	d := float64(below)
	if b != nil {
		above = b(d/255, above)
	}
	return byte(min(255, d+(above*255-d)*a+noise))
}

// hash returns deterministic noise from 0 to 1 for a position.
func hash(x, y int) float64 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	return float64(h>>8) / (1 << 24)
}

// glow draws light that fades out towards the radius.
func (c *canvas) glow(x, y, r float64, with ink) {
	fade := newRamp(stop{0, with}, stop{0.35, with.alpha(with.a * 0.45)}, stop{1, with.alpha(0)})
	c.fillAs(circle(x, y, r), around{x, y, r, fade}, screen)
}

// shadow draws the blurred shadow of a shape.
func (c *canvas) shadow(p path, dy, blur float64, with ink) {
	r := int(math.Ceil(blur / 2))
	area := c.rasterize(p.moved(0, dy))
	wide := area.Inset(-3 * r).Intersect(c.img.Bounds())
	soft := image.NewAlpha(wide)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		copy(soft.Pix[soft.PixOffset(area.Min.X, y):], c.mask.Pix[c.mask.PixOffset(area.Min.X, y):c.mask.PixOffset(area.Max.X-1, y)+1])
	}
	for range 3 { // three box blurs approximate a Gaussian
		boxBlur(soft.Pix, wide.Dx(), wide.Dy(), 1, soft.Stride, r)
		boxBlur(soft.Pix, wide.Dy(), wide.Dx(), soft.Stride, 1, r)
	}
	c.composite(wide, soft, shader(func(float64, float64) ink { return with }), nil)
}

// boxBlur averages each of count lines of n values over 2r+1 neighbours.
func boxBlur(pix []byte, n, count, step, next, r int) {
	line := make([]int, n)
	for i := range count {
		row := pix[i*next:]
		sum := 0
		for j := range n {
			line[j] = int(row[j*step])
		}
		for j := -r; j < n; j++ {
			if j+r < n {
				sum += line[j+r]
			}
			if j-r-1 >= 0 {
				sum -= line[j-r-1]
			}
			if j >= 0 {
				row[j*step] = byte(sum / (2*r + 1))
			}
		}
	}
}

// grain adds noise like that of paper or film.
func (c *canvas) grain(amount float64) {
	for i := 0; i < len(c.img.Pix); i += 4 {
		n := int((hash(i, 7)-0.5)*amount*255 + 256.5)
		for j := range 3 {
			c.img.Pix[i+j] = byte(min(255, max(0, int(c.img.Pix[i+j])+n-256)))
		}
	}
}

// put places another picture with its top left corner at x, y.
func (c *canvas) put(o *canvas, x, y int) {
	for r := range o.img.Bounds().Dy() {
		copy(c.img.Pix[c.img.PixOffset(x, y+r):], o.img.Pix[r*o.img.Stride:r*o.img.Stride+o.img.Bounds().Dx()*4])
	}
}

// picture paints with another picture, for filling shapes with it.
func (c *canvas) picture(x, y float64) paint {
	w, h := c.img.Bounds().Dx(), c.img.Bounds().Dy()
	return shader(func(px, py float64) ink {
		i := c.img.PixOffset(min(w-1, max(0, int(px-x))), min(h-1, max(0, int(py-y))))
		p := c.img.Pix[i : i+3 : i+3]
		return ink{float64(p[0]) / 255, float64(p[1]) / 255, float64(p[2]) / 255, 1}
	})
}
