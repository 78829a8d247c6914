package artwork

import "math"

// lettering draws words out of circles and straight lines, as many marks do. It
// knows the letters that the names of our brands are made of.
type lettering struct {
	height float64 // of an x
	weight float64 // of a line
	gap    float64 // between letters
}

// set returns a word whose first letter begins at x and stands on y, and how
// wide it is. Letters it does not know are left out.
func (l lettering) set(x, y float64, word string) (path, float64) {
	var p path
	pen := x
	for _, r := range word {
		draw, ok := letters[r]
		if !ok {
			continue
		}
		shape, width := draw(l, pen, y)
		p = append(p, shape...)
		pen += width + l.gap
	}
	return p, pen - l.gap - x
}

var letters = map[rune]func(l lettering, x, y float64) (path, float64){
	'a': func(l lettering, x, y float64) (path, float64) {
		return join(l.bowl(x, y), l.stem(x+l.height-l.weight, y, l.height)), l.height
	},
	'b': func(l lettering, x, y float64) (path, float64) {
		return join(l.bowl(x, y), l.stem(x, y, l.tall())), l.height
	},
	'c': func(l lettering, x, y float64) (path, float64) {
		r := l.height / 2
		return band(x+r, y-r, r-l.weight, r, 44, 316), l.height * 0.9
	},
	'e': func(l lettering, x, y float64) (path, float64) {
		r, half := l.height/2, l.weight*0.43
		// The end is cut level with the bar, so the two arcs stop at angles of their own.
		outer := 360 + math.Asin(half/r)*180/math.Pi
		inner := 360 + math.Asin(min(1, half/(r-l.weight)))*180/math.Pi
		bowl := join(arc(x+r, y-r, r, 44, outer), arc(x+r, y-r, r-l.weight, inner, 44), path{{op: 'Z'}})
		bowl[0].op = 'M'
		return join(bowl, rect(x+l.weight/2, y-r-half, l.height-l.weight, 2*half)), l.height
	},
	'g': func(l lettering, x, y float64) (path, float64) {
		r, drop := l.height/2, l.height*0.1
		hook := band(x+r, y+drop, r-l.weight, r, 0, 142)
		return join(l.bowl(x, y), l.stem(x+l.height-l.weight, y+drop, l.height+drop), hook), l.height
	},
	'h': func(l lettering, x, y float64) (path, float64) {
		arch, width := l.arch(x, y, l.height)
		return join(l.stem(x, y, l.tall()), arch), width
	},
	'i': func(l lettering, x, y float64) (path, float64) {
		dot := circle(x+l.weight/2, y-l.height-l.weight*1.05, l.weight*0.62)
		return join(l.stem(x, y, l.height), dot), l.weight
	},
	'l': func(l lettering, x, y float64) (path, float64) { return l.stem(x, y, l.tall()), l.weight },
	'm': func(l lettering, x, y float64) (path, float64) {
		first, width := l.arch(x, y, l.height*0.86)
		second, _ := l.arch(x+width-l.weight, y, l.height*0.86)
		return join(l.stem(x, y, l.height), first, second), 2*width - l.weight
	},
	'n': func(l lettering, x, y float64) (path, float64) {
		arch, width := l.arch(x, y, l.height*0.94)
		return join(l.stem(x, y, l.height), arch), width
	},
	'o': func(l lettering, x, y float64) (path, float64) { return l.bowl(x, y), l.height },
	't': func(l lettering, x, y float64) (path, float64) {
		bar := rect(x, y-l.height, l.height*0.72, l.weight)
		return join(l.stem(x+l.height*0.36-l.weight/2, y, l.height*1.36), bar), l.height * 0.72
	},
	'x': func(l lettering, x, y float64) (path, float64) {
		w, t, top := l.height*0.94, l.weight*1.28, y-l.height
		return join(
			polygon(x, top, x+t, top, x+w, y, x+w-t, y),
			polygon(x+w-t, top, x+w, top, x+t, y, x, y),
		), w
	},
}

func (l lettering) tall() float64 { return l.height * 1.46 }

func (l lettering) bowl(x, y float64) path {
	r := l.height / 2
	return ring(x+r, y-r, r-l.weight, r)
}

func (l lettering) stem(x, y, height float64) path { return rect(x, y-height, l.weight, height) }

// arch is the right part of an n, as wide as that.
func (l lettering) arch(x, y, width float64) (path, float64) {
	r := width / 2
	top := y - l.height + r
	return join(
		band(x+r, top, r-l.weight, r, 180, 360),
		rect(x+width-l.weight, top, l.weight, y-top),
	), width
}
