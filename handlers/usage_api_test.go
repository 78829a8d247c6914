package handlers_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/handlers"
	"portico/store"
	"portico/store/queue"
)

type counted struct {
	ID    string `json:"id"`
	Month string `json:"month"`
	Used  int64  `json:"used"`
}

// A program reports usage: each report counts once, in the month of its time, for the
// tenant of its key. The program reads the same sum that the page shows.
func TestProgramsReportUsage(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Acme, "starter")
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeWriteUsage)
	c := newClient(t, s, token)
	report := func(key, body string) answer {
		return c.with("Idempotency-Key", key).call(t, http.MethodPost, "/usage", body)
	}
	first := report("one", `{"metric":"aiRuns","quantity":12}`)
	want(t, "a report", first, http.StatusCreated)
	if got := decode[counted](t, first); got.Used != 12 || got.Month != time.Now().UTC().Format("2006-01") {
		t.Errorf("it counts as %+v", got)
	}
	again := report("one", `{"metric":"aiRuns","quantity":12}`)
	want(t, "the same again", again, http.StatusCreated)
	if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same again is answered %s, want %s", again.body, first.body)
	}
	refused(t, "another with the key", report("one", `{"metric":"aiRuns","quantity":13}`), http.StatusUnprocessableEntity, "idempotency-key-reused")
	refused(t, "without a key", c.call(t, http.MethodPost, "/usage", `{"metric":"aiRuns","quantity":1}`), http.StatusUnprocessableEntity, "no-idempotency-key")
	for what, at := range map[string]string{"a comma": "2026-11-30T18:00:00,5Z", "one digit": "2026-11-30T8:00:00Z", "a zone of 25 hours": "2026-11-30T18:00:00+25:00", "no zone": "2026-11-30T18:00:00"} {
		got := refused(t, what, report(what, fmt.Sprintf(`{"metric":"aiRuns","quantity":1,"at":%q}`, at)), http.StatusUnprocessableEntity, "invalid")
		if !strings.Contains(got.Fields["at"], "Send a time such as") {
			t.Errorf("%s: the fields are %v", what, got.Fields)
		}
	}
	for what, body := range map[string]string{
		"a quantity":           `{"metric":"aiRuns","quantity":1,"quantity":2}`,
		"the same":             `{"metric":"aiRuns","quantity":1,"quantity":1}`,
		"a quantity, escaped":  `{"metric":"aiRuns","quantity":1,"quantit\u0079":2}`,
		"a field after a null": `{"metric":null,"quantity":1,"metric":"aiRuns"}`,
	} {
		refused(t, what+" twice", report(what, body), http.StatusBadRequest, "field-twice")
	}
	for what, body := range map[string]string{
		"metric":    `{"metric":"storage","quantity":1}`,
		"quantity":  `{"metric":"aiRuns","quantity":0}`,
		"at":        `{"metric":"aiRuns","quantity":1,"at":"yesterday"}`,
		"tenant_id": fmt.Sprintf(`{"metric":"aiRuns","quantity":1,"tenant_id":%q}`, a.Member(t, a.Dana, a.Globex).TenantID()),
	} {
		got := refused(t, "wrong "+what, report(what, body), http.StatusUnprocessableEntity, "invalid")
		if got.Fields[what] == "" {
			t.Errorf("wrong %s: the fields are %v", what, got.Fields)
		}
	}
	for _, quantity := range []string{`1.5`, `"1"`, `1e400`, `-0.1`, `9223372036854775808`, `true`, `[]`} {
		refused(t, "a quantity of "+quantity, report("q"+quantity, `{"metric":"aiRuns","quantity":`+quantity+`}`), http.StatusUnprocessableEntity, "invalid")
	}
	full := refused(t, "more than the plan allows", report("big", `{"metric":"aiRuns","quantity":489}`), http.StatusPaymentRequired, "plan-limit")
	if full.Metric != "aiRuns" || full.Limit != 500 || full.NextUsage != 501 {
		t.Errorf("it says %+v", full)
	}
	want(t, "exactly what the plan allows", report("big", `{"metric":"aiRuns","quantity":488}`), http.StatusCreated)

	got := c.call(t, http.MethodGet, "/usage", "")
	want(t, "reading", got, http.StatusOK)
	told := decode[struct {
		Metrics []struct {
			Metric string
			Now    *int64
			Month  int64
			Limit  *int64
		}
	}](t, got)
	for _, m := range told.Metrics {
		switch {
		case m.Metric == "aiRuns" && (m.Month != 500 || m.Now != nil || m.Limit == nil || *m.Limit != 500):
			t.Errorf("it reads %+v", m)
		case m.Metric == "users" && (m.Now == nil || *m.Now != 2 || *m.Limit != 5):
			t.Errorf("it reads %+v", m)
		case m.Metric == "transfer" && m.Limit != nil:
			t.Errorf("it reads %+v", m)
		}
	}
	want(t, "another month", c.call(t, http.MethodGet, "/usage?month=2020-01", ""), http.StatusOK)
	for _, query := range []string{"month=2020-13", "month=x", "month=0000-01", "month=2999-01", "month=2020-01&month=2020-02", "tenant=x", "%zz"} {
		refused(t, query, c.call(t, http.MethodGet, "/usage?"+query, ""), http.StatusUnprocessableEntity, "invalid")
	}
	page := s.as(t, a.Dana).get(t, "/w/"+a.Acme+"/usage")
	has(t, "the page", page, "500 of 500", "AI runs", "Render farm", "A key of Dana "+a.Suffix)
	hasNot(t, "the client's page", s.as(t, a.Mia).get(t, "/w/"+a.Acme+"/usage"), "AI runs", "Render farm", "usage.csv")
	hasNot(t, "the page of another client", s.as(t, a.Dana).get(t, "/w/"+a.Globex+"/usage"), "500 of 500", "Render farm")
}

