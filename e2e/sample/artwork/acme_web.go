package artwork

import "math"

// AcmeHomepage is the first screen of the new website: a lake at first light.
func AcmeHomepage() ([]byte, error) {
	c := newCanvas(1600, 1000, sand)
	lakeside().draw(c)
	c.mirror(690, hex("#0d2a2c"))
	c.grain(0.02)
	c.acme(usual(34, sand, ember), 72, 96)
	c.menu(1528, 92, sand, "Tents", "Packs", "Layers", "Journal", "Basket (2)")
	c.lines(face{bold, 108, -0.04}, 72, 300, 106, sand, "The long way", "is the point.")
	c.lines(face{regular, 27, 0}, 76, 462, 40, sand, "Kit for people who would rather walk", "an hour more than park an hour closer.")
	c.fill(rounded(74, 546, 236, 68, 34), ember)
	c.writeCentred(face{bold, 25, 0}, 192, 589, "See the tents", white)
	c.write(face{medium, 25, 0}, 344, 589, "Read the journal", sand)
	c.fill(rect(344, 598, 186, 2), sand.alpha(0.6))
	return c.jpeg(acmeOwner)
}

func lakeside() landscape {
	return landscape{
		seed: 96, ridges: 4, horizon: 0.5, rough: 0.19, trees: true, halo: 0.5,
		sky: []stop{{0, hex("#24505a")}, {0.45, hex("#6f9a94")}, {0.8, hex("#f0c48f")}, {1, hex("#fbe3bd")}},
		sun: point{0.73, 0.44}, sunSize: 0.034, sunInk: hex("#fff1cf"),
		far: hex("#8fa79c"), near: hex("#12332c"),
	}
}

// mirror makes water of everything under y: what is above, upside down, darker
// the nearer, and broken by ripples that grow towards the viewer.
func (c *canvas) mirror(y int, deep ink) {
	w, h := c.img.Bounds().Dx(), c.img.Bounds().Dy()
	for row := y; row < h; row++ {
		t := float64(row-y) / float64(h-y)
		from := max(0, y-1-int(float64(row-y)*1.45+3*t*math.Sin(float64(row)*0.55)))
		shift := int((2 + 16*t) * (noise(float64(row)*0.21/(0.4+t), 3) - 0.5))
		dark := 0.25 + 0.5*t
		for x := range w {
			src := c.img.PixOffset(min(w-1, max(0, x+shift)), from)
			dst := c.img.PixOffset(x, row)
			for j, v := range [3]float64{deep.r, deep.g, deep.b} {
				c.img.Pix[dst+j] = byte(float64(c.img.Pix[src+j])*(1-dark) + v*255*dark)
			}
		}
	}
	for i := range 46 {
		t := hash(i, 70)
		x, ry, length := hash(i, 71)*c.w, float64(y)+t*t*(c.h-float64(y)), 40+220*t*hash(i, 72)
		c.fill(rounded(x-length/2, ry, length, 1.5+2*t, 1), white.alpha(0.05+0.07*hash(i, 73)))
	}
}

// AcmeContactSheet shows the six views to choose from.
func AcmeContactSheet() ([]byte, error) {
	c := newCanvas(1500, 1130, hex("#fbf8f2"))
	c.write(face{bold, 34, -0.02}, 60, 84, "Photo selects", soot)
	c.writeRight(face{medium, 22, 0}, 1440, 82, "Circled: our picks for the homepage", slate)
	for i, view := range views() {
		x, y := 60+(i%3)*470, 130+(i/3)*480
		c.put(view.take(440, 400), x, y)
		c.write(face{mono, 20, 0}, float64(x), float64(y)+436, frames[i], slate)
		if i == 1 || i == 5 {
			c.fill(ring(float64(x)+404, float64(y)+430, 13, 17), ember)
		}
	}
	return c.jpeg(acmeOwner)
}

var frames = []string{"AO_0117", "AO_0124", "AO_0203", "AO_0231", "AO_0308", "AO_0311"}

func views() []landscape {
	noon := forest()
	noon.seed, noon.trees, noon.rough, noon.horizon = 301, false, 0.3, 0.5
	noon.sky = []stop{{0, hex("#4f8fb5")}, {1, hex("#d9e8ea")}}
	noon.far, noon.near, noon.sunSize = hex("#9db6c4"), hex("#27434d"), 0
	desert := morning()
	desert.seed, desert.trees, desert.near, desert.rough = 222, false, hex("#5b2415"), 0.13
	dusk := night()
	dusk.seed, dusk.sky = 160, []stop{{0, hex("#2b2350")}, {0.6, hex("#a5527a")}, {1, hex("#f5a97f")}}
	dusk.far, dusk.stars = hex("#86517a"), false
	return []landscape{noon, morning(), desert, dusk, forest(), lakeside()}
}

// take is a view as a camera would bring it home.
func (l landscape) take(w, h int) *canvas {
	c := newCanvas(w, h, sand)
	l.draw(c)
	c.grain(0.04)
	return c
}
