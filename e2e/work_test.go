package e2e

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
	"portico/e2e/sample"
)

// picture returns a small PNG that is unique to the test.
func picture(t *testing.T) []byte {
	t.Helper()
	shade := make([]byte, 3)
	_, _ = rand.Read(shade)
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for x := 60; x < 260; x++ {
		for y := 50; y < 150; y++ {
			img.Set(x, y, color.RGBA{shade[0], shade[1], shade[2], 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// draft creates a project and a deliverable and uploads files, all in the browser. It
// returns the deliverable's path.
func (v *visitor) draft(project, title string, files ...playwright.InputFile) string {
	v.t.Helper()
	v.click("link", "Projects")
	v.click("link", "New project")
	v.fill("Name", project)
	v.click("button", "Create project")
	v.sees("Project created.")
	v.click("link", "New deliverable")
	v.fill("Title", title)
	v.click("button", "Create deliverable")
	v.sees("Deliverable created.")
	at, _, _ := strings.Cut(v.path(), "?")
	v.must("choose files", v.page.Locator("#files-input").SetInputFiles(files))
	for _, f := range files {
		v.must("uploaded "+f.Name, v.page.GetByLabel("Download "+f.Name).First().WaitFor())
	}
	return at
}

// confirmPublish presses the button of the publish dialog, which is open.
func (v *visitor) confirmPublish() {
	v.t.Helper()
	v.must("confirm", v.page.Locator("dialog[open] button[data-kind=primary]").Click())
}

// deliver publishes a new draft with files, all in the browser. It returns the
// deliverable's path.
func (v *visitor) deliver(project, title string, files ...playwright.InputFile) string {
	v.t.Helper()
	at := v.draft(project, title, files...)
	v.click("button", "Publish version 1")
	v.confirmPublish()
	v.sees("Published.")
	return at
}

// Dana switches to another workspace and publishes a deliverable with files. The client
// finds it on a phone, views it and downloads identical files.
func TestStaffDeliverAndTheClientDownloads(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	dana.click("link", "Globex")
	dana.must("open the switcher", dana.page.Locator("[data-switcher]").Click())
	dana.must("switch", dana.page.Locator(".switch-item", playwright.PageLocatorOptions{HasText: "Acme"}).Click())
	dana.must("in Acme", dana.page.WaitForURL("**/w/acme/**")) // where she was last

	logo := picture(t)
	text := []byte("For the printer.\n")
	at := dana.deliver("Autumn windows", "Window lettering",
		playwright.InputFile{Name: "Lettering v1.png", MimeType: "image/png", Buffer: logo},
		playwright.InputFile{Name: "Note für den Drucker.txt", MimeType: "text/plain", Buffer: text})

	mia := signedInByMail(t, "mia@acme.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow})
	mia.must("in her portal", mia.page.WaitForURL("**/w/acme/"))
	mia.sees("Window lettering")
	mia.click("link", "Window lettering")
	mia.sees("Lettering v1.png")
	shown, err := mia.page.Locator("img[src*='/inline']").First().Evaluate("i => i.decode().then(() => i.naturalWidth)", nil)
	if err != nil || shown != 320 {
		t.Errorf("the picture shows %v pixels wide, error %v", shown, err)
	}
	for name, want := range map[string][]byte{"Lettering v1.png": logo, "Note für den Drucker.txt": text} {
		if got := mia.download(name); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came back, want the %d that were sent", name, len(got), len(want))
		}
	}

	dana.open("/w/acme/activity")
	dana.sees("Lettering v1.png")
	if !strings.Contains(dana.source(), "downloaded") || !strings.Contains(at, "/deliverables/") {
		t.Error("the trail does not tell of the download")
	}
}

func (v *visitor) download(name string) []byte {
	v.t.Helper()
	d, err := v.page.ExpectDownload(func() error { return v.page.GetByLabel("Download " + name).First().Click() })
	v.must("download "+name, err)
	if d.SuggestedFilename() != name {
		v.t.Errorf("saved as %q, want %q", d.SuggestedFilename(), name)
	}
	path, err := d.Path()
	v.must("download "+name, err)
	b, err := os.ReadFile(path)
	v.must("read the download", err)
	return b
}

// A client finds no trace of another tenant: not in pages, their source, or by guessing
// addresses.
func TestClientSeesNothingElse(t *testing.T) {
	t.Parallel()
	mia := signedInByMail(t, "mia@acme.test")
	mia.must("in her portal", mia.page.WaitForURL("**/w/acme/"))
	for _, path := range []string{"/w/acme/", "/w/acme/projects", "/w/acme/members", "/w/acme/activity", "/w/acme/support", "/account", "/switcher"} {
		mia.open(path)
		html := mia.source()
		for slug, words := range sample.Canaries {
			if slug == "acme" {
				continue
			}
			for _, word := range words {
				if strings.Contains(html, word) {
					t.Errorf("%s shows %q of %s", path, word, slug)
				}
			}
		}
		if strings.Contains(html, "data-switcher") {
			t.Errorf("%s has a switcher", path)
		}
	}
	for _, path := range []string{
		"/w/globex/", "/w/globex/projects", "/w/northwind/", "/w/initech/members", "/w/contoso/activity",
		"/w/acme/bin", "/support", "/w/nobody/",
	} {
		if got := mia.status(path); got != 404 && got != 403 {
			t.Errorf("%s answers %d", path, got)
		}
	}
	// Leo is a viewer and may see less.
	leo := signedInByMail(t, "leo@acme.test")
	if got := leo.status("/w/acme/activity"); got != 403 {
		t.Errorf("a viewer's activity page answers %d", got)
	}
	if got := leo.status("/w/acme/projects"); got != 200 {
		t.Errorf("a viewer's projects page answers %d", got)
	}
}

// Ravi deletes a project and restores it with Undo.
func TestUndo(t *testing.T) {
	t.Parallel()
	ravi := signedInByMail(t, "ravi@northwind.test")
	ravi.must("in Acme", ravi.page.WaitForURL("**/w/acme/"))
	ravi.click("link", "Projects")
	ravi.click("link", "New project")
	ravi.fill("Name", "Thrown away by mistake")
	ravi.click("button", "Create project")
	ravi.sees("Project created.")
	at, _, _ := strings.Cut(ravi.path(), "?")
	ravi.must("menu", ravi.page.Locator("[popovertarget=project-menu]").Click())
	ravi.must("delete", ravi.page.Locator("[commandfor=delete]").First().Click())
	ravi.must("confirm", ravi.page.Locator("dialog[open] button[data-kind=danger]").Click())
	ravi.sees("moved to the bin")
	if got := ravi.status(at); got != 404 {
		t.Errorf("a binned project answers %d", got)
	}
	ravi.click("button", "Undo")
	ravi.sees("Project restored.")
	if got := ravi.status(at); got != 200 {
		t.Errorf("a restored project answers %d", got)
	}
}
