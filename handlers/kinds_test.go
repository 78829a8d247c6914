package handlers_test

import (
	"fmt"
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
	"portico/views"
)

// Every kind has a row in store/kinds.go and one in views/kinds.go, with the same verbs:
// each verb has a sentence, and each sentence has a verb.
func TestEveryVerbHasASentence(t *testing.T) {
	t.Parallel()
	words := views.TrailVerbs()
	for kind, verbs := range store.Verbs() {
		known, ok := words[string(kind)]
		if !ok {
			t.Errorf("%s has no row in views/kinds.go", kind)
		}
		for _, verb := range verbs {
			if !slices.Contains(known, verb) {
				t.Errorf("%s has no sentence in the row of %s in views/kinds.go", verb, kind)
			}
		}
		for _, verb := range known {
			if !slices.Contains(verbs, verb) {
				t.Errorf("%s has a sentence, and no row of store/kinds.go writes it", verb)
			}
		}
		delete(words, string(kind))
	}
	for kind := range words {
		t.Errorf("%s is in views/kinds.go and not in store/kinds.go", kind)
	}
	for _, kind := range store.BinKinds() {
		if views.RestoreURL("/w/acme", string(kind), "1") == "" || views.KindName(string(kind)) == "" {
			t.Errorf("%s can be in the bin, and the bin has no name or no way back for it", kind)
		}
	}
}

var flashed = regexp.MustCompile(`"([a-z]+\.[a-z_]+)"`)

// Every verb that a redirect carries has a flash.
func TestEveryDeedHasAFlash(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != "." || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			if d != nil && d.IsDir() && path != "." {
				return fs.SkipDir
			}
			return err
		}
		source, err := os.ReadFile(path)
		for line := range strings.Lines(string(source)) {
			if !strings.Contains(line, "frame.Done(") && !strings.Contains(line, "Done(") && !strings.Contains(line, "Deed(") && !strings.Contains(line, "Act(") && !strings.Contains(line, "answerAsk(") {
				continue
			}
			for _, m := range flashed.FindAllStringSubmatch(line, -1) {
				found++
				if views.FlashFor("/w/acme", m[1], "1").Text == "" {
					t.Errorf("%s: %s has no flash in views/kinds.go", path, m[1])
				}
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Errorf("%d deeds were found, %v", found, err)
	}
}

