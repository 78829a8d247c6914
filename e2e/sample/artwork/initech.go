package artwork

import "fmt"

// Initech's colours.
var (
	navy  = hex("#0a1d2e")
	teal  = hex("#0c9a97")
	coral = hex("#ff6b57")
	ice   = hex("#e8f3f3")
	steel = hex("#5d7486")
)

// InitechIcon is the app's icon, large and in the sizes it will be seen in.
func InitechIcon() ([]byte, error) {
	c := newCanvas(1400, 1000, ice)
	c.appIcon(120, 170, 660)
	for i, size := range []float64{256, 128, 64, 32} {
		y := []float64{190, 500, 682, 800}[i]
		c.appIcon(920, y, size)
		c.write(face{medium, 22, 0}, 1212, y+size/2+8, fmt.Sprintf("%.0f px", size), steel)
	}
	return c.png(initechOwner)
}

func (c *canvas) appIcon(x, y, s float64) {
	plate := rounded(x, y, s, s, s*0.23)
	c.shadow(plate, s*0.035, s*0.07+2, navy.alpha(0.35))
	c.fill(plate, along{x, y, x + s, y + s, newRamp(stop{0, hex("#16b8ae")}, stop{1, hex("#0b4f66")})})
	sheets := stack(x+s*0.19, y+s*0.17, s*0.62)
	tints := []ink{hex("#8fe0d6"), white, coral}
	for i, sheet := range sheets {
		c.shadow(sheet, s*0.02, s*0.035+1, navy.alpha(0.3))
		c.fill(sheet, tints[i])
	}
}

// InitechBanner is the picture for the launch: the product, afloat.
func InitechBanner() ([]byte, error) {
	c := newCanvas(1600, 900, along{0, 0, 1600, 900, newRamp(stop{0, hex("#0d2a40")}, stop{1, navy})})
	c.glow(1180, 420, 720, teal.alpha(0.42))
	c.glow(700, 860, 420, coral.alpha(0.16))
	c.initech(usual(36, white, teal), 80, 124)
	c.lines(face{bold, 84, -0.04}, 80, 330, 88, white, "Reports", "that file", "themselves.")
	c.lines(face{regular, 26, 0}, 82, 590, 40, hex("#b9d3d8"), "Cover sheets, figures, sign-off:", "done before you ask.")
	c.fill(rounded(80, 690, 214, 66, 14), coral)
	c.writeCentred(face{bold, 24, 0}, 187, 732, "Try it free", white)
	c.window(700, 150, 1.0)
	c.toast(610, 610)
	return c.jpeg(initechOwner)
}

// InitechScreen is the design of the app's first screen.
func InitechScreen() ([]byte, error) {
	c := newCanvas(1440, 960, along{0, 0, 1440, 960, newRamp(stop{0, hex("#d5ecea")}, stop{1, hex("#f7e3dd")})})
	c.window(80, 70, 1.48)
	return c.png(initechOwner)
}

// window is the app, 860 by 560 before it is scaled by f.
func (c *canvas) window(x, y, f float64) {
	frame := rounded(x, y, 860*f, 560*f, 18*f)
	c.shadow(frame, 26*f, 56*f, navy.alpha(0.42))
	c.fill(frame, white)
	c.fill(join(rounded(x, y, 60*f, 560*f, 18*f), rect(x+30*f, y, 170*f, 560*f)), hex("#f1f6f7"))
	for i, dot := range []ink{coral, hex("#f5c04e"), hex("#45c08a")} {
		c.fill(circle(x+(26+20*float64(i))*f, y+26*f, 6*f), dot)
	}
	for i, item := range []string{"Overview", "Reports", "Cover sheets", "People", "Archive"} {
		ly := y + (92+42*float64(i))*f
		with := steel
		if i == 1 {
			c.fill(rounded(x+14*f, ly-23*f, 172*f, 34*f, 9*f), teal.alpha(0.14))
			with = hex("#08716f")
		}
		c.fill(rounded(x+26*f, ly-11*f, 12*f, 12*f, 3*f), with.alpha(0.7))
		c.write(face{medium, 15 * f, 0}, x+50*f, ly, item, with)
	}
	c.write(face{bold, 27 * f, -0.02}, x+232*f, y+68*f, "Reports", navy)
	c.fill(rounded(x+732*f, y+42*f, 100*f, 36*f, 9*f), teal)
	c.writeCentred(face{bold, 14 * f, 0}, x+782*f, y+65*f, "New report", white)
	c.figures(x+232*f, y+100*f, f)
	c.rows(x+232*f, y+282*f, f)
}

