package views_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"portico/static"
	"portico/views"
	"portico/views/ui"
)

// render returns a sample's page as bytes and as a parsed document.
func render(t *testing.T, s sample) ([]byte, *goquery.Document) {
	t.Helper()
	var b bytes.Buffer
	if err := s.page.Render(context.Background(), &b); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return b.Bytes(), doc
}

// every runs a check on every sample page.
func every(t *testing.T, check func(t *testing.T, body []byte, doc *goquery.Document)) {
	t.Parallel()
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			body, doc := render(t, s)
			check(t, body, doc)
		})
	}
}

// The content security policy forbids inline code, so no page has an inline style, script or event handler.
func TestNothingInline(t *testing.T) {
	every(t, func(t *testing.T, _ []byte, doc *goquery.Document) {
		doc.Find("*").Each(func(_ int, e *goquery.Selection) {
			for _, a := range e.Nodes[0].Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				switch {
				case a.Key == "style", strings.HasPrefix(a.Key, "on"):
					t.Errorf("<%s> has the attribute %s", e.Nodes[0].Data, a.Key)
				case strings.HasPrefix(value, "javascript:") && a.Key != "value":
					t.Errorf("<%s %s> runs a script", e.Nodes[0].Data, a.Key)
				}
			}
		})
		if n := doc.Find("style").Length(); n > 0 {
			t.Errorf("%d <style>", n)
		}
		doc.Find("script").Each(func(_ int, e *goquery.Selection) {
			if src, _ := e.Attr("src"); !strings.HasPrefix(src, "/static/") || strings.TrimSpace(e.Text()) != "" {
				t.Errorf("a script that is not ours: %q", src)
			}
		})
	})
}

// Typed names stay text: hostile ones never become elements.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	met := 0
	for _, s := range samples() {
		body, doc := render(t, s)
		if bytes.Contains(body, []byte("<script>alert")) || doc.Find(`img[src="x"]`).Length() > 0 {
			t.Errorf("%s: markup from a name", s.name)
		}
		if bytes.Contains(body, []byte("&lt;script&gt;alert(1)")) {
			met++
		}
	}
	if met < 3 {
		t.Errorf("only %d pages showed the hostile name, so this proves nothing", met)
	}
}

// Screen readers navigate by headings: each page has one h1 and skips no level.
func TestHeadings(t *testing.T) {
	every(t, func(t *testing.T, _ []byte, doc *goquery.Document) {
		if n := doc.Find("h1").Length(); n != 1 {
			t.Errorf("%d h1", n)
		}
		level := 0
		doc.Find("h1, h2, h3, h4").Each(func(_ int, e *goquery.Selection) {
			now := int(e.Nodes[0].Data[1] - '0')
			if now > level+1 {
				t.Errorf("h%d %q follows h%d", now, e.Text(), level)
			}
			level = now
		})
		if doc.Find("title").Text() == "" || doc.Find("html").AttrOr("lang", "") == "" || doc.Find("main#main").Length() != 1 {
			t.Error("title, language or main is missing")
		}
	})
}

// Every field has a label, every button has a name, and every id is unique.
func TestLabels(t *testing.T) {
	every(t, func(t *testing.T, _ []byte, doc *goquery.Document) {
		doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, e *goquery.Selection) {
			id := e.AttrOr("id", "")
			if id == "" || doc.Find(`label[for="`+id+`"]`).Length() != 1 {
				t.Errorf("field %q has no label", e.AttrOr("name", ""))
			}
		})
		doc.Find("button, a").Each(func(_ int, e *goquery.Selection) {
			if strings.TrimSpace(e.Text()) == "" && e.AttrOr("aria-label", "") == "" {
				src, _ := goquery.OuterHtml(e)
				if e.Find("img[alt]").Length() == 0 {
					t.Errorf("no name: %s", src)
				}
			}
		})
		seen := map[string]bool{}
		doc.Find("[id]").Each(func(_ int, e *goquery.Selection) {
			if id := e.AttrOr("id", ""); seen[id] {
				t.Errorf("id %q twice", id)
			} else {
				seen[id] = true
			}
		})
		for _, attr := range []string{"for", "commandfor", "popovertarget", "aria-labelledby"} {
			doc.Find("[" + attr + "]").Each(func(_ int, e *goquery.Selection) {
				if to := e.AttrOr(attr, ""); !seen[to] {
					t.Errorf("%s points to %q, which is not there", attr, to)
				}
			})
		}
	})
}

