package e2e

import (
	"bytes"
	"compress/gzip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"portico/e2e/browser"
)

// notPages are the GET routes that are no pages, each with its reason.
var notPages = map[string]string{
	"/auth/{provider}":                  "leads to the provider",
	"/auth/{provider}/callback":         "leads on",
	"/brand/{stylesheet}":               "is a stylesheet",
	"/logo/{logo}":                      "is a picture",
	"/handover":                         "leads on",
	"/handover/{token}":                 "leads on",
	"/w/{tenant}/again":                 "leads on",
	"/w/{tenant}/support/ledger.csv":    "is a table to download",
	"/w/{tenant}/settings/billing":      "exists with BILLING=stripe only; its sample is looked at in package views",
	"/w/{tenant}/activity.csv":          "is a table to download",
	"/w/{tenant}/activity.jsonl":        "is a table to download",
	"/w/{tenant}/activity.zip":          "is an archive to download",
	"/w/{tenant}/activity/{id}/proof":   "is a proof to download",
	"/w/{tenant}/usage.csv":             "is a table to download",
	"/w/{tenant}/files/{id}":            "is a file",
	"/w/{tenant}/uploads/{id}":          "is for programs",
	"/w/{tenant}/{stylesheet}":          "is a stylesheet",
	"/w/{tenant}/files/{id}/inline":     "is a file",
	"/w/{tenant}/files/{id}/preview":    "is a picture",
	"/.well-known/portico-signing-keys": "is a list of keys",

	"/w/{tenant}/deliverables/{id}/versions/{number}/certificate":     "exists once somebody decided; its sample is looked at in package views",
	"/w/{tenant}/deliverables/{id}/versions/{number}/certificate.txt": "is a file",
	"/w/{tenant}/deliverables/{id}/versions/{number}/certificate.pdf": "is a file",

	"/w/{tenant}/deliverables/{id}/versions/{number}/notes.csv":    "is a table to download",
	"/w/{tenant}/deliverables/{id}/versions/{number}/notes.pdf":    "is a file",
	"/w/{tenant}/deliverables/{id}/versions/{number}/notes.edl":    "is a file",
	"/w/{tenant}/deliverables/{id}/versions/{number}/notes.fcpxml": "is a file",

	"/w/{tenant}/files/{id}/drawing":   "is a picture",
	"/w/{tenant}/files/{id}/pages/{n}": "is a picture",
	"/w/{tenant}/files/{id}/poster":    "is a picture",
	"/w/{tenant}/files/{id}/playable":  "is a file",
	"/w/{tenant}/files/{id}/text":      "is a file, for a frame",

	"/w/{tenant}/files/{id}/inline/{name}": "is a file",

	"/w/{tenant}/versions/{id}/files.zip": "is an archive",
}