// Case 56: identifying the key and counting the report are the two round trips of a report.
func TestReportingUsageTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	count := &storetest.Trips{}
	db, err := store.Open(t.Context(), store.Config{
		URL: storetest.Server().AppURL(stack.DatabaseName), Signer: queue.NewSigner(storetest.SigningKey), Tracer: count, MaxConns: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	a := storetest.Agency(t)
	s := newSiteWith(t, db, storage(t), func(*handlers.Config) {})
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeWriteUsage)
	c := newClient(t, s, token)
	for n := range 3 { // the first one prepares the statements
		before := count.Count()
		want(t, "a report", c.with("Idempotency-Key", fmt.Sprint(n)).call(t, http.MethodPost, "/usage", `{"metric":"aiRuns","quantity":1}`), http.StatusCreated)
		if took := count.Count() - before; n > 0 && took > 2 {
			t.Errorf("report %d took %d round trips", n, took)
		}
	}
}

// The bytes of files that people and programs of a tenant get count as its downloads, and
// no others.
func TestDownloadsAreCounted(t *testing.T) {
	t.Parallel()
	d := newStudio(t)
	dana := d.Member(t, d.Dana, d.Acme)
	s := d.site
	downloads := func() (n int64) {
		t.Helper()
		s.product.CountTransfers(t.Context())
		var months []store.MonthUsage
		if err := storetest.DB().Read(t.Context(), dana, store.ListMonthUsage(time.Now(), &months)); err != nil {
			t.Fatal(err)
		}
		return store.UsedIn(months, store.Transfer, store.MonthOf(time.Now()))
	}
	ravi := d.ravi
	ready := d.send(t, "film.mp4", []byte("0123456789"))
	want(t, "a download", ravi.get(t, d.at("/files/%s", ready)), http.StatusOK)
	if got := downloads(); got != 10 {
		t.Errorf("a download of 10 bytes counts %d", got)
	}
	part := ravi.with("Range", "bytes=2-4").get(t, d.at("/files/%s", ready))
	want(t, "a part", part, http.StatusPartialContent)
	token, _ := storetest.APIKey(t, d.Dana, d.Acme, store.ScopeReadWork)
	want(t, "a program's", bearer(s, token).get(t, "/api/v1/files/"+ready), http.StatusOK)
	want(t, "a stranger's", s.as(t, d.Gus).get(t, d.at("/files/%s", ready)), http.StatusNotFound)
	want(t, "the client's, of a draft", s.as(t, d.Mia).get(t, d.at("/files/%s", ready)), http.StatusNotFound)
	want(t, "a page", ravi.get(t, d.at("/projects")), http.StatusOK)
	if got := downloads(); got != 23 {
		t.Errorf("with a part of 3 and a program's 10 it is %d, want 23", got)
	}
	if got := downloads(); got != 23 {
		t.Errorf("counted again: %d", got)
	}
}