// Forms that change data use POST, searches use GET, and all lead to our own pages.
func TestForms(t *testing.T) {
	every(t, func(t *testing.T, _ []byte, doc *goquery.Document) {
		doc.Find("form").Each(func(_ int, e *goquery.Selection) {
			method, action := e.AttrOr("method", ""), e.AttrOr("action", "")
			if method != "post" && e.AttrOr("role", "") != "search" {
				t.Errorf("form to %q by %q", action, method)
			}
			if !strings.HasPrefix(action, "/") && e.Find("button").Length() > 0 && !strings.Contains(t.Name(), "minimal") {
				t.Errorf("form to %q", action)
			}
		})
	})
}

// The HTML, styles and scripts of a page stay under 100 kB compressed, so that it loads quickly on a slow connection.
func TestPagesStayUnder100kB(t *testing.T) {
	t.Parallel()
	fixed := 0
	for _, name := range []string{"app.css", "app.js", "notes.js", "upload.js", "icons.svg"} {
		fixed += squeezed(t, asset(t, name))
	}
	if fixed > 33_000 {
		t.Errorf("styles, scripts and icons take %d bytes", fixed)
	}
	for _, s := range samples() {
		body, _ := render(t, s)
		if n := fixed + squeezed(t, body); n > 100_000 {
			t.Errorf("%s takes %d bytes", s.name, n)
		}
	}
}

func asset(t *testing.T, name string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, static.Path(name), nil))
	return w.Body.Bytes()
}

func squeezed(t *testing.T, body []byte) int {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// Every icon that a page uses is in the sprite; a missing one would show as an empty square.
func TestIcons(t *testing.T) {
	t.Parallel()
	sprite := string(asset(t, "icons.svg"))
	for _, s := range samples() {
		_, doc := render(t, s)
		doc.Find("use").Each(func(_ int, e *goquery.Selection) {
			_, name, _ := strings.Cut(e.AttrOr("href", ""), "#")
			if !strings.Contains(sprite, `id="`+name+`"`) {
				t.Errorf("%s: no icon %q", s.name, name)
			}
		})
	}
}

// A client's page has no link to and no word of team-only data, because its props hold none.
func TestClientSeesNoDraft(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		if !strings.HasPrefix(s.name, "work-client") && !strings.HasPrefix(s.name, "portal") {
			continue
		}
		body, _ := render(t, s)
		for _, word := range []string{"Draft", "Team only", "in the making", "Publish", "/bin"} {
			if bytes.Contains(body, []byte(word)) {
				t.Errorf("%s says %q", s.name, word)
			}
		}
	}
	// Positive twin: staff do see them, so the test looks for the right words.
	body, _ := render(t, sample{"", views.DeliverableShow(staff(), draftProps())})
	for _, word := range []string{"Draft", "Publish", "/bin"} {
		if !bytes.Contains(body, []byte(word)) {
			t.Errorf("staff do not see %q", word)
		}
	}
}

// The support bar is the first element on every page of a session, and has Stop.
func TestSupportBar(t *testing.T) {
	t.Parallel()
	for _, c := range []views.Chrome{inSupport(client()), inSupport(staff())} {
		_, doc := render(t, sample{"", views.ProjectList(c, views.ProjectListProps{})})
		bar := doc.Find(".support-bar")
		text := strings.Join(strings.Fields(bar.Text()), " ")
		for _, want := range []string{"Sam (support) is viewing Acme as Mia Chen, read-only", "TICKET-123", "41 min left", "Stop"} {
			if !strings.Contains(text, want) {
				t.Errorf("the bar does not say %q but %q", want, text)
			}
		}
		if bar.Find(`form[method=post][action="/support/stop"]`).Length() != 1 {
			t.Error("the bar cannot stop the session")
		}
		if first := doc.Find("body > *:not(.skip)").First(); !first.HasClass("support-bar") {
			t.Error("something stands above the bar")
		}
	}
}

