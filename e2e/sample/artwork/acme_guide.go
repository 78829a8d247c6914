package artwork

// AcmeGuidelines is the first issue of Acme's brand guidelines, four pages.
func AcmeGuidelines() ([]byte, error) {
	d := newDocument("Acme Outdoor brand guidelines, issue 1", acmeOwner, hex("#fbf8f2"), soot, ember)
	for _, page := range []func(*document) error{guideCover, guideMark, guideColour, guideVoice} {
		if err := page(d); err != nil {
			return nil, err
		}
	}
	return d.bytes()
}

func guideCover(d *document) error {
	c := newCanvas(1188, 840, pine)
	c.all(contours(230, 33, white.alpha(0.09)))
	c.stackedAcme(c.w/2, 150, 1, sand, ember)
	d.blank(pine)
	if err := d.show(c, 0, 0, pageWidth); err != nil {
		return err
	}
	d.write("B", 15, pageMargin, 190, sand, "Brand guidelines")
	d.write("", 11, pageMargin, 197, sand, "Issue 1, ridgeline collection")
	return nil
}

func guideMark(d *document) error {
	y := d.page("One mark, room to breathe")
	c := newCanvas(1000, 560, sand)
	m := usual(92, pine, ember)
	w := widthOf((*canvas).acme, m)
	c.acme(m, (c.w-w)/2, 335)
	x0, x1 := (c.w-w)/2-92, (c.w+w)/2+92
	for _, line := range []path{rect(x0, 90, 2, 380), rect(x1, 90, 2, 380), rect(x0-40, 186-46, x1-x0+80, 2), rect(x0-40, 335+90, x1-x0+80, 2)} {
		c.fill(line, ember.alpha(0.55))
	}
	if err := d.show(c, pageMargin, y, 150); err != nil {
		return err
	}
	y = d.point(186, y, 88, "Clear space", "Keep the height of the letter a free on every side. Nothing else comes closer, not even a fold.")
	y = d.point(186, y, 88, "Smallest size", "The mark stays above 18 mm in print and 72 pixels on a screen. Below that, the mountain stands alone.")
	d.point(186, y, 88, "Two versions", "Horizontal for everything that is wide, stacked for labels, patches and lids.")
	return nil
}

func guideColour(d *document) error {
	y := d.page("Pine for the ground, ember for the spark")
	x := pageMargin
	for _, s := range []struct {
		name, value, print string
		w                  float64
		ground, text       ink
	}{
		{"Pine", "#173F33", "C 80 M 40 Y 70 K 50", 80, pine, sand}, {"Sand", "#F1E8D9", "C 5 M 8 Y 16 K 0", 62, sand, soot},
		{"Ember", "#DD5A24", "C 5 M 76 Y 95 K 0", 45, ember, white}, {"Dawn", "#F4B26B", "C 0 M 36 Y 63 K 0", 36, dawn, soot},
		{"Soot", "#14201C", "C 75 M 60 Y 65 K 75", 30, soot, sand},
	} {
		d.box(x, y, s.w, 92, s.ground)
		d.write("B", 13, x+4, y+74, s.text, s.name)
		d.write("", 8, x+4, y+80, s.text, s.value)
		if s.w > 40 {
			d.write("", 8, x+4, y+85, s.text, s.print)
		}
		x += s.w
	}
	d.prose(pageMargin, y+104, 200, "Widths are proportions. Pine and sand carry four fifths of anything we make; ember appears once, where the eye should go. Dawn is light, never text.")
	return nil
}

func guideVoice(d *document) error {
	y := d.page("We talk like people on a path")
	c := newCanvas(900, 1000, sand)
	morning().draw(c)
	c.grain(0.03)
	c.lines(face{bold, 150, -0.045}, 56, 200, 136, sand, "Leave", "early.")
	if err := d.show(c, 172, y-4, 103); err != nil {
		return err
	}
	y = d.point(pageMargin, y, 128, "Short", "One thought a line. If it needs a comma, it may need a second line instead.")
	y = d.point(pageMargin, y, 128, "Plain", "Tents are tents, not shelter solutions. Weight is in grams, weather is weather.")
	d.point(pageMargin, y, 128, "Warm, never loud", "No exclamation marks. The view does the shouting.")
	return nil
}
