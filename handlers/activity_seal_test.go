package handlers_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/e2e/storetest"
	"portico/store"
	audit "portico/trail"
)

// loggedEvent is the newest event of a verb in a tenant.
func loggedEvent(t *testing.T, tenant uuid.UUID, verb string) (id uuid.UUID) {
	t.Helper()
	if err := storetest.AdminPool().QueryRow(t.Context(), `select id from audit_events where tenant_id = $1 and verb = $2 order by at desc, id desc limit 1`, tenant, verb).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// publicKeys are those that a site shows.
func publicKeys(t *testing.T, b *browser) []ed25519.PublicKey {
	t.Helper()
	return must(certificate.ParseKeys([]byte(b.get(t, "/.well-known/portico-signing-keys").body)))
}

// monthAgo is a day between what happened now and what happened 40 days ago.
func monthAgo() string { return time.Now().UTC().AddDate(0, 0, -30).Format(time.DateOnly) }

// Each value of an event leads to the activity with that value, and the filter shows what
// matches and nothing else.
func TestEveryValueFiltersTheActivity(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana, base := a.Member(t, a.Dana, a.Acme), "/w/"+a.Acme
	project, other := storetest.Project(t, dana, "Spring "+a.Suffix), storetest.Project(t, dana, "Autumn "+a.Suffix)
	storetest.Deliverable(t, dana, project, "Poster "+a.Suffix)
	run(t, storetest.Superuser(t), `update audit_events set at = now() - interval '40 days' where tenant_id = $1 and target_id = $2`, dana.TenantID(), other)
	browser := s.as(t, a.Dana)
	event := browser.get(t, base+"/activity/"+loggedEvent(t, dana.TenantID(), "project.created").String())
	want(t, "the event", event, http.StatusOK)
	for _, query := range []string{"person=" + dana.ID().String(), "act=project.created", "target=" + project.String(), "from="} {
		has(t, "the event", event, base+"/activity?"+query)
	}
	for query, c := range map[string]struct{ shows, hides string }{
		"act=project.created":        {"Spring " + a.Suffix, "Poster " + a.Suffix},
		"act=deliverable.created":    {"Poster " + a.Suffix, "Spring " + a.Suffix},
		"act=nonsense":               {"Poster " + a.Suffix, "Nothing matches"},
		"target=" + project.String(): {"Spring " + a.Suffix, "Autumn " + a.Suffix},
		"until=2020-12-3":            {"Spring " + a.Suffix, "Nothing matches"}, // no day, so no filter
		"until=2020-12-31":           {"Nothing matches", "Spring " + a.Suffix},
		"until=" + monthAgo():        {"Autumn " + a.Suffix, "Spring " + a.Suffix},
		"from=" + monthAgo():         {"Spring " + a.Suffix, "Autumn " + a.Suffix},
	} {
		page := browser.get(t, base+"/activity?"+query)
		list, _, _ := strings.Cut(page.body[strings.Index(page.body, "</header>")+1:], "Take it with you")
		has(t, query, answer{body: list}, c.shows)
		// The select of people and the filter itself don't count as rows.
		if strings.Contains(list, `dir="auto">`+c.hides) || c.hides == "Nothing matches" && strings.Contains(list, c.hides) {
			t.Errorf("%s shows %s", query, c.hides)
		}
	}
}

// Each party opens the events that it may read, and no others. An event of another tenant
// doesn't exist.
func TestEventsAreOpenedByTheirReaders(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	dana := d.Member(t, d.Dana, d.Acme)
	storetest.Project(t, dana, "Secret "+d.Suffix)
	theirs := loggedEvent(t, dana.TenantID(), "project.created").String()
	shown := loggedEvent(t, dana.TenantID(), "support.granted").String()
	sealTrail(t, dana.TenantID())
	d.in(t, d.Dana)
	for _, c := range []struct {
		who    string
		as     *browser
		slug   string
		event  string
		status int
	}{
		{"staff", d.as(t, d.Dana), d.Acme, theirs, http.StatusOK},
		{"the client, its own side", d.as(t, d.Mia), d.Acme, shown, http.StatusOK},
		{"the client, the agency's", d.as(t, d.Mia), d.Acme, theirs, http.StatusNotFound},
		{"another workspace", d.as(t, d.Dana), d.Globex, theirs, http.StatusNotFound},
		{"a stranger", d.as(t, d.Gus), d.Acme, theirs, http.StatusNotFound},
		{"a viewer", d.as(t, d.Leo), d.Acme, shown, http.StatusForbidden},
		{"support", d.sam, d.Acme, shown, http.StatusForbidden},
	} {
		for _, path := range []string{"", "/proof"} {
			want(t, c.who+path, c.as.get(t, "/w/"+c.slug+"/activity/"+c.event+path), c.status)
		}
	}
	has(t, "the list", d.as(t, d.Dana).get(t, d.base+"/activity"), "sealed #")
	hasNot(t, "support's list", d.sam.get(t, d.base+"/activity"), "sealed #", "not sealed yet")
	proof := d.as(t, d.Mia).get(t, d.base+"/activity/"+shown+"/proof")
	row, _, err := audit.CheckProof([]byte(proof.body), publicKeys(t, d.as(t, d.Mia)))
	if err != nil || row.Event.ID.String() != shown || !strings.Contains(proof.header.Get("Content-Disposition"), shown+".tlog-proof") {
		t.Errorf("the proof is of %v: %v", row.Event, err)
	}
	// What isn't sealed yet says so, and has no proof.
	storetest.Project(t, dana, "New "+d.Suffix)
	fresh := d.base + "/activity/" + loggedEvent(t, dana.TenantID(), "project.created").String()
	has(t, "a new event", d.as(t, d.Dana).get(t, fresh), "will be sealed within five minutes")
	want(t, "its proof", d.as(t, d.Dana).get(t, fresh+"/proof"), http.StatusNotFound)
	has(t, "the list", d.as(t, d.Dana).get(t, d.base+"/activity"), "not sealed yet")
}

// An export has what the filter shows, unfolded, from the reader's own side, and no formula. It
// is in the trail. People who can't export and support get none.
func TestActivityIsExported(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	dana, mia := d.Member(t, d.Dana, d.Acme), d.Member(t, d.Mia, d.Acme)
	storetest.Project(t, dana, "=SUM(A1) "+d.Suffix)
	for range 3 {
		if err := storetest.DB().Record(t.Context(), mia, store.Event{Verb: "file.viewed", TargetKind: store.KindFile, TargetID: store.NewID()}); err != nil {
			t.Fatal(err)
		}
	}
	d.in(t, d.Dana)
	for _, format := range []string{"csv", "jsonl", "zip"} {
		path := d.base + "/activity." + format
		want(t, "support", d.sam.get(t, path), http.StatusForbidden)
		want(t, "a viewer", d.as(t, d.Leo).get(t, path), http.StatusForbidden)
		want(t, "staff who don't manage", d.as(t, d.Ravi).get(t, path), http.StatusForbidden)
		want(t, "a stranger", d.as(t, d.Gus).get(t, path), http.StatusNotFound)
	}
	table := d.as(t, d.Dana).get(t, d.base+"/activity.csv")
	want(t, "the table", table, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(table.body)).ReadAll()
	if err != nil || strings.Join(rows[0][:3], " ") != "id at who" {
		t.Fatalf("%v: %v", rows[0], err)
	}
	views := 0
	for _, row := range rows {
		views += strings.Count(row[9], "file.viewed")
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a cell is a formula: %q", cell)
			}
		}
	}
	if views != 3 {
		t.Errorf("%d of 3 views", views)
	}
	has(t, "the table", table, "'=SUM(A1) "+d.Suffix)
	filtered := d.as(t, d.Dana).get(t, d.base+"/activity.jsonl?act=file.viewed")
	lines := strings.Split(strings.TrimSpace(filtered.body), "\n")
	if len(lines) != 3 {
		t.Errorf("%d lines of 3", len(lines))
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || line["version"] != 1.0 || line["verb"] != "file.viewed" || line["who_id"] != mia.ID().String() {
		t.Errorf("%v: %v", line, err)
	}
	own := d.as(t, d.Mia).get(t, d.base+"/activity.csv")
	has(t, "the client's", own, "file.viewed", "support.granted")
	hasNot(t, "the client's", own, "project.created", "SUM(A1)")
	has(t, "the trail", d.as(t, d.Dana).get(t, d.base+"/activity?act=activity.exported"), "exported the activity log")
	var exports int
	if err := storetest.AdminPool().QueryRow(t.Context(), `select count(*) from audit_events where tenant_id = $1 and verb = 'activity.exported'`, dana.TenantID()).Scan(&exports); err != nil || exports != 3 {
		t.Errorf("%d of 3 exports are in the trail, %v", exports, err)
	}
}

// The sealed log that somebody downloads verifies, and has the logs that they may read.
func TestSealedLogIsDownloaded(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSiteOver(t, storage(t))
	dana := a.Member(t, a.Dana, a.Acme)
	storetest.Project(t, dana, "Secret "+a.Suffix)
	sealTrail(t, dana.TenantID())
	for email, sides := range map[string][]audit.Side{a.Dana: audit.Sides, a.Mia: {audit.Client}} {
		got := s.as(t, email).get(t, "/w/"+a.Acme+"/activity.zip")
		want(t, email, got, http.StatusOK)
		archive := must(zip.NewReader(bytes.NewReader([]byte(got.body)), int64(len(got.body))))
		report, err := audit.Verify(archive, audit.Options{Keys: publicKeys(t, s.as(t, email))})
		if err != nil || !report.OK() || len(report.Logs) != len(sides) || report.Logs[len(sides)-1].Side != audit.Client {
			t.Errorf("%s: %+v, %v", email, report, err)
		}
		for _, f := range archive.File {
			if email == a.Mia && strings.HasPrefix(f.Name, "agency") {
				t.Errorf("a client gets %s", f.Name)
			}
		}
	}
}
