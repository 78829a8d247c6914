package noteexport

import "math"

// pdfHead is how long the head of an arrow is, in points.
const pdfHead = 8

// drawing draws what somebody drew on a picture that lies at x and y: first in white and
// wider, to be seen on dark pictures too.
func (d *sheet) drawing(strokes []Stroke, c [3]int, x, y, w, h float64) {
	if len(strokes) == 0 {
		return
	}
	at := func(points []int, i int) (float64, float64) {
		return x + float64(points[i])/10_000*w, y + float64(points[i+1])/10_000*h
	}
	for _, line := range []struct {
		width float64
		color [3]int
	}{{3.5, [3]int{255, 255, 255}}, {1.5, c}} {
		d.SetLineWidth(line.width)
		d.SetDrawColor(line.color[0], line.color[1], line.color[2])
		for _, s := range strokes {
			if len(s.Points) < 4 || len(s.Points)%2 != 0 {
				continue
			}
			x1, y1 := at(s.Points, 0)
			x2, y2 := at(s.Points, 2)
			switch s.Kind {
			case "box":
				d.Rect(min(x1, x2), min(y1, y2), math.Abs(x2-x1), math.Abs(y2-y1), "D")
			case "arrow":
				d.Line(x1, y1, x2, y2)
				d.head(x1, y1, x2, y2)
			case "pen":
				d.MoveTo(x1, y1)
				for i := 2; i < len(s.Points); i += 2 {
					d.LineTo(at(s.Points, i))
				}
				d.DrawPath("D")
			}
		}
	}
}

// head draws the head of an arrow that ends at x2 and y2.
func (d *sheet) head(x1, y1, x2, y2 float64) {
	direction := math.Atan2(y2-y1, x2-x1)
	for _, side := range []float64{direction + math.Pi*5/6, direction - math.Pi*5/6} {
		d.Line(x2, y2, x2+pdfHead*math.Cos(side), y2+pdfHead*math.Sin(side))
	}
}