// sentences are the events of the trail as a person reads them, with ~ for the target.
// Support's views of pages have words of their own.
var sentences = map[string]string{
	"project.created":                "created the project ~",
	"project.updated":                "edited the project ~",
	"project.moved":                  "reordered the project ~",
	"project.archived":               "archived the project ~",
	"project.unarchived":             "unarchived the project ~",
	"project.binned":                 "deleted the project ~",
	"project.restored":               "restored the project ~",
	"project.purged":                 "permanently deleted a project after 30 days in the bin",
	"project.digest_sent":            "sent the daily digest",
	"deliverable.created":            "created ~",
	"deliverable.updated":            "edited ~",
	"deliverable.moved":              "reordered ~",
	"deliverable.archived":           "archived ~",
	"deliverable.unarchived":         "unarchived ~",
	"deliverable.binned":             "deleted ~",
	"deliverable.restored":           "restored ~",
	"deliverable.purged":             "permanently deleted a deliverable after 30 days in the bin",
	"version.created":                "started a new version of ~",
	"version.published":              "published a new version of ~",
	"version.beyond_rounds":          "published more rounds than agreed of ~",
	"version.unlocked":               "unlocked an earlier version of ~",
	"version.mail_sent":              "sent the email about a new version to ~",
	"version.certified":              "signed the certificate of ~",
	"version.purged":                 "permanently deleted a version after 30 days in the bin",
	"file.uploaded":                  "uploaded ~",
	"file.downloaded":                "downloaded ~",
	"file.viewed":                    "viewed ~",
	"file.binned":                    "deleted ~",
	"file.restored":                  "restored ~",
	"file.purged":                    "permanently deleted a file after 30 days in the bin",
	"file.upload_cancelled":          "cancelled the upload of ~",
	"file.missing":                   "found ~ missing from storage",
	"file.recovered":                 "found ~ in storage again",
	"file.marked_lost":               "recorded ~ as lost",
	"file.lead_chosen":               "chose ~ to be shown first",
	"review.asked":                   "asked for a decision on ~",
	"review.passed_on":               "passed on the decision on ~",
	"review.approved":                "approved ~",
	"review.approved_with_changes":   "approved ~ with changes",
	"review.changes_required":        "asked for changes to ~",
	"review.closed":                  "closed ~ without an answer",
	"review.withdrawn":               "withdrew the request to decide on ~",
	"review.mail_sent":               "sent the email about a decision to ~",
	"member.added":                   "gave access to ~",
	"member.joined":                  "accepted an invitation and joined",
	"member.role_changed":            "changed the role of ~",
	"member.removed":                 "removed ~",
	"member.left":                    "left",
	"member.forgotten":               "erased the account of ~",
	"member.staff_joined":            "joined from the agency",
	"member.staff_left":              "left",
	"member.assigned":                "assigned ~ to client workspaces",
	"member.unassigned":              "removed ~ from client workspaces",
	"member.assigned_everywhere":     "assigned ~ to all clients, present and future",
	"member.unassigned_everywhere":   "ended the assignment to all clients of ~",
	"member.invited":                 "invited ~",
	"member.list_invited":            "invited a list of people",
	"member.invite_resent":           "resent the invitation of ~",
	"member.invite_revoked":          "revoked the invitation of ~",
	"member.mail_sent":               "sent the invitation to ~",
	"member.mail_refused":            "recorded that the mail server refused the invitation to ~",
	"tenant.created":                 "created this workspace",
	"tenant.updated":                 "changed the settings",
	"tenant.renamed":                 "renamed this workspace",
	"tenant.suspended":               "suspended this workspace",
	"tenant.resumed":                 "resumed this workspace",
	"tenant.archived":                "archived this workspace",
	"tenant.discarded":               "deleted this workspace",
	"tenant.unarchived":              "unarchived this workspace",
	"tenant.people_managers_changed": "changed who manages the client's people",
	"tenant.logo_set":                "changed the logo",
	"tenant.logo_removed":            "removed the logo",
	"tenant.exported":                "exported this workspace into an archive",
	"tenant.restored":                "restored this workspace from an archive",
	"tenant.deletion_scheduled":      "closed this workspace, to delete it in 30 days",
	"tenant.deletion_undone":         "kept this workspace, which was to be deleted",
	"tenant.adopted":                 "took over this workspace from another system",
	"plan.changed":                   "changed the plan",
	"plan.usage_corrected":           "corrected the usage counts",
	"billing.customer_bound":         "made the agency a customer at Stripe",
	"billing.checkout_opened":        "opened Stripe to choose a plan",
	"billing.portal_opened":          "opened Stripe to manage the payment",
	"billing.payment_failed":         "recorded that a payment failed",
	"billing.grace_ends":             "warned the owners that the workspace becomes read-only soon",
	"billing.read_only":              "made the agency and its clients read-only, because an invoice is open",
	"billing.paid":                   "recorded that all invoices are paid",
	"billing.cancelled":              "recorded that the subscription was cancelled",
	"billing.continued":              "recorded that the subscription goes on",
	"billing.difference_found":       "found a difference between Stripe and this workspace",
	"billing.mail_sent":              "sent the email about billing to ~",
	"domain.added":                   "added a domain",
	"api_key.created":                "made the API key that no longer exists",
	"api_key.revoked":                "revoked the API key that no longer exists",
	"domain.removed":                 "removed a domain",
	"domain.verified":                "verified a domain",
	"domain.lapsed":                  "could no longer verify a domain and stopped using it",
	"support.granted":                "allowed support access",
	"support.revoked":                "revoked support access",
	"support.access_requested":       "requested support access",
	"support.access_approved":        "approved an access request",
	"support.access_denied":          "declined an access request",
	"support.request_mail_sent":      "sent the email about an access request to ~",
	"support.answer_mail_sent":       "emailed the agent the answer to an access request",
	"support.requests_allowed":       "turned on access requests",
	"support.requests_blocked":       "turned off access requests",
	"support.code_made":              "made a code for support",
	"support.session_accepted":       "found a support session in order",
	"support.session_flagged":        "reported a support session",
	"note.mail_sent":                 "sent the email about notes to ~",
	"note.written":                   "wrote a note on ~",
	"note.replied":                   "replied to a note on ~",
	"note.edited":                    "edited a note on ~",
	"note.resolved":                  "marked a note as done on ~",
	"note.reopened":                  "reopened a note on ~",
	"note.shown":                     "showed a note to the client on ~",
	"note.exported":                  "exported the notes on ~",
	"support.started":                "started a support session",
	"support.refused":                "was refused a support session as ~",
	"support.stopped":                "ended the support session",
	"support.expired":                "ran out of time in the support session",
	"support.ended":                  "ended a support session",
	"support.mail_sent":              "sent the email about a support session to ~",
	"support.view_started":           "started to view as a client",
	"support.page_seen":              "viewed the list of projects",
	"support.asset_seen":             "loaded a preview or a style",
	"support.found":                  "found this workspace in a search",
	"support.people_listed":          "listed the people to view as",
	"support.write_requested":        "asked to make changes",
	"support.write_started":          "started making changes",
	"support.write_confirmed":        "approved changes by another support agent",
	"support.ledger_exported":        "downloaded the support ledger",
	"job.cancelled":                  "had a task cancelled because they no longer had permission",
	"activity.exported":              "exported the activity log",
	"access.refused":                 "was refused access",
	"access.refused_often":           "was refused access many more times within a minute",
}