// A refusal doesn't reveal the tenant: two 404 pages differ only by request id.
func TestNotFoundPagesRevealNoTenant(t *testing.T) {
	t.Parallel()
	one, _ := render(t, sample{"", views.Error(views.ErrorProps{Status: 404, RequestID: "AAAA"}, nil)})
	two, _ := render(t, sample{"", views.Error(views.ErrorProps{Status: 404, RequestID: "BBBB"}, nil)})
	if !bytes.Equal(bytes.ReplaceAll(one, []byte("AAAA"), []byte("BBBB")), two) {
		t.Error("they differ by more than the request id")
	}
	if bytes.Contains(one, []byte("/w/")) {
		t.Error("it wears a tenant's chrome")
	}
}

// On a tenant's own host, paths start at the root, and the account is on the platform's host.
func TestHostMode(t *testing.T) {
	t.Parallel()
	c := client()
	c.Base, c.Platform = "", "https://portico.example"
	c.Workspace.BrandURL = c.Base.BrandStylesheet("abc")
	body, doc := render(t, sample{"", views.ProjectList(c, views.ProjectListProps{})})
	if bytes.Contains(body, []byte("/w/")) {
		t.Error("a path of the other mode")
	}
	for _, href := range []string{"/projects", "/", "https://portico.example/account"} {
		if doc.Find(`a[href="`+href+`"]`).Length() == 0 {
			t.Errorf("no link to %s", href)
		}
	}
}

// A refused form keeps its values and shows each error at the top and at its field.
func TestFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	form := views.ProjectForm{Name: "", Summary: "Kept.", Due: "2026-02-31", Visible: true, Errors: ui.Errors{"name": "Give the project a name."}}
	_, doc := render(t, sample{"", views.ProjectEdit(staff(), views.ProjectFormProps{Form: form})})
	if doc.Find("#summary").Text() != "Kept." || doc.Find("#due").AttrOr("value", "") != "2026-02-31" {
		t.Error("what was typed is gone")
	}
	if _, ticked := doc.Find("#visible").Attr("checked"); !ticked {
		t.Error("the tick is gone")
	}
	if doc.Find(`[role=alert] a[href="#name"]`).Text() != "Give the project a name." {
		t.Error("the summary does not lead to the field")
	}
	name := doc.Find("#name")
	if name.AttrOr("aria-invalid", "") != "true" || doc.Find("#"+name.AttrOr("aria-describedby", "x")).Length() != 1 {
		t.Error("the field does not know its mistake")
	}
}

// Without scripts, a move names the row to place it after, so that a stale page can't scramble the order. It carries the
// state that its place was read in.
func TestMoveSaysWhereTo(t *testing.T) {
	t.Parallel()
	rows := []views.ProjectRow{{ID: "a", Name: "A", URL: "/", Placed: "x"}, {ID: "b", Name: "B", URL: "/"}, {ID: "c", Name: "C", URL: "/"}}
	_, doc := render(t, sample{"", views.ProjectList(staff(), views.ProjectListProps{Projects: rows, CanReorder: true, Ordering: true})})
	for id, want := range map[string][4]string{"a": {"", "b", "", "c"}, "b": {"", "c", "", "c"}, "c": {"a", "", "", "c"}} {
		buttons := doc.Find(`form[action="/w/acme/projects/` + id + `/move"] button[name=after]`)
		for i, to := range want {
			if got := buttons.Eq(i).AttrOr("value", "none"); got != to {
				t.Errorf("%s: the button %q places it after %q, want %q", id, buttons.Eq(i).Text(), got, to)
			}
		}
	}
	if got := doc.Find(`form[action="/w/acme/projects/a/move"] input[name=seen]`).AttrOr("value", ""); got != "x" {
		t.Errorf("the move carries the state %q", got)
	}
	if n := doc.Find("button[name=after][disabled]").Length(); n != 4 {
		t.Errorf("%d buttons lead where their row is, want 4", n)
	}
	if doc.Find("[data-reorder], .without-script").Length() > 0 || doc.Find(`.order-link a[href="/w/acme/projects"]`).Length() != 1 {
		t.Error("the page is not the one without scripts, or has no way back")
	}
}

