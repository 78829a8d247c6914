package artwork

import "math"

// landscape is a view over ridges that fade into the distance. Different seeds
// are different places.
type landscape struct {
	seed      int
	sky       []stop
	sun       point // in parts of the picture
	sunSize   float64
	sunInk    ink
	halo      float64 // how much the sun lights the sky
	far, near ink
	ridges    int
	horizon   float64 // where the furthest ridge stands, in parts of the height
	rough     float64
	trees     bool
	stars     bool
}

func (l landscape) draw(c *canvas) {
	c.all(down(0, c.h*0.86, l.sky...))
	sx, sy := l.sun.x*c.w, l.sun.y*c.h
	if l.stars {
		l.drawStars(c)
	}
	if l.halo > 0 {
		c.glow(sx, sy, c.w*0.62, l.sunInk.alpha(l.halo))
	}
	c.fill(circle(sx, sy, l.sunSize*c.w), l.sunInk)
	l.drawRidges(c)
}

func (l landscape) drawRidges(c *canvas) {
	for i := range l.ridges {
		l.drawRidge(c, i)
	}
}

// drawRidge draws one ridge: the nearer, the darker, the lower and the rougher,
// with mist in the valley at its foot.
func (l landscape) drawRidge(c *canvas, i int) {
	t := float64(i) / float64(l.ridges-1)
	const step = 3
	base := l.foot(c, i)
	swing := c.h * l.rough * (0.55 + 0.6*t)
	heights := make([]float64, int(c.w/step)+2)
	for j := range heights {
		x := float64(j) * step / c.w
		heights[j] = base - swing*ridge(x*(2.1+1.3*t)+float64(i)*7.3, l.seed+i)
	}
	body := l.far.mix(l.near, t)
	mist := body.mix(l.far.mix(white, 0.25), 0.42*(1-t))
	// Nothing of it shows below the foot of the next one.
	c.fill(below(heights, step, min(c.h, l.foot(c, i+1))), down(base-swing, base+c.h*0.16, stop{0, body}, stop{0.35, body}, stop{1, mist}))
	if l.trees && t > 0.45 {
		c.fill(conifers(heights, step, c.h*(0.02+0.075*t*t), l.seed+i), body)
	}
}

// foot is the height that a ridge rises from.
func (l landscape) foot(c *canvas, i int) float64 {
	return c.h * (l.horizon + (1.02-l.horizon)*math.Pow(float64(i)/float64(l.ridges-1), 1.25))
}

// ridge is a mountainous line between 0 and about 1.
func ridge(x float64, seed int) float64 {
	sum, size := 0.0, 0.56
	for octave := range 6 {
		n := noise(x, seed+octave*31)
		if octave < 2 {
			n = 1 - math.Abs(2*n-1) // folded, which makes peaks
		}
		sum += n * size
		x, size = x*2.07, size*0.46
	}
	return sum
}

// noise is a smooth line between 0 and 1 through a random value at each integer.
func noise(x float64, seed int) float64 {
	i := math.Floor(x)
	return hash(int(i), seed) + (hash(int(i)+1, seed)-hash(int(i), seed))*smooth(0, 1, x-i)
}

// noise2 is the same over a plane.
func noise2(x, y float64, seed int) float64 {
	j := math.Floor(y)
	a, b := noise(x, seed+int(j)*57), noise(x, seed+(int(j)+1)*57)
	return a + (b-a)*smooth(0, 1, y-j)
}

// conifers stand along a ridge, in groups.
func conifers(heights []float64, step, size float64, seed int) path {
	var p path
	for i := 0; i < len(heights); i++ {
		x := float64(i) * step
		dense := noise(x/(size*9), seed+900)
		if hash(i, seed+77) > dense*1.5*step/(size*0.22)*0.32 {
			continue
		}
		p = append(p, conifer(x, heights[i]+size*0.12, size*(0.5+0.6*hash(i, seed+5)))...)
	}
	return p
}

func conifer(x, y, h float64) path {
	p := rect(x-h*0.03, y-h*0.2, h*0.06, h*0.24)
	for i := range 3 {
		top, w := y-h*(1-0.26*float64(i)), h*(0.13+0.07*float64(i))
		p = append(p, polygon(x, top, x+w, top+h*0.42, x-w, top+h*0.42)...)
	}
	return p
}

func (l landscape) drawStars(c *canvas) {
	for i := range 260 {
		x, y := hash(i, l.seed+1)*c.w, math.Pow(hash(i, l.seed+2), 1.4)*c.h*l.horizon*1.1
		c.fill(circle(x, y, c.w*(0.0006+0.0014*math.Pow(hash(i, l.seed+3), 5))), white.alpha(0.25+0.7*hash(i, l.seed+4)))
	}
}

// contours are the lines of a hiker's map, in one colour.
func contours(size float64, seed int, with ink) paint {
	// The heights are read off a grid: between its points they hardly bend.
	const cell = 4.0
	var heights [][]float64
	row := func(j int) []float64 {
		for j >= len(heights) {
			heights = append(heights, contourRow(float64(len(heights))*cell/size, cell/size, seed))
		}
		return heights[j]
	}
	return shader(func(x, y float64) ink {
		i, j := int(x/cell), int(y/cell)
		top, bottom := row(j), row(j+1)
		u, v := x/cell-float64(i), y/cell-float64(j)
		left, right := top[i]+(bottom[i]-top[i])*v, top[i+1]+(bottom[i+1]-top[i+1])*v
		h := left + (right-left)*u
		fall := (bottom[i]-top[i])*(1-u) + (bottom[i+1]-top[i+1])*u
		slope := math.Sqrt((right-left)*(right-left)+fall*fall)/cell + 1e-6
		level := math.Round(h)
		thick := 0.75
		if int(level)%4 == 0 {
			thick = 1.5
		}
		return with.alpha(with.a * clamp(thick+0.5-math.Abs(h-level)/slope))
	})
}

func contourRow(y, step float64, seed int) []float64 {
	row := make([]float64, 600)
	for i := range row {
		x := float64(i) * step
		row[i] = 16 * (noise2(x, y, seed)*0.7 + noise2(x*2.1, y*2.1, seed+9)*0.3)
	}
	return row
}
