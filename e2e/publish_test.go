package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// made sends a form and returns the path of what it made.
func (v *visitor) made(path string, form url.Values) string {
	v.t.Helper()
	res, err := v.context.Request().Post(world.stack.URL()+path, playwright.APIRequestContextPostOptions{
		Headers: map[string]string{"Origin": world.stack.URL(), "Content-Type": "application/x-www-form-urlencoded"},
		Data:    form.Encode(), MaxRedirects: playwright.Int(0),
	})
	v.must("post to "+path, err)
	at, _, _ := strings.Cut(res.Headers()["location"], "?")
	if res.Status() != 303 || at == "" {
		v.t.Fatalf("%s answers %d and leads to %q", path, res.Status(), at)
	}
	return at
}

// newDraft makes a deliverable in a project and opens it. It returns its path.
func (v *visitor) newDraft(project, title string) string {
	v.t.Helper()
	at := v.made(project+"/deliverables", url.Values{"title": {title}})
	v.open(at)
	return at
}

// chooseFiles adds text files to the draft that is open.
func (v *visitor) chooseFiles(names ...string) {
	v.t.Helper()
	var files []playwright.InputFile
	for _, name := range names {
		files = append(files, playwright.InputFile{Name: name, MimeType: "text/plain", Buffer: []byte("the text of " + name)})
	}
	v.must("choose files", v.page.Locator("#files-input").SetInputFiles(files))
}

// arrived waits until the page lists a file that is here.
func (v *visitor) arrived(name string) {
	v.t.Helper()
	v.must("see "+name+" here", v.page.GetByLabel("Download "+name).First().WaitFor())
}

const parts = "**/uploads/*/parts/*"

// gate holds the uploads of a browser.
type gate struct {
	open chan struct{}
	held chan struct{} // one for each part that is held
}

// hold holds every part that the page sends, until the gate is opened.
func (v *visitor) hold() *gate {
	v.t.Helper()
	g := &gate{make(chan struct{}), make(chan struct{}, 100)}
	v.must("hold uploads", v.page.Route(parts, func(r playwright.Route) {
		g.held <- struct{}{}
		go func() {
			<-g.open
			_ = r.Continue() // the page may be gone
		}()
	}))
	return g
}

// holdsPart waits until the gate holds a part.
func (v *visitor) holdsPart(g *gate) {
	v.t.Helper()
	select {
	case <-g.held:
	case <-time.After(time.Minute): // else the whole package would wait
		v.t.Fatal("no part of an upload came")
	}
}

// refuseParts answers the next parts with a status, as often as n says.
func (v *visitor) refuseParts(status, n int) {
	v.t.Helper()
	v.must("refuse uploads", v.page.Route(parts, func(r playwright.Route) {
		_ = r.Fulfill(playwright.RouteFulfillOptions{Status: playwright.Int(status), Body: `{"message": "Not now."}`,
			Headers: map[string]string{"Content-Type": "application/json", "Retry-After": "3600"}})
	}, n))
}

// publishes presses Publish in the page and in its dialog.
func (v *visitor) publishes() {
	v.t.Helper()
	v.click("button", "Publish version 1")
	v.confirmPublish()
}

// isDraft checks that the deliverable is not published, for whoever opens it now.
func (v *visitor) isDraft(at string) {
	v.t.Helper()
	v.open(at)
	if n, err := v.named("button", "Publish version 1").Count(); err != nil || n == 0 {
		v.t.Errorf("it is published already, %v", err)
	}
}

// A file that is chosen before the page's script runs is uploaded when it does.
func TestFileChosenEarlyIsUploaded(t *testing.T) {
	t.Parallel()
	dana := signedInByMail(t, "dana@northwind.test")
	at := dana.newDraft(dana.made("/w/acme/projects", url.Values{"name": {"Chosen early"}}), "Early")
	dana.must("hold the script", dana.page.Route("**/static/app.*.js", func(r playwright.Route) {
		go func() {
			dana.chooseFiles("early.txt")
			_ = r.Continue()
		}()
	}, 1))
	dana.open(at)
	dana.arrived("early.txt")
}