// routesToWalk returns the paths of all pages from the reviewed route table.
func routesToWalk(t *testing.T) (paths []string) {
	t.Helper()
	table, err := os.ReadFile("../handlers/testdata/routes.txt")
	check(t, err)
	for line := range strings.SplitSeq(string(table), "\n") {
		if rest, ok := strings.CutPrefix(line, "GET "); ok {
			if path := strings.Fields(rest)[0]; notPages[path] == "" && !strings.HasPrefix(path, "/api/v1/") { // for programs
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// walk visits all pages as several people and records which pages were seen.
type walk struct {
	*scriptedTenants
	routes []string
	login  string // a mailed link's path
	// settings are those in which each page is checked for accessibility.
	settings []browser.Setting

	mu    sync.Mutex
	seen  map[string]bool
	pages int            // that contain the payload
	sizes map[string]int // stylesheets and scripts by path, compressed
	// largest is the size of the largest page with its assets, compressed.
	largest int
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// pathOf fills the parameters of a route's path.
func (w *walk) pathOf(t *testing.T, route string) string {
	t.Helper()
	switch route {
	case "/login/{token}":
		return w.login
	case "/invites/{token}":
		return w.invite
	}
	tenant := w.client
	if strings.HasPrefix(route, "/w/{tenant}/clients") {
		tenant = w.agency
	}
	path := strings.NewReplacer("{tenant}", tenant, "/{$}", "/").Replace(route)
	if before, _, found := strings.Cut(path, "/{id}"); found {
		path = strings.Replace(path, "{id}", w.ids[before[strings.LastIndex(before, "/")+1:]], 1)
	}
	if placeholder.MatchString(path) || strings.Contains(path, "//") {
		t.Fatalf("%s is not visited: fill its parameters (pathOf) and create a target (createScriptedTenants) in e2e/walk_test.go, or say why it is no page (notPages)", route)
	}
	return path
}

// Case 63: in an agency and a client in which every name, text, brand and file is a
// script, people visit every page of the route table. No script runs and no browser
// reports a problem. The walk also checks each page's size. A long test checks their
// accessibility too; package views checks that of each page's samples.
func TestScriptsInTextsNeverRun(t *testing.T) {
	t.Parallel()
	walkEverywhere(t)
}

// walkEverywhere checks each page for accessibility in the settings.
func walkEverywhere(t *testing.T, settings ...browser.Setting) {
	t.Helper()
	w := &walk{scriptedTenants: createScriptedTenants(t), routes: routesToWalk(t), settings: settings, seen: map[string]bool{}, sizes: map[string]int{}}
	owner := signedInByMail(t, w.people["agency's owner"])
	w.publish(owner)
	owner.made("/w/"+w.client+"/deliverables/"+w.ids["deliverables"]+"/versions", nil) // to compare with
	t.Run("walks", func(t *testing.T) {
		stranger := w.requestLink(t)
		t.Run("stranger", func(t *testing.T) {
			t.Parallel()
			stranger.t = t
			w.everyPage(stranger, "a stranger", platform)
		})
		// The others see less of the same.
		for _, who := range []string{"agency's owner", "client", "agent"} {
			t.Run(who, func(t *testing.T) {
				t.Parallel()
				v := signedInByMail(t, w.people[who])
				if who != "agent" {
					w.everyPage(v, who, func(string) bool { return true })
					return
				}
				w.enter(v)
				w.everyPage(v, "support", func(string) bool { return true })
			})
		}
	})
	for _, route := range w.routes {
		if !w.seen[route] {
			t.Errorf("GET %s was shown to nobody: make it look at something in e2e/walk_test.go", route)
		}
	}
	t.Logf("the heaviest page weighs %d bytes compressed, with its stylesheets and scripts", w.largest)
	if w.pages < 30 {
		t.Errorf("the script stands in %d pages only: the walk proves little", w.pages)
	}
}

// requestLink requests a sign-in link that stays unused.
func (w *walk) requestLink(t *testing.T) *visitor {
	t.Helper()
	v := newVisitor(t)
	defer lockMailbox(w.people["viewer"])()
	since := time.Now()
	v.fill("Your email address", w.people["viewer"])
	v.click("button", "Send me a sign-in link")
	w.login = pathIn(t, mailed(t, w.people["viewer"], since, signInMail), "/login/")
	return v
}

// enter starts a support session whose reason is the payload and opens the page for
// write access.
func (w *walk) enter(agent *visitor) {
	agent.t.Helper()
	agent.open("/support?q=" + url.QueryEscape(w.client))
	agent.click("link", "Start a session")
	agent.stepUp(w.people["agent"])
	agent.fill("Reason", xssPayload)
	agent.fill("Ticket", "T-1<img src=x onerror=ran=1>")
	agent.click("button", "Choose a person")
	agent.click("button", "Start the session")
	agent.sees("is viewing")
	agent.open("/support/write")
	agent.stepUp(w.people["agent"])
	agent.sees("Make changes as")
}

func (w *walk) everyPage(v *visitor, who string, of func(route string) bool) {
	t := v.t
	t.Helper()
	v.context.WithoutTrace(t)
	v.page.OnDialog(func(d playwright.Dialog) {
		t.Errorf("%s at %s: a dialog: %s", who, v.page.URL(), d.Message())
		_ = d.Dismiss()
	})
	for _, route := range w.routes {
		if !of(route) {
			continue
		}
		path := w.pathOf(t, route)
		res, err := v.page.Goto(world.stack.URL() + path)
		v.must(who+" opens "+path, err)
		said, err := v.page.Evaluate(`[window.ran ?? 0, document.documentElement.outerHTML.includes("onerror=ran=1") ? 1 : 0]`)
		v.must("ask the page", err)
		if ran := said.([]any); ran[0] != 0 {
			t.Errorf("%s at %s: the script ran", who, path)
		} else if res.Status() >= 500 {
			t.Errorf("%s at %s: %d", who, path, res.Status())
		} else if shown := res.Status() == 200 && !strings.Contains(v.path(), "/login?"); w.note(route, shown, ran[1] == 1) {
			w.checkSize(v, res)
			if len(w.settings) == 0 {
				continue
			}
			found, err := browser.Axe(v.page, w.settings...)
			v.must("look at "+path, err)
			for _, f := range found {
				t.Errorf("%s at %s, %v", who, path, f)
			}
		}
	}
}

// maxPageSize limits a page's HTML, styles and scripts together, compressed, in bytes.
const maxPageSize = 100_000

// checkSize checks the compressed size of a page with its assets.
func (w *walk) checkSize(v *visitor, page playwright.Response) {
	v.t.Helper()
	html, err := page.Body()
	v.must("weigh the page", err)
	said, err := v.page.Evaluate(`performance.getEntriesByType("resource").map(r => new URL(r.name).pathname).filter(p => /\.(css|js)$/.test(p))`)
	v.must("ask what it fetched", err)
	all, parts := compressed(v.t, html), said.([]any)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range parts {
		path := part.(string)
		if w.sizes[path] == 0 {
			res, err := v.context.Request().Get(world.stack.URL() + path)
			v.must("fetch "+path, err)
			body, err := res.Body()
			v.must("fetch "+path, err)
			w.sizes[path] = compressed(v.t, body)
		}
		all += w.sizes[path]
	}
	w.largest = max(w.largest, all)
	if all > maxPageSize || len(parts) < 2 {
		v.t.Errorf("%s weighs %d bytes with its %d stylesheets and scripts, want at most %d and both", v.path(), all, len(parts), maxPageSize)
	}
}

func compressed(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	to := gzip.NewWriter(&out)
	_, err := to.Write(b)
	check(t, err)
	check(t, to.Close())
	return out.Len()
}

// platform reports whether a route belongs to no tenant.
func platform(route string) bool { return !strings.HasPrefix(route, "/w/") }

// note records that a page was seen and reports whether it is the first time.
func (w *walk) note(route string, seen, hasPayload bool) (first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first = seen && !w.seen[route]
	w.seen[route] = w.seen[route] || seen
	if hasPayload {
		w.pages++
	}
	return first
}
