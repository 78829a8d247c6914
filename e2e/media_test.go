package e2e

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sound"
)

// testFile reads a file of testdata.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// links returns the addresses of the pages that show each file of a deliverable.
func (v *visitor) links() map[string]string {
	v.t.Helper()
	links, err := v.page.Locator("[data-kind=files] .row-link").All()
	v.must("find the files", err)
	found := map[string]string{}
	for _, link := range links {
		name, err := link.TextContent()
		v.must("read a name", err)
		at, err := link.GetAttribute("href")
		v.must("read an address", err)
		found[strings.TrimSpace(name)] = at
	}
	return found
}

// Sounds and films play in the page.
func TestMediaPlays(t *testing.T) {
	t.Parallel()
	players := map[string]string{"spot.mp3": "audio", "spot.wav": "audio", "spot.flac": "audio", "spot.ogg": "audio", "spot.m4a": "audio", "clip.mov": "video", "clip.m4v": "video", "clip.webm": "video"}
	files := map[string][]byte{
		"spot.mp3": testFile(t, "spot.mp3"), "spot.wav": sound.WAV(), "spot.flac": sound.FLAC(), "spot.ogg": testFile(t, "spot.ogg"), "clip.webm": testFile(t, "clip.webm"), "spot.m4a": sound.M4A(),
		"clip.mov": testFile(t, "clip.mov"), "clip.m4v": testFile(t, "clip.m4v"),
	}
	var sent []playwright.InputFile
	for name, content := range files {
		sent = append(sent, playwright.InputFile{Name: name, MimeType: "application/octet-stream", Buffer: content})
	}
	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/globex/")
	dana.open(dana.deliver("Media "+time.Now().Format(time.RFC3339Nano), "Everything that plays", sent...))
	links := dana.links()
	if len(links) != len(files) {
		t.Fatalf("the page lists %v", links)
	}
	for name, player := range players {
		dana.open(links[name])
		dana.shows(name)
		if n, err := dana.page.Locator(player).Count(); n == 0 || err != nil {
			t.Errorf("%s has no player: %v", name, err)
			continue
		}
		dana.plays(player)
	}
}

// A PDF is paged through as pictures once its pages are drawn. Alone, in the browser's
// viewer, its tab has the file's name.
func TestPDFIsPagedThrough(t *testing.T) {
	t.Parallel()
	whole, err := browser.Start(browser.Options{PDFViewer: true})
	check(t, err)
	t.Cleanup(func() { _ = whole.Stop() })
	c := whole.Context(t)
	dana := &visitor{t: t, context: c, page: c.Open(t, world.stack.URL()+"/")}
	dana.signInByMail("dana@northwind.test")
	dana.open("/w/globex/")
	dana.open(dana.deliver("Document "+time.Now().Format(time.RFC3339Nano), "Two pages",
		playwright.InputFile{Name: "two-pages.pdf", MimeType: "application/octet-stream", Buffer: testFile(t, "two-pages.pdf")}))
	link := dana.links()["two-pages.pdf"]
	picture := dana.page.Locator(".stage-picture img")
	for range 60 { // the first job compiles what draws
		dana.open(link)
		if n, err := picture.Count(); err != nil || n > 0 {
			break
		}
		time.Sleep(2 * time.Second)
	}
	dana.sees("Page 1 of 2")
	shown := func() bool {
		box, err := picture.BoundingBox()
		if err != nil || box == nil {
			return false
		}
		taken, err := dana.page.Screenshot(playwright.PageScreenshotOptions{Clip: box})
		return err == nil && showsText(t, taken)
	}
	if !eventually(shown) {
		t.Error("the first page stays blank")
	}
	dana.must("go on", dana.page.Locator("[data-page=next]").Click())
	dana.sees("Page 2 of 2")
	if !eventually(shown) {
		t.Error("the second page stays blank")
	}
	src, err := dana.page.Locator(".stage-acts a", playwright.PageLocatorOptions{HasText: "Full size"}).GetAttribute("href")
	dana.must("read the file's address", err)
	dana.open(src)
	title := ""
	if !eventually(func() bool { title = dana.tab(); return title == "two-pages.pdf" }) {
		t.Errorf("the tab is called %q", title)
	}
}

// Without a viewer, for a PDF whose pages can't be drawn, the page says so in place of an empty frame, and offers the file.
func TestPDFWithoutViewerCanBeDownloaded(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.must("have no viewer", dana.context.AddInitScript(playwright.Script{Content: playwright.String(`Object.defineProperty(Navigator.prototype, "pdfViewerEnabled", { get: () => false })`)}))
	dana.open("/w/globex/")
	dana.open(dana.deliver("Unseen "+time.Now().Format(time.RFC3339Nano), "Two pages",
		playwright.InputFile{Name: "two-pages.pdf", MimeType: "application/octet-stream", Buffer: []byte("%PDF-1.7\nand no more")}))
	dana.open(dana.links()["two-pages.pdf"])
	dana.sees("This browser can't show the file")
	dana.must("offer it", dana.page.Locator(".stage-unplayed a[download]").WaitFor())
	if shown, err := dana.page.Locator(".stage iframe").IsVisible(); err != nil || shown {
		t.Errorf("an empty frame is shown: %t, %v", shown, err)
	}
}

// tab is what the browser calls the tab. A viewer's page has no title of its own.
func (v *visitor) tab() string {
	v.t.Helper()
	session, err := v.page.Context().NewCDPSession(v.page)
	v.must("talk to the browser", err)
	got, err := session.Send("Target.getTargetInfo", nil)
	v.must("read the tab", err)
	info, _ := got.(map[string]any)["targetInfo"].(map[string]any)
	title, _ := info["title"].(string)
	return title
}

// eventually waits until something holds that a browser does in the background.
func eventually(holds func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

// showsText reports whether a picture shows dark text on a light page: neither the blank
// page before a document shows nor the frame of a viewer around one does.
func showsText(t testing.TB, taken []byte) bool {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	dark := 0
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		dark += darkOnLight(m, y)
	}
	return dark > 40
}

// darkOnLight counts the dark pixels of a row between the first and the last light one, if
// most of the row between them is light.
func darkOnLight(m image.Image, y int) (dark int) {
	first, last, light := -1, -1, 0
	bright := func(x int) uint32 {
		r, g, b, _ := m.At(x, y).RGBA()
		return (r + g + b) / 3 >> 8
	}
	for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
		if bright(x) > 245 {
			if first < 0 {
				first = x
			}
			last = x
			light++
		}
	}
	if light < m.Bounds().Dx()/5 || light < (last-first)/2 {
		return 0
	}
	for x := first; x < last; x++ {
		if bright(x) < 100 {
			dark++
		}
	}
	return dark
}
