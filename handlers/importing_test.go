package handlers_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// sendList uploads a list of people as the form's file.
func (b *browser) sendList(t *testing.T, path, list string) answer {
	t.Helper()
	body, contentType := formOf(t, formFile{"file", "people.csv", []byte(list)})
	return b.do(t, http.MethodPost, path, body, contentType)
}

// confirmList sends the form that confirms the list that a page shows.
func confirmList(t *testing.T, b *browser, path, list string, page answer) answer {
	t.Helper()
	return b.post(t, path, url.Values{"people": {list}, "act": {"invite"}, "checked": {between(page.body, `name="checked" value="`, `"`)}})
}

func openInvites(t *testing.T, slug string) (n int) {
	t.Helper()
	err := storetest.Admin(t).QueryRow(t.Context(), `
select count(*) from invites i join tenants t on t.id = i.tenant_id where t.slug = $1 and i.revoked_at is null`, slug).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A list is shown as it was read, and nobody is invited before it is confirmed. People
// who already have access are skipped.
func TestImportInvitesOnlyAfterConfirmation(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	at, dana := "/w/"+a.Acme+"/members/import", s.as(t, a.Dana)
	list := "\ufeffRole;E-Mail;Name;Belongs to\r\nviewer;Nina@" + a.Suffix + ".test;\"Okoye; Nina\";\r\n;olga@" + a.Suffix + ".test;Olga;team\r\n\r\nadmin;" + a.Leo + ";Leo;client\r\n"
	want(t, "the form", dana.get(t, at), http.StatusOK)
	page := dana.sendList(t, at, list)
	want(t, "checked", page, http.StatusOK)
	for _, says := range []string{"Line 2", "Okoye; Nina", "nina@" + a.Suffix + ".test", "Viewer of Acme", "Member of Northwind", "Line 5", "Already has access", "Invite 2 people"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("the page does not show %q", says)
		}
	}
	if n := openInvites(t, a.Acme); n != 0 {
		t.Fatalf("%d invitations before it was confirmed", n)
	}
	sent := strings.TrimSpace(strings.TrimPrefix(list, "\ufeff"))
	other := confirmList(t, dana, at, sent+"\r\nviewer;eve@x.test;Eve;", page)
	want(t, "another list than was seen", other, http.StatusOK)
	if n := openInvites(t, a.Acme); n != 0 || !strings.Contains(other.body, "Invite 3 people") {
		t.Fatalf("%d invitations of a list nobody has seen", n)
	}
	want(t, "confirmed", confirmList(t, dana, at, sent, page), http.StatusSeeOther)
	var invites []store.Invite
	read(t, a.Member(t, a.Dana, a.Acme), store.ListInvites(&invites))
	got := map[string]string{}
	for _, i := range invites {
		got[i.Email] = fmt.Sprint(i.Name, " ", i.Party, " ", i.Role)
	}
	if len(got) != 2 || got["nina@"+a.Suffix+".test"] != "Okoye; Nina client viewer" || got["olga@"+a.Suffix+".test"] != "Olga agency member" {
		t.Errorf("invited %v", got)
	}
	want(t, "confirmed twice", confirmList(t, dana, at, sent, page), http.StatusOK)
	if n := openInvites(t, a.Acme); n != 2 {
		t.Errorf("%d invitations after confirming twice", n)
	}
}