var (
	eventItem = regexp.MustCompile(`(?s)<div class="event-words"><p>(.*?)</p>`)
	markup    = regexp.MustCompile(`<[^>]*>`)
)

// shownEvents are the sentences on a page of activity.
func shownEvents(page string) (shown []string) {
	for _, m := range eventItem.FindAllStringSubmatch(page, -1) {
		shown = append(shown, strings.Join(strings.Fields(html.UnescapeString(markup.ReplaceAllString(m[1], ""))), " "))
	}
	return shown
}

// Every event of the trail reads as a sentence: Dana assigned Ravi to client workspaces.
// So does one whose target has no name any more.
func TestEveryVerbReadsAsASentence(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := a.Member(t, a.Dana, a.Acme)
	ravi, admin := "Ravi "+a.Suffix, storetest.Superuser(t)
	project := storetest.Project(t, dana, ravi)
	deliverable := storetest.Deliverable(t, dana, project, ravi)
	draft := storetest.Draft(t, dana, deliverable)
	target := map[store.Kind]string{
		store.KindProject: project.String(), store.KindDeliverable: deliverable.String(), store.KindVersion: draft.String(),
		store.KindFile: storetest.File(t, dana, draft, ravi).String(), store.KindMembership: a.Member(t, a.Ravi, a.Acme).ID().String(),
		store.KindTenant: dana.TenantID().String(),
	}
	var invited string
	if err := admin.QueryRow(t.Context(), `
insert into invites (tenant_id, id, tenant_kind, party, role, name, email, invited_by)
values ($1, $2, 'client', 'client', 'viewer', $3, 'ravi@invited.test', $4) returning id::text`, dana.TenantID(), store.NewID(), ravi, dana.ID()).Scan(&invited); err != nil {
		t.Fatal(err)
	}
	target[store.KindInvite] = invited
	// What some events have as their target besides a thing of their own kind.
	targetOf := map[string]store.Kind{
		"version.created": store.KindDeliverable, "version.published": store.KindDeliverable, "version.beyond_rounds": store.KindDeliverable, "version.unlocked": store.KindDeliverable, "version.mail_sent": store.KindMembership, "version.certified": store.KindDeliverable,
		"note.written": store.KindDeliverable, "note.replied": store.KindDeliverable, "note.edited": store.KindDeliverable,
		"note.resolved": store.KindDeliverable, "note.reopened": store.KindDeliverable, "note.shown": store.KindDeliverable, "note.exported": store.KindDeliverable, "note.mail_sent": store.KindMembership,
		"review.asked": store.KindDeliverable, "review.passed_on": store.KindDeliverable, "review.approved": store.KindDeliverable,
		"review.approved_with_changes": store.KindDeliverable, "review.changes_required": store.KindDeliverable,
		"review.closed": store.KindDeliverable, "review.withdrawn": store.KindDeliverable, "review.mail_sent": store.KindMembership,
		"billing.mail_sent": store.KindMembership, "support.mail_sent": store.KindMembership, "support.request_mail_sent": store.KindMembership, "support.refused": store.KindMembership,
		"member.list_invited": "", "plan.changed": store.KindTenant, "plan.usage_corrected": store.KindTenant,
	}
	byPortico := []string{"project.digest_sent", "note.mail_sent", "review.mail_sent", "version.mail_sent", "version.certified", "member.mail_sent", "member.mail_refused", "support.mail_sent",
		"support.request_mail_sent", "support.answer_mail_sent", "billing.mail_sent"}
	gone := []string{
		" created the project that no longer exists", " edited a deliverable that no longer exists", " downloaded a file that no longer exists",
		" published a new version of a deliverable that no longer exists", " found a file that no longer exists missing from storage", " invited someone",
	}
	browser := s.as(t, a.Dana)
	event := func(verb string, kind store.Kind, id any) string {
		t.Helper()
		if _, err := admin.Exec(t.Context(), `delete from audit_events where tenant_id = $1`, dana.TenantID()); err != nil {
			t.Fatal(err)
		}
		_, err := admin.Exec(t.Context(), `
insert into audit_events (tenant_id, id, actor_id, subject_id, party, verb, target_kind, target_id, detail)
values ($1, $2, $3, $3, 'agency', $4, $5, $6, '{"route": "GET /w/{tenant}/projects"}')`,
			dana.TenantID(), store.NewID(), dana.ID(), verb, string(kind), id)
		if err != nil {
			t.Fatal(err)
		}
		query := ""
		if strings.HasSuffix(verb, ".mail_sent") {
			query = "?kind=mail"
		}
		shown := shownEvents(browser.get(t, "/w/"+a.Acme+"/activity"+query).body)
		if len(shown) != 1 {
			t.Fatalf("%s: %d events are shown", verb, len(shown))
		}
		return shown[0]
	}
	for kind, verbs := range store.Verbs() {
		for _, verb := range verbs {
			of := kind
			if other, ok := targetOf[verb]; ok {
				of = other
			}
			var id any
			if target[of] != "" {
				id = target[of]
			}
			want, ok := sentences[verb]
			if !ok {
				t.Errorf("%s has no sentence here: add it as a person reads it", verb)
				continue
			}
			who := "Dana " + a.Suffix
			if slices.Contains(byPortico, verb) {
				who = "Portico"
			}
			want = who + " " + strings.ReplaceAll(want, "~", ravi)
			if verb == "member.forgotten" { // she erased her own account
				want = "Dana " + a.Suffix + " erased the account"
			}
			if got := event(verb, of, id); got != want {
				t.Errorf("%s reads %q, want %q", verb, got, want)
			}
		}
	}
	for i, c := range []struct {
		verb string
		kind store.Kind
	}{
		{"project.created", store.KindProject}, {"deliverable.updated", store.KindDeliverable}, {"file.downloaded", store.KindFile},
		{"version.published", store.KindDeliverable}, {"file.missing", store.KindFile}, {"member.invited", store.KindInvite},
	} {
		if got, want := event(c.verb, c.kind, store.NewID()), "Dana "+a.Suffix+gone[i]; got != want {
			t.Errorf("%s of what is gone reads %q, want %q", c.verb, got, want)
		}
	}
	if got, want := event("member.added", store.KindMembership, dana.ID()), "Dana "+a.Suffix+" gave access to themselves"; got != want {
		t.Errorf("what somebody did to themselves reads %q, want %q", got, want)
	}
	if got, want := event("support.refused", "", nil), fmt.Sprintf("Dana %s was refused a support session", a.Suffix); got != want {
		t.Errorf("a refusal without a person reads %q, want %q", got, want)
	}
}
