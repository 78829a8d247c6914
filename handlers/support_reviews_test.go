package handlers_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The owner of a tenant reports a support session: the page keeps what was typed with a
// mistake, shows the report to both sides, and its agent reads it in the console, and no other.
func TestOwnersReportASupportSession(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	d.in(t, d.Mia)
	mia := d.as(t, d.Mia)
	review := regexp.MustCompile(`/support/sessions/[0-9a-f-]{36}/review`).FindString(mia.get(t, d.base+"/support").body)
	if review == "" {
		t.Fatal("the ledger offers no review")
	}
	words := "It opened <b>our</b> plans " + d.Suffix
	flag := flagged(words)
	want(t, "from another tenant", d.as(t, d.Gus).post(t, "/w/"+d.Globex+review, flag), 404)
	want(t, "by a viewer", d.as(t, d.Leo).post(t, d.base+review, flag), 403)
	want(t, "from inside", d.sam.post(t, d.base+review, flag), 403)
	want(t, "in order while it runs", mia.post(t, d.base+review, url.Values{"verdict": {"accepted"}}), 409)
	refused := mia.post(t, d.base+review, flagged(""))
	want(t, "without words", refused, 422)
	has(t, "without words", refused, "Say what was wrong.")
	refused = mia.post(t, d.base+review, flagged(words+strings.Repeat("x", 600)))
	want(t, "too long", refused, 422)
	has(t, "too long", refused, "At most 500", "It opened &lt;b&gt;our&lt;/b&gt; plans "+d.Suffix)

	want(t, "by the owner", mia.post(t, d.base+review, flag), 303)
	for who, page := range map[string]answer{
		"the client": mia.get(t, d.base+"/support"),
		"the agency": d.as(t, d.Dana).get(t, d.base+"/support"),
		"the agent":  d.sam.get(t, "/support"),
	} {
		has(t, who, page, "&lt;b&gt;our&lt;/b&gt; plans "+d.Suffix)
	}
	hasNot(t, "another agent", setupDesk(t).sam.get(t, "/support"), d.Suffix)
	has(t, "the activity", mia.get(t, d.base+"/activity"), "reported a support session")
	hasNot(t, "then the ledger", mia.get(t, d.base+"/support"), review)
	want(t, "again", mia.post(t, d.base+review, flag), 409)
}

func flagged(words string) url.Values {
	return url.Values{"verdict": {"flagged"}, "words": {words}}
}
