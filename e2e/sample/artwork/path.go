package artwork

import (
	"image"
	"math"
)

type point struct{ x, y float64 }

// segment is one step of a path, by the letters of SVG.
type segment struct {
	op byte
	p  [3]point
}

// path is an outline. Shapes in one path add up; one that runs the other way
// round cuts a hole.
type path []segment

func (p path) bounds() image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range p {
		for _, q := range s.p[:points(s.op)] {
			x0, y0, x1, y1 = min(x0, q.x), min(y0, q.y), max(x1, q.x), max(y1, q.y)
		}
	}
	if x0 > x1 {
		return image.Rectangle{}
	}
	limit := func(v float64) int { return int(min(1e6, max(-1e6, v))) }
	return image.Rect(limit(math.Floor(x0)), limit(math.Floor(y0)), limit(math.Ceil(x1)), limit(math.Ceil(y1)))
}

func points(op byte) int {
	switch op {
	case 'M', 'L':
		return 1
	case 'Q':
		return 2
	case 'C':
		return 3
	}
	return 0
}

func (p path) mapped(f func(point) point) path {
	out := make(path, len(p))
	for i, s := range p {
		for j := range points(s.op) {
			s.p[j] = f(s.p[j])
		}
		out[i] = s
	}
	return out
}

func (p path) moved(dx, dy float64) path {
	return p.mapped(func(q point) point { return point{q.x + dx, q.y + dy} })
}

func (p path) scaled(f float64) path {
	return p.mapped(func(q point) point { return point{q.x * f, q.y * f} })
}

// turned rotates clockwise around a point, in degrees.
func (p path) turned(degrees, x, y float64) path {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return p.mapped(func(q point) point {
		dx, dy := q.x-x, q.y-y
		return point{x + dx*cos - dy*sin, y + dx*sin + dy*cos}
	})
}

func join(paths ...path) path {
	var all path
	for _, p := range paths {
		all = append(all, p...)
	}
	return all
}

func polygon(xy ...float64) path {
	p := make(path, 0, len(xy)/2+1)
	for i := 0; i < len(xy); i += 2 {
		op := byte('L')
		if i == 0 {
			op = 'M'
		}
		p = append(p, segment{op: op, p: [3]point{{xy[i], xy[i+1]}}})
	}
	return append(p, segment{op: 'Z'})
}

func rect(x, y, w, h float64) path { return polygon(x, y, x+w, y, x+w, y+h, x, y+h) }

// rounded is a rectangle with round corners.
func rounded(x, y, w, h, r float64) path {
	r = min(r, w/2, h/2)
	p := path{{op: 'M', p: [3]point{{x + r, y}}}}
	for _, corner := range [4][4]float64{
		{x + w - r, y + r, -90, 0}, {x + w - r, y + h - r, 0, 90}, {x + r, y + h - r, 90, 180}, {x + r, y + r, 180, 270},
	} {
		p = append(p, arc(corner[0], corner[1], r, corner[2], corner[3])...)
	}
	return append(p, segment{op: 'Z'})
}

func circle(x, y, r float64) path { return rounded(x-r, y-r, 2*r, 2*r, r) }

// arc is a line to the beginning of an arc and the arc, in degrees clockwise
// from three o'clock; backwards when to is the smaller.
func arc(x, y, r, from, to float64) path {
	n := int(math.Ceil(math.Abs(to-from)/45 - 1e-9))
	step := (to - from) / float64(n) * math.Pi / 180
	k := 4.0 / 3 * math.Tan(step/4) * r
	at := func(a float64) (point, point) {
		sin, cos := math.Sincos(a)
		return point{x + r*cos, y + r*sin}, point{-k * sin, k * cos}
	}
	a := from * math.Pi / 180
	p, t := at(a)
	out := path{{op: 'L', p: [3]point{p}}}
	for range n {
		a += step
		q, u := at(a)
		out = append(out, segment{op: 'C', p: [3]point{{p.x + t.x, p.y + t.y}, {q.x - u.x, q.y - u.y}, q}})
		p, t = q, u
	}
	return out
}

// band is a piece of a ring between two radii and two angles.
func band(x, y, inner, outer, from, to float64) path {
	p := join(arc(x, y, outer, from, to), arc(x, y, inner, to, from))
	p[0].op = 'M'
	return append(p, segment{op: 'Z'})
}

// ring is a circle with a hole.
func ring(x, y, inner, outer float64) path {
	hole := arc(x, y, inner, 360, 0)
	hole[0].op = 'M'
	return join(circle(x, y, outer), hole, path{{op: 'Z'}})
}

// stroke is a straight line of some thickness with round ends.
func stroke(x0, y0, x1, y1, thick float64) path {
	length := math.Hypot(x1-x0, y1-y0)
	p := rounded(x0-thick/2, y0-thick/2, length+thick, thick, thick/2)
	return p.turned(math.Atan2(y1-y0, x1-x0)*180/math.Pi, x0, y0)
}

// below is everything under a line of heights, one for each step along x.
func below(heights []float64, step, floor float64) path {
	xy := make([]float64, 0, 2*len(heights)+4)
	xy = append(xy, 0, floor)
	for i, h := range heights {
		xy = append(xy, float64(i)*step, h)
	}
	return polygon(append(xy, float64(len(heights)-1)*step, floor)...)
}