// figures are the three cards on top of the app.
func (c *canvas) figures(x, y, f float64) {
	for i, card := range []struct {
		name, value string
		trend       [7]float64
		ink         ink
	}{
		{"Filed on time", "98.2 %", [7]float64{5, 6, 5.5, 7, 7.6, 8.4, 9}, teal},
		{"Hours saved", "1,240", [7]float64{2, 3.4, 3, 5, 6.2, 6, 8}, hex("#3776c9")},
		{"Waiting", "3", [7]float64{8, 7, 7.4, 5, 4, 3.4, 2}, coral},
	} {
		cx := x + float64(i)*204*f
		c.fill(rounded(cx, y, 192*f, 144*f, 14*f), hex("#dfe9ec"))
		c.fill(rounded(cx+f, y+f, 190*f, 142*f, 13*f), white)
		c.write(face{medium, 14 * f, 0}, cx+18*f, y+32*f, card.name, steel)
		c.write(face{bold, 31 * f, -0.03}, cx+18*f, y+70*f, card.value, navy)
		var line path
		for j := 1; j < len(card.trend); j++ {
			line = append(line, stroke(cx+(18+26*float64(j-1))*f, y+(128-4.4*card.trend[j-1])*f,
				cx+(18+26*float64(j))*f, y+(128-4.4*card.trend[j])*f, 3*f)...)
		}
		c.fill(line, card.ink)
	}
}

// rows are the list in the app.
func (c *canvas) rows(x, y, f float64) {
	for i, row := range []struct {
		name, who, state string
		ink              ink
	}{
		{"Quarterly summary", "Finance", "Filed", teal},
		{"Stapler inventory", "Facilities", "Filed", teal},
		{"Release notes 4.1", "Product", "Signing", hex("#3776c9")},
		{"Travel, week 46", "Sales", "Waiting", coral},
		{"Incident review", "Platform", "Draft", steel},
	} {
		ly := y + float64(i)*50*f
		c.fill(rect(x, ly+33*f, 600*f, f), hex("#e6eef0"))
		sheet := stack(x, ly-8*f, 24*f)
		c.fill(sheet[0], row.ink.alpha(0.35))
		c.fill(sheet[2], row.ink)
		c.write(face{medium, 16 * f, 0}, x+40*f, ly+12*f, row.name, navy)
		c.write(face{regular, 15 * f, 0}, x+300*f, ly+12*f, row.who, steel)
		c.fill(rounded(x+500*f, ly-8*f, 100*f, 28*f, 14*f), row.ink.alpha(0.14))
		c.writeCentred(face{bold, 13 * f, 0}, x+550*f, ly+11*f, row.state, row.ink.mix(navy, 0.3))
	}
}

// toast is a message that floats before the window.
func (c *canvas) toast(x, y float64) {
	plate := rounded(x, y, 330, 104, 20)
	c.shadow(plate, 16, 34, black.alpha(0.45))
	c.fill(plate, white)
	c.fill(circle(x+54, y+52, 25), teal)
	c.fill(join(stroke(x+43, y+53, x+51, y+61, 5), stroke(x+51, y+61, x+66, y+44, 5)), white)
	c.write(face{bold, 21, 0}, x+98, y+46, "Filed, 9:00 sharp", navy)
	c.write(face{regular, 18, 0}, x+98, y+74, "Quarterly summary", steel)
}

// InitechMark is the mark on white.
func InitechMark() ([]byte, error) {
	c := newCanvas(1600, 900, white)
	m := usual(150, navy, teal)
	c.initech(m, (c.w-widthOf((*canvas).initech, m))/2, 525)
	return c.png(initechOwner)
}