// With scripts, rows carry their id and state alone, and the page has their tools once. Without, a link leads to the forms.
func TestRowsCarryTheirPlaceAlone(t *testing.T) {
	t.Parallel()
	rows := []views.ProjectRow{{ID: "a", Name: "A", URL: "/a", Placed: "x"}, {ID: "b", Name: "B", URL: "/b", Placed: "never"}}
	_, doc := render(t, sample{"", views.ProjectList(staff(), views.ProjectListProps{Projects: rows, CanReorder: true})})
	list := doc.Find("[data-reorder]")
	for id, placed := range map[string]string{"a": "x", "b": "never"} {
		row := list.Find(`li[data-id="` + id + `"]`)
		if row.AttrOr("data-placed", "") != placed || row.Find("button, form, svg").Length() > 0 {
			t.Errorf("the row %s: %s", id, row.Text())
		}
	}
	if tools := list.Next(); !tools.Is("template") || tools.Find("button.grip").Length() != 1 || tools.Find(".menu [data-way]").Length() != 4 {
		t.Error("the script has no tools to build")
	}
	for pressed, focus := range map[views.Pressed]string{
		{Row: "a", Way: "down"}: "Move A down", {Row: "b", Way: "bottom"}: "Move B up", {Row: "b", Way: "up"}: "Move B up", {Row: "a", Way: "sideways"}: "", {Row: "c", Way: "up"}: "",
	} {
		_, doc := render(t, sample{"", views.ProjectList(staff(), views.ProjectListProps{Projects: rows, CanReorder: true, Ordering: true, Pressed: pressed})})
		if got := doc.Find(".moves [autofocus]").AttrOr("aria-label", ""); got != focus {
			t.Errorf("after %+v the focus is on %q, want %q", pressed, got, focus)
		}
	}
	if doc.Find(`.without-script a[href="/w/acme/projects?order=1"]`).Length() != 1 {
		t.Error("no way to change the order without scripts")
	}
	for what, p := range map[string]views.ProjectListProps{"a reader": {Projects: rows}, "one row": {Projects: rows[:1], CanReorder: true}} {
		if _, doc := render(t, sample{"", views.ProjectList(staff(), p)}); doc.Find(`a[href*="order=1"]`).Length() > 0 {
			t.Errorf("%s is led to change the order", what)
		}
	}
}

// The switcher's page has what the script shows in its dialog: the list, or a line for an empty one.
func TestSwitcherHasItsPiece(t *testing.T) {
	t.Parallel()
	_, doc := render(t, sample{"", views.Switcher(personFrame(), views.SwitcherProps{Workspaces: workspaces(), MoreURL: "/more"})})
	if n := doc.Find("[data-switch][data-more] a.switch-item").Length(); n != len(workspaces()) {
		t.Errorf("%d workspaces", n)
	}
	_, doc = render(t, sample{"", views.Switcher(personFrame(), views.SwitcherProps{Query: "zzz"})})
	if doc.Find("[data-switch][data-more]").Length() != 0 || doc.Find("p[data-switch]").Length() != 1 {
		t.Error("an empty list")
	}
}

// The account page says how a name is corrected in a workspace that somebody joined under another.
func TestAccountSaysWhereNamesAreKept(t *testing.T) {
	t.Parallel()
	_, doc := render(t, sample{"", views.Account(personFrame(), views.AccountProps{})})
	if hint := doc.Find("#name-hint").Text(); !strings.Contains(hint, "remove you and invite you again") {
		t.Errorf("the hint of the name says %q", hint)
	}
}
