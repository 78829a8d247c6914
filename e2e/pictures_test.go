package e2e

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// The README shows one deliverable as staff see it and as a client sees it on a
// phone. The test takes both pictures of the running product and leaves them in
// tmp/pictures; with PORTICO_PICTURES=1 it replaces those in docs.
func TestPicturesOfTheReadme(t *testing.T) {
	t.Parallel()
	for _, picture := range []struct {
		name, email string
		size        playwright.Size
	}{
		{"staff.png", "dana@northwind.test", browser.Wide},
		{"phone.png", "mia@acme.test", browser.Narrow},
	} {
		t.Run(picture.name, func(t *testing.T) {
			t.Parallel()
			v := signedInByMail(t, picture.email, playwright.BrowserNewContextOptions{Viewport: &picture.size})
			v.open("/w/acme/projects")
			v.click("link", "Spring campaign")
			v.click("link", "Posters")
			v.must("see the poster", v.page.Locator("main img").First().WaitFor())
			taken := v.picture()

			keep := "../tmp/pictures"
			if os.Getenv("PORTICO_PICTURES") == "1" {
				keep = "../docs"
			}
			check(t, os.MkdirAll(keep, 0o755))
			check(t, os.WriteFile(filepath.Join(keep, picture.name), taken, 0o644))

			shown, err := os.ReadFile(filepath.Join("../docs", picture.name))
			check(t, err)
			for which, b := range map[string][]byte{"of the page": taken, "in docs": shown} {
				got, err := png.DecodeConfig(bytes.NewReader(b))
				check(t, err)
				if got.Width != picture.size.Width || got.Height != picture.size.Height {
					t.Errorf("the picture %s is %d by %d, want %d by %d", which, got.Width, got.Height, picture.size.Width, picture.size.Height)
				}
			}
		})
	}
}

// picture is what the browser's window shows, once all of its images are loaded.
func (v *visitor) picture() []byte {
	v.t.Helper()
	_, err := v.page.WaitForFunction(`() => [...document.images].every((i) => i.loading === "lazy" || (i.complete && i.naturalWidth > 0))`, nil)
	v.must("load the images", err)
	taken, err := v.page.Screenshot()
	v.must("take a picture", err)
	return taken
}
