package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// folderOf writes files into a new folder named press and returns its path.
func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "press")
	for name, content := range files {
		path := filepath.Join(root, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, content, 0o644))
	}
	return root
}

// drop drops files and folders on the page, once its script takes them. Without it the
// browser would open them.
func (v *visitor) drop(paths ...string) {
	v.t.Helper()
	v.must("take what is dropped", v.page.Locator(".drop[data-live]").WaitFor())
	session, err := v.page.Context().NewCDPSession(v.page)
	v.must("talk to the browser", err)
	for _, step := range []string{"dragEnter", "dragOver", "drop"} {
		_, err := session.Send("Input.dispatchDragEvent", map[string]any{
			"type": step, "x": 600, "y": 400,
			"data": map[string]any{"items": []any{}, "files": paths, "dragOperationsMask": 1},
		})
		v.must(step, err)
	}
}

// swipeAt moves a finger sideways over an element.
func (v *visitor) swipeAt(element string, from, to int) {
	v.t.Helper()
	session, err := v.page.Context().NewCDPSession(v.page)
	v.must("talk to the browser", err)
	box, err := v.page.Locator(element).BoundingBox()
	v.must("find "+element, err)
	y := int(box.Y + box.Height/2)
	for _, step := range []struct {
		kind string
		x    int
	}{{"touchStart", from}, {"touchMove", (from + to) / 2}, {"touchMove", to}, {"touchEnd", to}} {
		points := []any{map[string]any{"x": step.x, "y": y}}
		if step.kind == "touchEnd" {
			points = []any{}
		}
		_, err := session.Send("Input.dispatchTouchEvent", map[string]any{"type": step.kind, "touchPoints": points})
		v.must(step.kind, err)
	}
}

// shows waits until a file is shown large.
func (v *visitor) shows(name string) {
	v.t.Helper()
	v.must("see "+name, v.page.Locator(".stage-name[title='"+name+"']").WaitFor())
}

// plays waits until the browser has read a player's file.
func (v *visitor) plays(player string) {
	v.t.Helper()
	plays, err := v.page.Locator(player).Evaluate(
		`p => new Promise((done) => { const tell = () => done(p.duration > 0); p.addEventListener("loadedmetadata", tell); p.addEventListener("error", tell); if (p.readyState || p.error) tell(); })`, nil)
	if err != nil || plays != true {
		v.t.Errorf("the %s plays: %v, %v", player, plays, err)
	}
}

// Dana drops a folder on a draft. Its files arrive with their paths, and nothing else does.
// She and the client page through them with keys and by swiping, each shown as the browser
// can. An empty folder is refused with a reason.
func TestDroppedFolderIsPagedThrough(t *testing.T) {
	t.Parallel()
	mov, err := os.ReadFile("testdata/clip.mov")
	check(t, err)
	m4v, err := os.ReadFile("testdata/clip.m4v")
	check(t, err)
	folder := folderOf(t, map[string][]byte{
		"cover.png": picture(t), "film/clip.m4v": m4v, "film/clip.mov": mov, "words/de/text.css": []byte("body { color: red }"),
		".DS_Store": []byte("litter"), "film/Thumbs.db": []byte("litter"),
	})
	empty := filepath.Join(t.TempDir(), "nothing in it")
	check(t, os.MkdirAll(empty, 0o755))

	dana := signedInByMail(t, "dana@northwind.test")
	dana.open("/w/acme/projects")
	dana.click("link", "New project")
	dana.fill("Name", "Press folder")
	dana.click("button", "Create project")
	dana.sees("Project created.")
	dana.click("link", "New deliverable")
	dana.fill("Title", "Press kit")
	dana.click("button", "Create deliverable")
	dana.sees("Deliverable created.")
	dana.drop(empty)
	dana.sees("There are no files in it. Nothing was uploaded.")
	dana.drop(folder)
	for _, name := range []string{"cover.png", "clip.m4v", "clip.mov", "text.css"} {
		dana.must("uploaded "+name, dana.page.GetByLabel("Download "+name).First().WaitFor())
	}
	dana.sees("4 files")
	dana.click("button", "Publish version 1")
	dana.confirmPublish()
	dana.sees("Published.")
	at := dana.path()
	names, err := dana.page.Locator("[data-kind=files] .row-link").AllTextContents()
	if err != nil || len(names) != 4 {
		t.Fatal(names, err)
	}
	dana.click("link", names[0])
	for i, name := range names {
		if i > 0 {
			dana.must("right", dana.page.Keyboard().Press("ArrowRight"))
		}
		dana.shows(name)
		if filepath.Ext(name) == ".mov" || filepath.Ext(name) == ".m4v" {
			dana.plays("video")
		}
	}
	dana.must("left", dana.page.Keyboard().Press("ArrowLeft"))
	dana.shows(names[2])

	mia := signedInByMail(t, "mia@acme.test", playwright.BrowserNewContextOptions{Viewport: &browser.Narrow, HasTouch: playwright.Bool(true)})
	mia.open(at)
	mia.click("link", names[1])
	mia.shows(names[1])
	mia.must("the stage", mia.page.Locator("[data-stage]").ScrollIntoViewIfNeeded())
	mia.swipeAt(".stage figcaption", 80, 300)
	mia.shows(names[0])
	mia.swipeAt(".stage figcaption", 300, 80)
	mia.shows(names[1])
}
