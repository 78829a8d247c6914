package handlers_test

import (
	"encoding/csv"
	"net/url"
	"strings"
	"testing"
)

// The ledger is exported as a table with every page, refusal and change of every
// session. Typed text is never a formula, and the export's own row comes first.
// Support can't export it.
func TestSupportLedgerIsExported(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letWrite(t).prove(t)
	dana := d.Member(t, d.Dana, d.Acme)
	form := d.form(dana.ID())
	form.Set("reason", "=HYPERLINK(\"http://evil.test\")")
	form.Set("ticket", "+1 \"quoted\", T-7")
	want(t, "start", d.sam.post(t, "/support/sessions", form), 303)
	want(t, "a page", d.sam.get(t, d.base+"/projects"), 200)
	want(t, "a refusal", d.sam.post(t, d.base+"/settings", url.Values{"name": {"x"}}), 403)
	want(t, "from inside", d.sam.get(t, d.base+"/support/ledger.csv"), 403)
	want(t, "the step", d.prove(t).sam.post(t, "/support/write", sure), 303)
	want(t, "a change", d.sam.post(t, d.base+"/projects", url.Values{"name": {"@Made " + d.Suffix}}), 303)
	want(t, "stop", d.sam.post(t, "/support/stop", nil), 303)
	want(t, "staff look", d.as(t, d.Dana).post(t, d.base+"/view-as", url.Values{"person": {d.Member(t, d.Leo, d.Acme).ID().String()}}), 303)

	want(t, "by a viewer", d.as(t, d.Leo).get(t, d.base+"/support/ledger.csv"), 403)
	mia := d.as(t, d.Mia)
	has(t, "the ledger", mia.get(t, d.base+"/support"), "made 1 change", d.base+"/support/ledger.csv")
	got := mia.get(t, d.base+"/support/ledger.csv")
	want(t, "the table", got, 200)
	if got.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers = %v", got.header)
	}
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	seen := map[string]string{}
	for _, row := range rows[1:] {
		seen[row[at["who"]]+" "+row[at["what"]]+" "+row[at["result"]]] = row[at["reason"]] + "|" + row[at["ticket"]] + "|" + row[at["how it ended"]] + "|" + row[at["on"]]
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("a cell is a formula: %q", cell)
			}
		}
	}
	as := "Sam of support, as Dana " + d.Suffix
	for what, rest := range map[string]string{
		as + " started a support session ok": "'=HYPERLINK",
		as + " viewed a page ok":             "|'+1 \"quoted\", T-7|",
		as + " was refused access denied":    "|Stopped by support|",
		as + " started making changes ok":    "|Stopped by support|",
		as + " created the project ok":       "",
		as + " ended the support session ok": "",
		"Dana " + d.Suffix + " of Northwind " + d.Suffix + ", as Leo " + d.Suffix + " started to view as a client ok": "||",
	} {
		if row, ok := seen[what]; !ok || !strings.Contains(row, rest) {
			t.Errorf("%s: %q, %v", what, row, ok)
		}
	}
	hasNot(t, "the table", got, "{tenant}", "GET ", "POST ")
	has(t, "the table", got, "the list of projects")
	has(t, "the trail", mia.get(t, d.base+"/activity"), "downloaded the support ledger")
	other := d.as(t, d.Gus).get(t, "/w/"+d.Globex+"/support/ledger.csv")
	want(t, "another tenant's", other, 200)
	hasNot(t, "another tenant's", other, "Sam", "Dana")
}

// An export of a ledger that nobody reads is cut off after a while. Until then the tenant
// gets no other export, and another tenant does.
func TestOneLedgerExportAtATime(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia, ledger := d.as(t, d.Mia), d.base+"/support/ledger.csv"
	stalled := mia.stall(t, ledger)
	if stalled.status != 200 || stalled.deadline.IsZero() {
		t.Errorf("the export begins with %d and the deadline %v", stalled.status, stalled.deadline)
	}
	wantRetryAfter(t, "a second one", d.as(t, d.Dana).get(t, ledger), 429)
	want(t, "another tenant's", d.as(t, d.Gus).get(t, "/w/"+d.Globex+"/support/ledger.csv"), 200)
	stalled.release()
	want(t, "afterwards", mia.get(t, ledger), 200)
}
