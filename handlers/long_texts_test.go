package handlers_test

import (
	"cmp"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

var (
	limitedField = regexp.MustCompile(`<(?:input|textarea)[^>]*\bname="([^"]+)"[^>]*\bdata-most="(\d+)"`)
	limitInCode  = regexp.MustCompile(`(?s)Name:\s*(?:"(\w+)"|personField\("(\w+)", i\)),.{0,200}?MaxLength:\s*"(\d+)"`)
)

// unsentLimits are fields with a maximum that no form of a page sends, with the reason.
var unsentLimits = map[string]string{
	"passkey 60":  "a program sends it; store.TestPasskeys covers it",
	"words 500":   "TestOwnersReportASupportSession sends it",
	"address 254": "it is compared with the person's own address",
}

// longText is a text of that many characters that is wrong for nothing but its length.
func longText(field string, n int) string {
	switch {
	case strings.HasPrefix(field, "email"):
		domain := strings.Repeat("abcdefghi.", n)
		return "mia@" + domain[:n-len("mia@x.test")] + "x.test"
	case field == "host":
		return strings.Repeat("abcdefghi.", n)[:n-len("x.example")] + "x.example"
	case field == "slug":
		return strings.Repeat("s", n)
	}
	return strings.Repeat("ä", n)
}

// Every field with a maximum refuses one character more, says how many fit, and gives
// the whole text back. Nothing is cut.
func TestLongTextsAreNotCut(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	me := d.Member(t, d.Dana, d.Acme)
	project := storetest.Project(t, me, "Spring")
	deliverable := storetest.Deliverable(t, me, project, "Poster")
	storetest.File(t, me, storetest.Draft(t, me, deliverable), "one.txt")
	agency := "/w/" + d.Agency
	client := agency + "/clients/" + me.TenantID().String()
	nina := "nina@" + d.Suffix + ".test"
	_, invite := inviteAs(t, me, store.NewPerson{Name: "Nina", Email: nina, Party: store.PartyClient, Role: store.RoleViewer})
	dana, mia := d.steppedUp(t, d.Dana), d.as(t, d.Mia)
	want(t, "let them ask", mia.post(t, d.base+"/support/asking", url.Values{"asks": {"on"}}), 303)
	request := url.Values{"tenant": {d.Acme}, "code": {storetest.SupportCode(t, d.Acme)}, "reason": {"Why"}, "ticket": {"T"}, "hours": {"24"}, "mode": {"read"}}
	ask := d.sam.get(t, "/support?ask="+d.Acme)
	want(t, "ask", d.sam.post(t, "/support/asks", request), 303)
	asked := regexp.MustCompile(d.base + `/support/asks/[0-9a-f-]{36}`).FindString(mia.get(t, d.base+"/support").body)
	openRequest := mia.get(t, asked)
	d.letIn(t).prove(t)
	newcomer := d.nobody()
	newcomer.signIn(t, storetest.SignUp(t, "nora@"+d.Suffix+".test", store.SignUpOpen))
	titled, named := url.Values{"title": {"T"}}, url.Values{"name": {"N"}}
	tested := map[string]bool{}
	for _, c := range []struct {
		as     *browser
		page   answer
		action string
		form   url.Values
	}{
		{d.nobody(), d.nobody().get(t, "/login"), "/login", nil},
		{d.as(t, nina), d.as(t, nina).get(t, invite), invite, nil},
		{newcomer, newcomer.get(t, "/signup/agency"), "/signup/agency", url.Values{"name": {"N"}, "owner": {"O"}}},
		{mia, mia.get(t, "/account"), "/account/name", nil},
		{dana, dana.get(t, d.base+"/projects/new"), d.base + "/projects", named},
		{dana, dana.get(t, d.base+"/projects/"+project.String()+"/edit"), d.base + "/projects/" + project.String(), named},
		{dana, dana.get(t, d.base+"/projects/"+project.String()+"/deliverables/new"), d.base + "/projects/" + project.String() + "/deliverables", titled},
		{dana, dana.get(t, d.base+"/deliverables/"+deliverable.String()+"/edit"), d.base + "/deliverables/" + deliverable.String(), titled},
		{dana, dana.get(t, d.base+"/deliverables/"+deliverable.String()), d.base + "/deliverables/" + deliverable.String() + "/versions/1/publish", nil},
		{dana, dana.get(t, d.base+"/deliverables/"+deliverable.String()), d.base + "/deliverables/" + deliverable.String() + "/versions/1/notes", url.Values{"visibility": {"team"}}},
		{dana, dana.get(t, d.base+"/invites/new"), d.base + "/invites", invitation("new@"+d.Suffix+".test", "client", "viewer")},
		{dana, dana.get(t, d.base+"/settings"), d.base + "/settings", named},
		{dana, dana.get(t, d.base+"/settings/domains"), d.base + "/settings/domains", nil},
		{dana, dana.get(t, d.base+"/settings/keys"), d.base + "/settings/keys", url.Values{"scope_read": {"on"}, "days": {"30"}}},
		{dana, dana.get(t, agency+"/clients/new"), agency + "/clients", url.Values{"name": {"N"}, "plan": {"starter"}, "role_1": {"owner"}, "role_2": {"viewer"}, "role_3": {"viewer"}, "role_4": {"viewer"}}},
		{dana, dana.get(t, client), client, nil},
		{d.sam, ask, "/support/asks", request},
		{mia, openRequest, asked + "/deny", nil},
		{d.sam, d.sam.get(t, "/support?tenant="+d.Acme), "/support/sessions", d.form(d.Member(t, d.Mia, d.Acme).ID())},
	} {
		fields := limitedField.FindAllStringSubmatch(formIn(t, c.page, c.action), -1)
		if len(fields) == 0 {
			t.Errorf("the form to %s has no field with a maximum", c.action)
		}
		for _, field := range fields {
			name, most := field[1], field[2]
			limit, err := strconv.Atoi(most)
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{}
			for key, value := range c.form {
				form[key] = value
			}
			text := longText(name, limit+1)
			form.Set(name, text)
			got := c.as.post(t, c.action, form)
			what := name + " of " + c.action
			want(t, what, got, 422)
			has(t, what, answer{body: strings.ToLower(got.body)}, "at most "+most)
			if !strings.Contains(got.body, `value="`+text+`"`) && !strings.Contains(got.body, ">"+text+"</textarea>") {
				t.Errorf("%s: the text does not come back whole", what)
			}
			tested[strings.TrimRight(name, "_1234")+" "+most] = true
		}
	}
	for _, limit := range limitsInCode(t) {
		if !tested[limit] && unsentLimits[limit] == "" {
			t.Errorf("no form tests the field %s", limit)
		}
	}
}

// formIn returns the form of a page to that path.
func formIn(t *testing.T, page answer, action string) string {
	t.Helper()
	_, form, found := strings.Cut(page.body, `action="`+html.EscapeString(action)+`"`)
	form, _, _ = strings.Cut(form, "</form>")
	if !found {
		t.Errorf("no form to %s: %d", action, page.status)
	}
	return form
}

// limitsInCode are the fields of all templates that have a maximum, with it.
func limitsInCode(t *testing.T) (limits []string) {
	t.Helper()
	for _, path := range must(filepath.Glob("../views/*.templ")) {
		for _, field := range limitInCode.FindAllStringSubmatch(string(must(os.ReadFile(path))), -1) {
			limits = append(limits, cmp.Or(field[1], field[2])+" "+field[3])
		}
	}
	if len(limits) < 20 {
		t.Errorf("only %d fields have a maximum", len(limits))
	}
	return limits
}
