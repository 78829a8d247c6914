package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"testing"
	"time"

	"github.com/go-pdf/fpdf"
	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// poster is a picture with a box at that place.
func poster(t *testing.T, box image.Rectangle) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 900, 600))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.RGBA{0xf4, 0xe9, 0xd8, 0xff}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(60, 60, 360, 140), image.NewUniform(color.RGBA{0x15, 0x50, 0x5c, 0xff}), image.Point{}, draw.Src)
	draw.Draw(m, box, image.NewUniform(color.RGBA{0xb4, 0x30, 0x20, 0xff}), image.Point{}, draw.Src)
	var b bytes.Buffer
	check(t, png.Encode(&b, m))
	return b.Bytes()
}

// brochure is a PDF with a page for each text.
func brochure(t *testing.T, pages ...string) []byte {
	t.Helper()
	doc := fpdf.New("P", "mm", "A5", "")
	doc.SetFont("Helvetica", "", 18)
	for _, text := range pages {
		doc.AddPage()
		doc.MultiCell(0, 10, text, "", "", false)
	}
	var b bytes.Buffer
	check(t, doc.Output(&b))
	return b.Bytes()
}

// putFiles adds files to the draft that is open, also without scripts.
func (v *visitor) putFiles(files ...playwright.InputFile) {
	v.t.Helper()
	v.must("choose files", v.page.Locator("#files-input").SetInputFiles(files))
	if v.noScript {
		v.click("button", "Upload")
	}
	for _, f := range files {
		v.arrived(f.Name)
	}
}

// Mia writes two notes on version 1 from her phone. Staff publish version 2 and say that one
// is done. Mia reads it, compares the versions in all ways, and page by page, where an
// inserted page shifts no other. All of it works without scripts too.
func TestClientsCompareVersions(t *testing.T) {
	t.Parallel()
	const welcome, prices = "Welcome to the bakery at the harbour, open every day from six in the morning. Page ", "All prices of the summer, from bread and rolls to cakes for large tables. Page "
	d := createDeciders(t)
	for what, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			enter := func(mail string, size playwright.Size) *visitor {
				return signedInByMail(t, mail, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(scripts), Viewport: &size})
			}
			dana, mia := enter(d.staff, browser.Wide), enter(d.mia, browser.Narrow)
			at := dana.newDraft(dana.made("/w/"+d.client+"/projects", map[string][]string{"name": {"Two posters " + what + time.Now().Format(" 150405.000")}}), "Poster "+what)
			dana.putFiles(playwright.InputFile{Name: "Poster v1.png", MimeType: "image/png", Buffer: poster(t, image.Rect(600, 300, 700, 400))},
				playwright.InputFile{Name: "Prices.pdf", MimeType: "application/pdf", Buffer: brochure(t, welcome+"1", prices+"2")})
			dana.click("button", "Publish version 1")
			dana.confirmPublish()
			for _, words := range []string{"Could the red box be larger?", "And a page about cakes?"} {
				mia.open(at)
				mia.must("open the form", mia.page.Locator("#write > summary").Click())
				mia.fill("Your note", words)
				mia.click("button", "Save note")
				mia.sees("Note saved.")
			}
			mia.open(at)
			mia.gone("Compare")

			dana.open(at)
			dana.click("button", "Start version 2")
			dana.putFiles(playwright.InputFile{Name: "Poster v2.png", MimeType: "image/png", Buffer: poster(t, image.Rect(600, 300, 760, 460))},
				playwright.InputFile{Name: "Prices.pdf", MimeType: "application/pdf", Buffer: brochure(t, welcome+"1", "Cakes for every birthday of the year, baked while you wait at the counter. Page 2", prices+"3")})
			dana.click("button", "Publish version 2")
			form := dana.page.Locator("dialog[open]")
			dana.must("tick the first note", form.Locator(".carry-list input[type=checkbox]").First().Check())
			dana.must("write a line", form.Locator(".carry-list input[type=text]").First().Fill("It is 60 % larger."))
			dana.screenshot(dana.shotName("publish-notes"))
			dana.must("publish", form.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version 2"}).Click())
			dana.sees("Published.")

			mia.open(at)
			mia.sees("1 of 2")
			mia.click("link", "Done 1")
			mia.sees("It is 60 % larger.")
			mia.click("link", "Compare")
			mia.click("link", "Poster v2.png")
			mia.must("both versions", mia.page.Locator(".compare-side img").Nth(1).WaitFor())
			mia.fits()
			mia.shot(mia.shotName("compare-side-phone"))
			mia.click("link", "Slider")
			mia.must("the slider", mia.page.Locator(".compare-over").WaitFor())
			mia.slides(t)
			mia.fits()
			mia.shot(mia.shotName("compare-slider-phone"))
			mia.click("link", "Differences")
			mia.must("the place that differs is marked", mia.page.Locator("rect.difference").First().WaitFor(playwright.LocatorWaitForOptions{Timeout: playwright.Float(60_000)}))
			mia.sees("1 place differs: D3.")
			mia.shot(mia.shotName("compare-differences-phone"))

			mia.click("link", "Prices.pdf")
			mia.comparesPages()
			mia.fits()
			mia.shot(mia.shotName("compare-pages-phone"))
			dana.open(mia.path())
			dana.sees("Page 3 of 3")
			dana.shot(dana.shotName("compare-pages-wide"))
			dana.click("link", "Open version 2")
			dana.sees("Poster v2.png")
		})
	}
}

// slides moves the line between the pictures.
func (v *visitor) slides(t *testing.T) {
	t.Helper()
	line := func() string {
		x, err := v.page.Locator("#compare-line rect").GetAttribute("x")
		v.must("read the line", err)
		return x
	}
	if got := line(); got != "0.5" {
		t.Errorf("the line begins at %q", got)
	}
	if v.noScript {
		v.click("link", "25 %")
	} else {
		v.must("move the line", v.page.Locator("#slide").Fill("25"))
	}
	if got := line(); got != "0.25" {
		t.Errorf("the line is at %q", got)
	}
}

// comparesPages waits until the pages of the documents are drawn, and goes through them.
func (v *visitor) comparesPages() {
	v.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if n, err := v.page.GetByText("Page 1 of 3").Count(); err == nil && n > 0 {
			break
		}
		_, err := v.page.Reload()
		v.must("reload", err)
	}
	v.sees("Page 1 of 3")
	v.sees("Pages that differ")
	v.click("link", "Next page")
	v.sees("Not in version 1")
	v.click("link", "Next page")
	for i, label := range []string{"Version 1, page 2", "Version 2, page 3"} {
		v.must("see "+label, v.page.Locator(".compare-label").Nth(i).GetByText(label).WaitFor())
	}
}