// The table for spreadsheets has what the page has, and no formula. Clients and support get
// none.
func TestUsageExportIsATable(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeWriteUsage)
	c := newClient(t, s, token)
	want(t, "a report", c.with("Idempotency-Key", "x").call(t, http.MethodPost, "/usage", `{"metric":"aiRuns","quantity":12}`), http.StatusCreated)
	run(t, storetest.Superuser(t), `update tenants set name = '=HYPERLINK("x")' where slug = $1`, a.Globex)
	dana := s.as(t, a.Dana)
	got := dana.get(t, "/w/"+a.Agency+"/usage.csv")
	want(t, "the agency's table", got, http.StatusOK)
	rows := must(csv.NewReader(strings.NewReader(got.body)).ReadAll())
	found := false
	for _, row := range rows {
		if strings.HasPrefix(row[0], "=") {
			t.Errorf("a formula: %q", row[0])
		}
		if row[0] == "Acme "+a.Suffix {
			found = row[len(row)-1] == "12"
		}
	}
	if !found || len(rows) != 3 {
		t.Errorf("the table is %q", rows)
	}
	page := dana.get(t, "/w/"+a.Agency+"/usage")
	has(t, "the agency's page", page, "Acme "+a.Suffix, "AI runs", "usage.csv")
	want(t, "the client's table, for staff", dana.get(t, "/w/"+a.Acme+"/usage.csv"), http.StatusOK)
	want(t, "the client's table, for its owner", s.as(t, a.Mia).get(t, "/w/"+a.Acme+"/usage.csv"), http.StatusForbidden)
	want(t, "for a member of the agency", s.as(t, a.Ravi).get(t, "/w/"+a.Agency+"/usage.csv"), http.StatusForbidden)
}

// An agency can't give a client a larger plan than its own: the form doesn't offer it, and
// a request for it is answered at its field. When its own plan becomes smaller, pages say so.
func TestAgencyGivesNoLargerPlanThanItsOwn(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	storetest.Plan(t, a.Agency, "growth")
	storetest.Plan(t, a.Acme, "growth")
	dana := s.as(t, a.Dana)
	client := "/w/" + a.Agency + "/clients/" + a.Member(t, a.Dana, a.Acme).TenantID().String()
	page := dana.get(t, client)
	has(t, "the form", page, `value="growth"`)
	hasNot(t, "the form", page, `value="enterprise"`)
	hasNot(t, "the form of a new client", dana.get(t, "/w/"+a.Agency+"/clients/new"), `value="enterprise"`)
	got := dana.post(t, client+"/plan", url.Values{"plan": {"enterprise"}, "seen": {"growth"}})
	want(t, "a larger plan", got, http.StatusUnprocessableEntity)
	has(t, "a larger plan", got, "no larger")
	want(t, "its own", dana.post(t, client+"/plan", url.Values{"plan": {"growth"}, "seen": {"growth"}}), http.StatusSeeOther)
	storetest.Plan(t, a.Agency, "starter")
	has(t, "the client's page in the agency", dana.get(t, client), "own plan, Starter, is smaller")
	has(t, "the usage page", dana.get(t, "/w/"+a.Acme+"/usage"), "own plan, Starter, is smaller", "of 20")
}

// A body that breaks off, or whose chunks are malformed, is no request: nothing is counted,
// and the answer is no success.
func TestCutBodiesAreRefused(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeWriteUsage)
	head := "POST /api/v1/usage HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.server.URL, "http://") + "\r\nAuthorization: Bearer " + store.KeyPrefix + token.String() +
		"\r\nIdempotency-Key: cut\r\nContent-Type: application/json\r\nConnection: close\r\n"
	for what, rest := range map[string]string{
		"cut off":           "Content-Length: 100\r\n\r\n{\"metric\"",
		"a malformed chunk": "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"an endless chunk":  "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
	} {
		conn := must((&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.server.URL, "http://")))
		_ = must(conn.Write([]byte(head + rest)))
		_ = conn.(*net.TCPConn).CloseWrite()
		answer := string(must(io.ReadAll(conn)))
		_ = conn.Close()
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || !strings.Contains(answer, "application/problem+json") {
			t.Errorf("%s: %.200q", what, answer)
		}
	}
	long := newClient(t, s, token).get(t, "/api/v1/usage?x="+strings.Repeat("x", 9000))
	if long.status != http.StatusRequestURITooLong || long.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a long address: %d %s", long.status, long.header.Get("Content-Type"))
	}
}
