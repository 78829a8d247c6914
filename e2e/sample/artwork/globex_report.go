package artwork

import (
	"fmt"
	"math"
)

// production is what the sample's panels made, by month, in GWh.
var production = [12]float64{212, 286, 431, 548, 655, 702, 731, 664, 517, 376, 241, 188}

// GlobexReportCover draws the year as rays: a month each, as long as its harvest.
func GlobexReportCover() ([]byte, error) {
	c := newCanvas(1000, 1400, dusk)
	cx, cy := 500.0, 640.0
	c.glow(cx, cy, 620, heliotrope.alpha(0.6))
	scale := newRamp(stop{0, heliotrope}, stop{0.55, rose}, stop{1, amber})
	for i := range 72 {
		month := float64(i) / 6
		a, b := production[int(month)], production[(int(month)+1)%12]
		v := (a + (b-a)*(month-math.Floor(month))) / 731
		outer := 130 + 300*v*(0.93+0.07*hash(i, 4))
		c.fill(stroke(cx, cy-128, cx, cy-outer, 11).turned(float64(i)*5, cx, cy), scale.at(v))
	}
	c.fill(circle(cx, cy, 84), hex("#fff2c9"))
	c.write(face{bold, 86, -0.04}, 72, 150, "A year of light", mist)
	c.write(face{regular, 34, 0}, 76, 206, "Annual report 2026", mist.alpha(0.8))
	c.globex(usual(46, mist, amber), 72, 1316)
	c.writeRight(face{medium, 25, 0}, 928, 1312, "5.55 TWh", mist)
	return c.jpeg(globexOwner)
}

// GlobexCharts is the sheet of charts for the report.
func GlobexCharts() ([]byte, error) {
	c := newCanvas(1600, 1000, mist)
	c.write(face{bold, 46, -0.03}, 70, 110, "Where the light went", dusk)
	c.write(face{regular, 25, 0}, 70, 150, "Production and mix, 2026", dusk.alpha(0.65))
	c.card(70, 200, 960, 730)
	c.harvest(130, 300, 840, 520)
	c.card(1070, 200, 460, 350)
	c.mixRing(1195, 375, 96)
	c.card(1070, 590, 460, 340)
	c.homes(1110, 690)
	return c.png(globexOwner)
}

func (c *canvas) card(x, y, w, h float64) {
	c.shadow(rounded(x, y, w, h, 28), 10, 24, dusk.alpha(0.12))
	c.fill(rounded(x, y, w, h, 28), white)
}

// harvest is the line of the year over a soft area.
func (c *canvas) harvest(x, y, w, h float64) {
	c.write(face{medium, 24, 0}, x, y-44, "Production by month, GWh", dusk)
	for i := range 5 {
		ly := y + h - float64(i)*h/4
		c.fill(rect(x, ly, w, 1), hex("#e4dcf2"))
		c.write(face{regular, 18, 0}, x, ly-8, fmt.Sprint(i*200), hex("#8d84a3"))
	}
	const steps = 220
	heights := make([]float64, steps+1)
	var line path
	for i := range heights {
		t := float64(i) / steps * 11
		a := int(math.Min(10, t))
		u := smooth(0, 1, t-float64(a))
		heights[i] = y + h - (production[a]+(production[a+1]-production[a])*u)/800*h
		if i > 0 {
			line = append(line, stroke(x+60+float64(i-1)*(w-60)/steps, heights[i-1], x+60+float64(i)*(w-60)/steps, heights[i], 6)...)
		}
	}
	area := below(heights, (w-60)/steps, y+h).moved(x+60, 0)
	c.fill(area, down(y, y+h, stop{0, heliotrope.alpha(0.5)}, stop{1, amber.alpha(0.12)}))
	c.fill(line, heliotrope)
	for i, m := range "JFMAMJJASOND" {
		c.writeCentred(face{medium, 19, 0}, x+60+float64(i)*(w-60)/11, y+h+38, string(m), hex("#8d84a3"))
	}
	px, py := x+60+6*(w-60)/11, y+h-731.0/800*h
	c.fill(circle(px, py, 13), white)
	c.fill(circle(px, py, 9), amber)
	c.writeCentred(face{bold, 24, 0}, px, py-28, "731", dusk)
}

// mixRing is where the power came from.
func (c *canvas) mixRing(x, y, r float64) {
	from := -90.0
	for i, part := range []struct {
		share float64
		name  string
		ink   ink
	}{{58, "Solar", amber}, {31, "Wind", heliotrope}, {11, "Water", rose}} {
		to := from + part.share*3.6
		c.fill(band(x, y, r*0.62, r, from+1.2, to-1.2), part.ink)
		from = to
		ly := y - 46 + float64(i)*48
		c.fill(circle(x+150, ly-7, 8), part.ink)
		c.write(face{medium, 22, 0}, x+170, ly, part.name, dusk)
		c.writeRight(face{bold, 22, 0}, x+302, ly, fmt.Sprintf("%.0f %%", part.share), dusk)
	}
	c.writeCentred(face{bold, 40, -0.03}, x, y+14, "2026", dusk)
}

// homes is how many of them the light reached.
func (c *canvas) homes(x, y float64) {
	c.write(face{medium, 24, 0}, x, y-32, "Homes on our roofs", dusk)
	for i, v := range []float64{96, 121, 158, 204, 263} {
		h := v * 0.58
		bx := x + float64(i)*78
		fill := heliotrope.mix(mist, 0.62)
		if i == 4 {
			fill = heliotrope
		}
		c.fill(rounded(bx, y+172-h, 54, h, 10), fill)
		c.writeCentred(face{medium, 18, 0}, bx+27, y+204, fmt.Sprint(2022+i), hex("#8d84a3"))
		c.writeCentred(face{bold, 19, 0}, bx+27, y+172-h-10, fmt.Sprintf("%.0fk", v), dusk)
	}
}
