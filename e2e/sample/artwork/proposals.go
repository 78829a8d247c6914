package artwork

// GlobexProposal is the offer for the annual report, three pages.
func GlobexProposal() ([]byte, error) {
	d := newDocument("Globex Energy annual report: proposal", globexOwner, hex("#fbfaff"), dusk, heliotrope)
	c := newCanvas(1188, 840, sunset(-100, 900))
	c.glow(820, 560, 560, amber.alpha(0.45))
	c.fill(sundown(820-250, 560-250, 500), amber)
	c.lines(face{bold, 88, -0.04}, 84, 190, 90, mist, "A year", "of light")
	c.globex(usual(40, mist, amber), 84, 760)
	d.blank(dusk)
	if err := d.show(c, 0, 0, pageWidth); err != nil {
		return nil, err
	}
	y := d.page("What we would make")
	col := 76.0
	d.point(pageMargin, y, col, "One picture a chapter", "Each chapter opens with data drawn as light: production, mix, homes, people. No stock photographs.")
	d.point(pageMargin+90, y, col, "A report that scrolls", "The same pages as a website, fast on a phone in a field, with every table to copy.")
	d.point(pageMargin+180, y, col, "A colour that stays", "Heliotrope, the flower that turns to the sun, becomes the lead colour; heliotrope on paper, amber on screens at night.")
	chart := newCanvas(1400, 420, hex("#fbfaff"))
	chart.harvest(0, 60, 1380, 300)
	if err := d.show(chart, pageMargin, 110, pageWidth-2*pageMargin); err != nil {
		return nil, err
	}
	y = d.page("Steps and fees")
	y = d.table(y+4, [3]float64{110, 80, 60}, [3]string{"Step", "When", "Fee"},
		[3]string{"Concept and cover", "Week 1 to 2", "EUR 8,400"}, [3]string{"Charts and chapter pictures", "Week 3 to 5", "EUR 12,600"},
		[3]string{"Layout, 64 pages", "Week 5 to 8", "EUR 15,200"}, [3]string{"Website", "Week 6 to 9", "EUR 18,900"},
		[3]string{"Print supervision", "Week 10", "EUR 2,300"}, [3]string{"Total, before tax", "", "EUR 57,400"})
	d.prose(pageMargin, y+6, 190, "Two rounds of changes are part of every step. The offer stands for six weeks.")
	return d.bytes()
}

// InitechDeck is the sales deck, three pages.
func InitechDeck() ([]byte, error) {
	d := newDocument("Initech Software: sales deck", initechOwner, white, navy, coral)
	c := newCanvas(1188, 840, along{0, 0, 1188, 840, newRamp(stop{0, hex("#0d2a40")}, stop{1, navy})})
	c.glow(860, 380, 620, teal.alpha(0.5))
	for i, sheet := range stack(620, 180, 470) {
		c.shadow(sheet, 18, 40, black.alpha(0.4))
		c.fill(sheet, []ink{hex("#0f6f78"), hex("#12b0a6"), coral}[i])
	}
	c.lines(face{bold, 74, -0.04}, 84, 330, 80, white, "Paperwork,", "minus the", "paper.")
	c.initech(usual(38, white, teal), 84, 150)
	d.blank(navy)
	if err := d.show(c, 0, 0, pageWidth); err != nil {
		return nil, err
	}
	y := d.page("Reports that file themselves")
	screen := newCanvas(1120, 820, ice)
	screen.window(60, 60, 1.16)
	if err := d.show(screen, 112, y-6, 163); err != nil {
		return nil, err
	}
	y = d.point(pageMargin, y, 76, "Filled in", "Figures arrive from where they live. Nobody types a number twice.")
	y = d.point(pageMargin, y, 76, "Signed off", "One button for the person who answers for it, wherever they are.")
	d.point(pageMargin, y, 76, "Filed", "On time, with its cover sheet, every week.")
	y = d.page("Plans")
	y = d.table(y+4, [3]float64{90, 100, 60}, [3]string{"Plan", "For", "A person a month"},
		[3]string{"Desk", "Teams of up to ten", "EUR 6"}, [3]string{"Floor", "Departments, with sign-off", "EUR 9"},
		[3]string{"Building", "Companies, with their own archive", "EUR 12"})
	d.prose(pageMargin, y+6, 190, "The app is called quicksilver. Prices are those of the pilot.")
	return d.bytes()
}
