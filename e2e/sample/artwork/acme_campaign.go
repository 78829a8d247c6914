package artwork

// AcmePosterDraft is the first poster of the campaign: too much of everything.
func AcmePosterDraft() ([]byte, error) {
	c := newCanvas(1080, 1440, sand)
	morning().draw(c)
	c.grain(0.05)
	c.lines(face{bold, 118, -0.03}, 70, 200, 112, sand, "GO OUTSIDE", "THIS SPRING")
	c.write(face{medium, 34, 0}, 76, 372, "New tents. New packs. New everything.", sand)
	c.acme(usual(54, sand, ember), 70, c.h-80)
	return c.jpeg(acmeOwner)
}

// AcmePosterMorning is the poster that came of it.
func AcmePosterMorning() ([]byte, error) {
	c := newCanvas(1080, 1440, sand)
	morning().draw(c)
	c.grain(0.035)
	c.poster(sand, ember, "Leave", "early.")
	return c.jpeg(acmeOwner)
}

// AcmePosterNight is its companion, with a lit tent below the stars.
func AcmePosterNight() ([]byte, error) {
	c := newCanvas(1080, 1440, soot)
	night().draw(c)
	c.tent(c.w*0.63, c.h*0.835, 118)
	c.grain(0.04)
	c.poster(sand, dawn, "Stay", "late.")
	return c.jpeg(acmeOwner)
}

func (c *canvas) poster(word, accent ink, lines ...string) {
	c.lines(face{bold, 212, -0.045}, 62, 270, 190, word, lines...)
	c.acme(usual(52, word, accent), 70, c.h-84)
	c.writeRight(face{medium, 25, 0.01}, c.w-70, c.h-88, "Spring 2027", word)
}

func morning() landscape {
	return landscape{
		seed: 41, ridges: 6, horizon: 0.56, rough: 0.2, trees: true, halo: 0.55,
		sky: []stop{{0, hex("#e0764a")}, {0.5, hex("#f0a46a")}, {1, hex("#fbe3bd")}},
		sun: point{0.7, 0.47}, sunSize: 0.075, sunInk: hex("#fff3d6"),
		far: hex("#d99b79"), near: hex("#0f2a24"),
	}
}

func night() landscape {
	return landscape{
		seed: 77, ridges: 5, horizon: 0.62, rough: 0.2, trees: true, halo: 0.22, stars: true,
		sky: []stop{{0, hex("#0a1a2e")}, {0.55, hex("#1c3d55")}, {1, hex("#6f8f8f")}},
		sun: point{0.8, 0.3}, sunSize: 0.032, sunInk: hex("#fdf1d2"),
		far: hex("#3f6470"), near: hex("#07130f"),
	}
}

func forest() landscape {
	return landscape{
		seed: 12, ridges: 7, horizon: 0.42, rough: 0.17, trees: true, halo: 0.35,
		sky: []stop{{0, hex("#9fc0b4")}, {0.6, hex("#cfdcc9")}, {1, hex("#f3ead2")}},
		sun: point{0.3, 0.3}, sunSize: 0.05, sunInk: hex("#fffbe9"),
		far: hex("#a9c2b2"), near: hex("#123026"),
	}
}

// tent is lit from inside; x is its middle and y the ground it stands on.
func (c *canvas) tent(x, y, s float64) {
	c.glow(x, y-s*0.3, s*2.6, dawn.alpha(0.55))
	c.fill(polygon(x, y-s, x+s*0.86, y, x-s*0.86, y), around{x, y - s*0.2, s * 0.95, newRamp(
		stop{0, hex("#fff0c4")}, stop{0.45, hex("#f7b45f")}, stop{1, hex("#c4521f")})})
	c.fill(polygon(x, y-s, x+s*0.86, y, x+s*0.3, y), hex("#a13c14").alpha(0.45))
	c.fill(polygon(x, y-s*0.72, x+s*0.2, y, x-s*0.2, y), hex("#5a2410").alpha(0.6))
	c.fill(stroke(x, y-s, x+s*1.2, y+s*0.02, 2), sand.alpha(0.4))
	c.fill(stroke(x, y-s, x-s*1.2, y+s*0.02, 2), sand.alpha(0.4))
}

// AcmeTileType is a social tile of words and contours.
func AcmeTileType() ([]byte, error) {
	c := newCanvas(1080, 1080, pine)
	c.all(contours(250, 21, dawn.alpha(0.34)))
	c.lines(face{bold, 190, -0.045}, 72, 420, 172, sand, "Pack", "half of", "that.")
	c.acme(usual(46, sand, ember), 78, c.h-84)
	return c.png(acmeOwner)
}

// AcmeTileShape is a social tile cut from the symbol.
func AcmeTileShape() ([]byte, error) {
	c := newCanvas(1080, 1080, ember)
	c.fill(circle(792, 330, 172), dawn)
	c.fill(polygon(-220, 1080, 330, 260, 880, 1080), pine)
	c.fill(polygon(470, 1080, 830, 560, 1190, 1080), hex("#0f2c24"))
	c.fill(polygon(175, 1080, 330, 800, 485, 1080), sand)
	c.write(face{bold, 74, -0.03}, 72, 140, "Two nights.", sand)
	c.write(face{bold, 74, -0.03}, 72, 220, "No plan.", sand)
	return c.png(acmeOwner)
}

// AcmeTilePicture is a social tile with a view in it.
func AcmeTilePicture() ([]byte, error) {
	c := newCanvas(1080, 1080, sand)
	view := newCanvas(1080, 1080, sand)
	forest().draw(view)
	view.grain(0.03)
	c.fill(rounded(64, 64, 952, 760, 36), view.picture(0, 20))
	c.write(face{bold, 66, -0.03}, 66, 934, "48 hours, no signal.", pine)
	c.write(face{medium, 28, 0}, 68, 986, "The weekend list is out.", pine.alpha(0.75))
	mountain, sun := peak(944, 918, 72)
	c.fill(mountain, pine)
	c.fill(sun, ember)
	return c.jpeg(acmeOwner)
}

// AcmeLookbook is the cover of last autumn's book.
func AcmeLookbook() ([]byte, error) {
	c := newCanvas(1000, 1300, hex("#c8562b"))
	for i := range 9 {
		r := 760 - float64(i)*84
		c.fill(circle(c.w/2, c.h*0.78, r), hex("#c8562b").mix(hex("#f3d9a4"), float64(i)/8))
	}
	l := landscape{seed: 8, ridges: 3, horizon: 0.84, rough: 0.1, far: hex("#7c3a24"), near: hex("#2a1a16")}
	l.drawRidges(c)
	c.grain(0.05)
	c.write(face{bold, 96, -0.035}, 64, 150, "Autumn", sand)
	c.write(face{regular, 96, -0.035}, 64, 246, "lookbook", sand)
	c.acme(usual(44, sand, dawn), 64, c.h-70)
	c.writeRight(face{medium, 24, 0}, c.w-64, c.h-74, "2026", sand)
	return c.jpeg(acmeOwner)
}
