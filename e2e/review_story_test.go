package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// putWork adds a picture and a document of two pages to the draft that is open.
func (v *visitor) putWork(picture []byte) {
	v.t.Helper()
	v.must("choose files", v.page.Locator("#files-input").SetInputFiles([]playwright.InputFile{
		{Name: "logo.png", MimeType: "image/png", Buffer: picture},
		{Name: "brand.pdf", MimeType: "application/pdf", Buffer: testFile(v.t, "two-pages.pdf")},
	}))
	if v.noScript {
		v.click("button", "Upload")
	}
	v.arrived("logo.png")
	v.arrived("brand.pdf")
}

// fileURL is the address of a deliverable's page with a file, and a page of it, on the stage.
func (v *visitor) fileURL(at, name, page string) string {
	v.t.Helper()
	v.open(at)
	href, err := v.page.Locator(`a[href*="file="]`).Filter(playwright.LocatorFilterOptions{HasText: name}).First().GetAttribute("href")
	v.must("the link to "+name, err)
	to, err := url.Parse(href)
	v.must("read "+href, err)
	q := to.Query()
	if page != "" {
		q.Set("page", page)
	}
	return to.Path + "?" + q.Encode()
}

// pins writes a note at the middle of what is on the stage: by a tap, or by the form.
func (v *visitor) pins(words string) {
	v.t.Helper()
	if v.noScript {
		v.must("open the form", v.page.Locator("#write > summary").Click())
		_, err := v.page.GetByLabel("Place").SelectOption(playwright.SelectOptionValues{Values: &[]string{"C3"}})
		v.must("choose a place", err)
	} else {
		v.point(0.6, 0.6, true)
	}
	v.fill("Your note", words)
	v.click("button", "Save note")
	v.sees("Note saved.")
}

// get requests a path with this browser's cookies.
func (v *visitor) get(path string) (status int, body []byte) {
	v.t.Helper()
	res, err := v.context.Request().Get(world.stack.URL()+path, playwright.APIRequestContextGetOptions{MaxRedirects: playwright.Int(0)})
	v.must("ask for "+path, err)
	body, err = res.Body()
	v.must("read "+path, err)
	return res.Status(), body
}

// verifies runs the offline check of a certificate in a folder with its files, as whoever
// gets them would.
func verifies(t *testing.T, dir string) (ok bool, says string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), world.binary, "certificate", "verify", filepath.Join(dir, "certificate.txt"), "--keys", filepath.Join(dir, "keys.pem"), "--files", filepath.Join(dir, "files"))
	cmd.Env = []string{} // no database, no configuration
	out, err := cmd.CombinedOutput()
	return err == nil, string(out)
}