// Publishing waits for the uploads of its page, and names what is not here. Nobody
// publishes half of a version without knowing it.
func TestPublishWaitsForUploads(t *testing.T) {
	t.Parallel()
	dana, ravi := signedInByMail(t, "dana@northwind.test"), signedInByMail(t, "ravi@northwind.test")
	project := dana.made("/w/acme/projects", url.Values{"name": {"Publishing waits"}})
	dana.page.OnDialog(func(d playwright.Dialog) { _ = d.Accept() }) // leave the page during an upload
	for what, check := range map[string]func(*testing.T, *gate, string){
		"one file": func(_ *testing.T, g *gate, _ string) {
			dana.chooseFiles("coming.txt")
			dana.holdsPart(g)
			dana.publishes()
			dana.sees("coming.txt to finish uploading")
			close(g.open)
			dana.sees("Published.")
			dana.arrived("coming.txt")
		},
		"two files": func(_ *testing.T, g *gate, _ string) {
			dana.chooseFiles("coming.txt", "another.txt")
			dana.holdsPart(g)
			dana.holdsPart(g)
			dana.publishes()
			dana.sees("coming.txt, another.txt to finish uploading")
			close(g.open)
			dana.sees("Published.")
			dana.arrived("coming.txt")
			dana.arrived("another.txt")
		},
		"one that failed is left out": func(_ *testing.T, _ *gate, _ string) {
			dana.refuseParts(403, 1)
			dana.chooseFiles("coming.txt")
			dana.sees("Not now.")
			dana.publishes()
			dana.sees("Not published: a file hasn't finished uploading.")
			dana.click("button", "Publish without this file")
			dana.sees("Published.")
			dana.arrived("first.txt")
			dana.gone("coming.txt")
		},
		"one that is tried again": func(_ *testing.T, g *gate, _ string) {
			dana.refuseParts(429, 1)
			dana.chooseFiles("coming.txt")
			dana.must("tries again", dana.page.Locator("[data-state=retrying]").WaitFor())
			dana.publishes()
			dana.sees("coming.txt to finish uploading")
			_, err := dana.page.Evaluate(`dispatchEvent(new Event("online"))`)
			dana.must("online", err)
			dana.holdsPart(g)
			close(g.open)
			dana.sees("Published.")
			dana.arrived("coming.txt")
		},
		"a reload in the middle": func(_ *testing.T, g *gate, _ string) {
			dana.chooseFiles("coming.txt")
			dana.holdsPart(g)
			_, err := dana.page.Reload()
			dana.must("reload", err)
			dana.click("button", "Publish version 1")
			dana.sees("hasn't finished uploading")
			dana.click("button", "Publish without this file")
			dana.sees("Published.")
			dana.gone("coming.txt")
			close(g.open)
		},
		"the dialog is closed": func(_ *testing.T, g *gate, at string) {
			dana.chooseFiles("coming.txt")
			dana.holdsPart(g)
			dana.publishes()
			dana.sees("coming.txt to finish uploading")
			dana.click("button", "Not yet")
			close(g.open)
			dana.arrived("coming.txt")
			dana.isDraft(at)
		},
		"another person's file": func(_ *testing.T, g *gate, at string) {
			theirs := ravi.hold()
			ravi.open(at)
			ravi.chooseFiles("coming.txt")
			ravi.holdsPart(theirs)
			dana.publishes()
			dana.sees("Not published: a file hasn't finished uploading.")
			dana.sees("coming.txt")
			dana.click("button", "Publish without this file")
			dana.sees("Published.")
			dana.gone("coming.txt")
			close(theirs.open)
			ravi.must("is told", ravi.page.Locator("[data-state=failed]").WaitFor())
			close(g.open)
		},
	} {
		t.Run(what, func(t *testing.T) {
			dana.t, ravi.t = t, t
			at := dana.newDraft(project, "Waits: "+what)
			dana.chooseFiles("first.txt")
			dana.arrived("first.txt")
			g := dana.hold()
			check(t, g, at)
			dana.must("let uploads go", dana.page.Unroute(parts))
		})
	}
	dana.t, ravi.t = t, t
}