// Each invalid line is reported with its number and what is wrong. Nobody is invited
// until all are fixed, and the page keeps what was sent.
func TestImportReportsEachInvalidLine(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	at, mia := "/w/"+a.Acme+"/members/import", s.as(t, a.Mia)
	list := strings.Join([]string{
		"Good One,good@x.test,viewer",
		"No Address,,viewer",
		"Bad Address,bad@,viewer",
		"\u200b\u3164,noname@x.test,viewer",
		"King,king@x.test,king",
		"Owner,owner@x.test,owner",
		"Staff,staff@x.test,member,agency",
		"Twice,GOOD@x.test,viewer",
		"Many,many@x.test,viewer,client,more",
		`Mid"quote,mid@x.test,viewer`,
		"<script>alert(1)</script>,'<img src=x>,viewer",
		"Bell\a,bell@x.test,viewer",
		`=cmd|'/c calc'!A1,formula@x.test,viewer`,
		`"Open,open@x.test,viewer`,
	}, "\n")
	page := mia.sendList(t, at, list)
	want(t, "a broken list", page, http.StatusUnprocessableEntity)
	for line, says := range map[int]string{
		2: "The email address is missing.", 3: "“bad@” is not an email address.", 4: "The name is taken from the address.", 5: "“king” is not a role. Use admin, member or viewer.",
		6: "Invite owners one at a time", 7: "invite people as member of Northwind", 8: "Line 1 has the same address.",
		9: "This line has 5 fields", 10: "a quotation mark inside a field", 11: "is not an email address", 12: "be displayed",
		14: "starts with a quotation mark but",
	} {
		row := between(page.body, fmt.Sprintf(">Line %d<", line), "</li>")
		if !strings.Contains(row, says) {
			t.Errorf("line %d does not say %q: %q", line, says, row)
		}
	}
	if row := between(page.body, ">Line 13<", "</li>"); strings.Contains(row, "row-problem") || !strings.Contains(row, "formula@x.test") {
		t.Errorf("what a spreadsheet would take for a formula is a name like any other: %q", row)
	}
	if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "<img src=x") || strings.Contains(page.body, `name="checked"`) {
		t.Error("the page runs what was sent, or offers to invite")
	}
	if !strings.Contains(page.body, "No Address,,viewer") {
		t.Error("what was sent is lost")
	}
	for what, c := range map[string]struct{ list, says string }{
		"nothing":             {"  \n\n", "The list is empty"},
		"no address column":   {"name,role\nA,viewer", "has no column “email”"},
		"a binary":            {"\x00\xff\xfe" + strings.Repeat("\x00", 400), "isn&#39;t a text file"},
		"a workbook":          {"PK\x03\x04\x14\x00\x06\x00", "is a workbook"},
		"an old workbook":     {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook"},
		"too many":            {strings.Repeat("A,a@x.test\n", 201), "more than 200 people"},
		"too long":            {strings.Repeat("A", 210*1024), "The list is too long"},
		"a NUL in the middle": {"A\x00B,nul@x.test", "be displayed"},
	} {
		got := mia.sendList(t, at, c.list)
		want(t, what, got, http.StatusUnprocessableEntity)
		if !strings.Contains(got.body, c.says) {
			t.Errorf("%s: does not say %q", what, c.says)
		}
	}
	body, contentType := formOf(t, formFile{"file", "people.csv", bytes.Repeat([]byte("x"), 2<<20)})
	want(t, "two megabytes", mia.do(t, http.MethodPost, at, body, contentType), http.StatusRequestEntityTooLarge)
	if n := openInvites(t, a.Acme); n != 0 {
		t.Errorf("%d invitations by broken lists", n)
	}
	want(t, "by a viewer", s.as(t, a.Leo).sendList(t, at, "A,a@x.test"), http.StatusForbidden)
}

// Case 56: a list that exceeds the plan is refused as a whole, before any invitation or
// mail. The check says so already, and the list stays in its form.
func TestFullPlanRefusesAWholeImport(t *testing.T) {
	t.Parallel()
	s, a := newSite(t), storetest.Agency(t)
	storetest.Plan(t, a.Acme, "starter")
	at, mia := "/w/"+a.Acme+"/members/import", s.as(t, a.Mia)
	list := "A,a@" + a.Suffix + ".test\nB,b@" + a.Suffix + ".test\nC,c@" + a.Suffix + ".test\nD,d@" + a.Suffix + ".test"
	stays := func(what string, got answer, of string) {
		t.Helper()
		has(t, what, got, of, "No one has been invited yet", "See the plan", `<textarea class="input" id="people"`, "c@"+a.Suffix+".test")
		hasNot(t, what, got, `value="invite"`)
	}
	checked := mia.sendList(t, at, list)
	want(t, "four more than two of five", checked, http.StatusUnprocessableEntity)
	stays("four more than two of five", checked, "allows 3 of these 4 people")
	list = list[:strings.LastIndex(list, "\n")]
	fits := mia.sendList(t, at, list)
	want(t, "three more", fits, http.StatusOK)
	want(t, "somebody else, meanwhile", mia.post(t, "/w/"+a.Acme+"/invites", invitation("x@"+a.Suffix+".test", "client", "viewer")), http.StatusSeeOther)
	full := confirmList(t, mia, at, list, fits)
	want(t, "three more, too late", full, http.StatusPaymentRequired)
	stays("three more, too late", full, "allows 2 of these 3 people")
	if n := openInvites(t, a.Acme); n != 1 {
		t.Errorf("%d invitations of a list that does not fit", n-1)
	}
	run(t, storetest.Superuser(t), `update invites set revoked_at = now() where email = $1`, "x@"+a.Suffix+".test")
	want(t, "three more", confirmList(t, mia, at, list, mia.sendList(t, at, list)), http.StatusSeeOther)
	if n := openInvites(t, a.Acme); n != 3 {
		t.Errorf("%d of three invitations", n)
	}
}