// The whole of a review. Staff publish, and downloads wait. The client, on a phone, notes
// something on a picture and on the second page of a document, and asks for changes. Staff
// say something among themselves and publish the next version, in which one note is done. The
// client compares and approves, downloads, and the certificate verifies without us, until one
// byte of it or of a file is another. With scripts and without.
func TestReviewFromFirstNoteToCertificate(t *testing.T) {
	t.Parallel()
	d := createDeciders(t)
	for what, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			on := playwright.Bool(scripts)
			dana := signedInByMail(t, d.staff, playwright.BrowserNewContextOptions{JavaScriptEnabled: on, Viewport: &browser.Wide})
			mia := signedInByMail(t, d.mia, playwright.BrowserNewContextOptions{JavaScriptEnabled: on, Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
			at := dana.newDraft(dana.made("/w/"+d.client+"/projects", url.Values{"name": {"Story " + what}}), "Brand "+what)
			dana.putWork(picture(t))
			dana.click("button", "Publish version 1")
			form := dana.page.Locator("dialog[open]")
			dana.must("downloads wait", form.GetByLabel("download only after approval").Check())
			dana.must("ask Mia", form.Locator(".ask-person", playwright.LocatorLocatorOptions{HasText: "Mia"}).Locator("input[type=checkbox]").Check())
			dana.must("publish", form.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version 1"}).Click())
			dana.sees("Published.")

			mia.open(mia.fileURL(at, "logo.png", ""))
			mia.shot(mia.shotName("story-first"))
			mia.pins("Darker here, please")
			mia.near("#pin-1", 0.6, 0.6)
			page2 := mia.fileURL(at, "brand.pdf", "2")
			for range 90 { // the first job compiles what draws, and others wait for it too
				if mia.open(page2); strings.Contains(mia.source(), `data-at="2"`) {
					break
				}
				time.Sleep(2 * time.Second)
			}
			mia.pins("The number is wrong")
			mia.sees("brand.pdf, page 2")
			mia.fits()
			mia.shot(mia.shotName("story-page-2"))
			get := mia.downloadURL(at, "logo.png")
			if status, _ := mia.get(get); status == http.StatusOK {
				t.Error("the client downloads before the approval")
			}
			mia.open(at)
			mia.answers("Changes needed", "See my two notes.")
			mia.sees("You asked for changes")

			dana.open(at)
			dana.must("open the form", dana.page.Locator("#write > summary").Click())
			dana.fill("Your note", "cnrystory, they change their mind weekly")
			dana.click("button", "Save note")
			dana.sees("cnrystory")
			dana.open(at)
			dana.click("button", "Start version 2")
			dana.putWork(picture(t))
			dana.click("button", "Publish version 2")
			form = dana.page.Locator("dialog[open]")
			carried := form.Locator(".carry-list li", playwright.LocatorLocatorOptions{HasText: "Darker here"})
			dana.must("done here", carried.GetByLabel("Done here").Check())
			dana.must("a line", carried.Locator("input[type=text]").Fill("Two shades darker."))
			dana.must("ask Mia", form.Locator(".ask-person", playwright.LocatorLocatorOptions{HasText: "Mia"}).Locator("input[type=checkbox]").Check())
			dana.must("publish", form.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Publish version 2"}).Click())
			dana.sees("Published.")

			mia.open(at)
			mia.sees("Notes from the version before: 1 of 2 done")
			if strings.Contains(mia.source(), "cnrystory") {
				t.Error("the client's page has what the team said among itself")
			}
			mia.click("link", "Done 1")
			mia.sees("Two shades darker.")
			mia.open(at)
			mia.click("link", "Compare")
			mia.fits()
			mia.shot(mia.shotName("story-compare"))
			mia.open(at)
			mia.answers("Approve", "")
			mia.sees("You approved this version")

			dir := t.TempDir()
			check(t, os.Mkdir(filepath.Join(dir, "files"), 0o755))
			keep := func(name, path string) {
				t.Helper()
				status, body := mia.get(path)
				if status != http.StatusOK {
					t.Fatalf("%s: %d %.200s", path, status, body)
				}
				check(t, os.WriteFile(filepath.Join(dir, name), body, 0o644))
			}
			for _, name := range []string{"logo.png", "brand.pdf"} {
				keep("files/"+name, mia.downloadURL(at, name))
			}
			if !eventually(func() bool {
				mia.open(at)
				n, err := mia.named("link", "Certificate of approval").Count()
				return err == nil && n > 0
			}) {
				t.Fatal("no certificate is issued")
			}
			mia.click("link", "Certificate of approval")
			mia.sees("Verify it without us")
			mia.fits()
			mia.shot(mia.shotName("story-certificate"))
			text, err := mia.named("link", "Text to verify").GetAttribute("href")
			mia.must("the certificate's address", err)
			keep("certificate.txt", text)
			keep("keys.pem", "/.well-known/portico-signing-keys")
			if ok, says := verifies(t, dir); !ok {
				t.Fatalf("the certificate doesn't verify: %s", says)
			}
			for _, name := range []string{"certificate.txt", "files/logo.png"} {
				path := filepath.Join(dir, name)
				good, err := os.ReadFile(path)
				check(t, err)
				bad := bytes.Clone(good)
				bad[len(bad)/2] ^= 1
				check(t, os.WriteFile(path, bad, 0o644))
				if ok, says := verifies(t, dir); ok {
					t.Errorf("with another byte in %s it still verifies: %s", name, says)
				}
				check(t, os.WriteFile(path, good, 0o644))
			}
		})
	}
}

// downloadURL is the address that downloads a file of a deliverable, whether or not the page
// offers it.
func (v *visitor) downloadURL(at, name string) string {
	v.t.Helper()
	to, err := url.Parse(v.fileURL(at, name, ""))
	v.must("read the address", err)
	workspace, _, _ := strings.Cut(at, "/deliverables/")
	return fmt.Sprintf("%s/files/%s", workspace, to.Query().Get("file"))
}
