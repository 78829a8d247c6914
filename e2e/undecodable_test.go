package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/handlers/thumbnail/thumbnailtest"
)

// brokenPictures are the visible pictures of a page that the browser could not show.
const brokenPictures = `() => [...document.images].filter((i) => i.checkVisibility() && i.complete && i.naturalWidth === 0).map((i) => i.src)`

// Pictures that nothing here decodes say "No preview", on the list and alone: neither ever
// shows a broken picture. A good one beside them shows.
func TestUndecodablePicturesSayNoPreview(t *testing.T) {
	t.Parallel()
	ftyp := func(brand string) string {
		return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + brand + "mif1" + strings.Repeat("\x99", 200)
	}
	jpeg := string(thumbnailtest.JPEG(t, thumbnailtest.TwoHalves(64, 64)))
	whole := string(thumbnailtest.PNG(t, thumbnailtest.TwoHalves(64, 64)))
	files := map[string]string{
		"broken.avif":     ftyp("avif"),
		"photo.heic":      ftyp("heic"),
		"scan.tiff":       "II*\x00\x08\x00\x00\x00" + strings.Repeat("\x00", 200),
		"image.jxl":       "\xff\x0a" + strings.Repeat("\x99", 200),
		"layers.psd":      "8BPS\x00\x01" + strings.Repeat("\x00", 200),
		"cut before.png":  whole[:40],
		"cut before.jpg":  jpeg[:strings.Index(jpeg, "\xff\xda")],
		"bomb.png":        string(thumbnailtest.PNGClaim(60_000, 60_000, 8, 6, 0)),
		"wrong magic.png": "RIFF\x40\x00\x00\x00WEBPVP8 " + strings.Repeat("\x99", 60),
		"head only.gif":   "GIF89a\x40\x00\x40\x00\x00\x00\x00",
		"no pixels.bmp":   "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00" + strings.Repeat("\x00", 36),
	}
	const good = "good.png"
	sent := []playwright.InputFile{}
	for name, content := range files {
		sent = append(sent, playwright.InputFile{Name: name, MimeType: "image/png", Buffer: []byte(content)})
	}
	sent = append(sent, playwright.InputFile{Name: good, MimeType: "image/png", Buffer: picture(t)})
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/globex/")
	at := dana.deliver("Undecodable "+time.Now().Format(time.RFC3339Nano), "Pictures that nobody can show", sent...)
	// The job of the good one was queued last.
	if !eventually(func() bool {
		dana.open(at)
		n, err := dana.page.Locator("[data-kind=files] img").Count()
		return err == nil && n > 0
	}) {
		t.Fatal("the good picture has no preview")
	}
	links := dana.links()
	for name := range files {
		dana.open(links[name])
		dana.shows(name)
		if err := dana.page.GetByText("No preview").First().WaitFor(); err != nil {
			t.Errorf("%s: it doesn't say so: %v", name, err)
		}
		if broken, err := dana.page.Evaluate(brokenPictures); err != nil || len(broken.([]any)) != 0 {
			t.Errorf("%s: broken pictures %v, %v", name, broken, err)
		}
	}
	dana.open(links[good])
	dana.shows(good)
	if shown, err := dana.page.Locator(".stage img").First().Evaluate("i => i.decode().then(() => i.naturalWidth)", nil); err != nil || shown != 320 {
		t.Errorf("the good picture is %v wide, %v", shown, err)
	}
	if n, err := dana.page.GetByText("No preview").First().IsVisible(); n || err != nil {
		t.Errorf("the good picture has no preview: %v, %v", n, err)
	}
}
