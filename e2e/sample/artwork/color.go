package artwork

import "math"

// ink is a colour, straight alpha, each channel from 0 to 1, in sRGB.
type ink struct{ r, g, b, a float64 }

// hex reads "#rrggbb". The colours of this package are constants of it, so a
// mistyped one may come out black.
func hex(s string) ink {
	channel := func(i int) float64 { return float64(nibble(s[i])<<4|nibble(s[i+1])) / 255 }
	return ink{channel(1), channel(3), channel(5), 1}
}

func nibble(c byte) int {
	switch {
	case c >= 'a':
		return int(c - 'a' + 10)
	case c >= '0' && c <= '9':
		return int(c - '0')
	}
	return 0
}

var (
	white = ink{1, 1, 1, 1}
	black = ink{0, 0, 0, 1}
)

func (c ink) alpha(a float64) ink { c.a = a; return c }

// mix interpolates from c at 0 to d at 1 in OKLab, which looks even. A line through sRGB
// would be grey in the middle.
func (c ink) mix(d ink, t float64) ink {
	p, q := c.oklab(), d.oklab()
	for i := range p {
		p[i] += (q[i] - p[i]) * t
	}
	m := fromOKLab(p)
	m.a = c.a + (d.a-c.a)*t
	return m
}

func (c ink) oklab() [3]float64 {
	r, g, b := linear(c.r), linear(c.g), linear(c.b)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	return [3]float64{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

func fromOKLab(p [3]float64) ink {
	l := cube(p[0] + 0.3963377774*p[1] + 0.2158037573*p[2])
	m := cube(p[0] - 0.1055613458*p[1] - 0.0638541728*p[2])
	s := cube(p[0] - 0.0894841775*p[1] - 1.2914855480*p[2])
	return ink{
		r: gamma(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		g: gamma(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		b: gamma(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
		a: 1,
	}
}

func cube(x float64) float64 { return x * x * x }

func linear(c float64) float64 {
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func gamma(c float64) float64 {
	if c <= 0.0031308 {
		return max(0, 12.92*c)
	}
	return min(1, 1.055*math.Pow(c, 1/2.4)-0.055)
}

// stop is a colour at a place between 0 and 1 of a gradient.
type stop struct {
	at  float64
	ink ink
}

// ramp is a precomputed gradient, so a pixel costs only a look-up.
type ramp [256]ink

func newRamp(stops ...stop) *ramp {
	var r ramp
	for i := range r {
		t := float64(i) / float64(len(r)-1)
		n := 1
		for n < len(stops)-1 && stops[n].at < t {
			n++
		}
		a, b := stops[n-1], stops[n]
		r[i] = a.ink.mix(b.ink, clamp((t-a.at)/(b.at-a.at)))
	}
	return &r
}

func (r *ramp) at(t float64) ink { return r[int(clamp(t)*float64(len(r)-1)+0.5)] }

func clamp(t float64) float64 { return min(1, max(0, t)) }

// smooth is the smoothstep function: 0 up to a, 1 from b.
func smooth(a, b, x float64) float64 {
	t := clamp((x - a) / (b - a))
	return t * t * (3 - 2*t)
}

// paint gives the colour at a position.
type paint interface{ at(x, y float64) ink }

func (c ink) at(float64, float64) ink { return c }

// along is a gradient from one point to another.
type along struct {
	x0, y0, x1, y1 float64
	ramp           *ramp
}

func (p along) at(x, y float64) ink {
	dx, dy := p.x1-p.x0, p.y1-p.y0
	return p.ramp.at(((x-p.x0)*dx + (y-p.y0)*dy) / (dx*dx + dy*dy))
}

// around is a gradient from a centre out to a radius.
type around struct {
	x, y, r float64
	ramp    *ramp
}

func (p around) at(x, y float64) ink {
	dx, dy := x-p.x, y-p.y
	return p.ramp.at(math.Sqrt(dx*dx+dy*dy) / p.r)
}

// descent is a gradient from top to bottom: one look-up serves a row.
type descent struct {
	y0, y1 float64
	ramp   *ramp
}

func (p descent) at(_, y float64) ink { return p.ramp.at((y - p.y0) / (p.y1 - p.y0)) }

func down(y0, y1 float64, stops ...stop) paint { return descent{y0, y1, newRamp(stops...)} }

// shader computes the colour at each position.
type shader func(x, y float64) ink

func (f shader) at(x, y float64) ink { return f(x, y) }
