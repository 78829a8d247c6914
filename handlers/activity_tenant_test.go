package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"portico/e2e/storetest"
)

// Case 54: each tenant reads only its own trail, whatever the filter names. What support
// does is in the trail, and nobody can remove it.
func TestTenantReadsOnlyItsOwnTrail(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).letIn(t)
	globex := d.Member(t, d.Dana, d.Globex)
	secret := storetest.Project(t, globex, "Secret "+d.Suffix)
	d.in(t, d.Mia)
	want(t, "a page", d.sam.get(t, d.base+"/projects"), http.StatusOK)
	mia := d.as(t, d.Mia)
	agent := storetest.Person(t, d.token).ID().String()
	for _, query := range []string{
		"", "?kind=project", "?person=" + globex.ID().String(), "?person=" + d.Member(t, d.Gus, d.Globex).ID().String(), "?support=1", "?refused=1",
		"?support=" + secret.String(), "?kind=' or 1=1 --", "?before=" + secret.String(),
	} {
		got := mia.get(t, d.base+"/activity"+strings.ReplaceAll(query, " ", "%20"))
		want(t, query, got, http.StatusOK)
		hasNot(t, query, got, "Secret "+d.Suffix, "Gus "+d.Suffix, "Globex "+d.Suffix)
	}
	for _, query := range []string{"?support=1", "?person=" + agent, ""} {
		has(t, "what support did, "+query, mia.get(t, d.base+"/activity"+query), "Sam of support, as Mia "+d.Suffix, "viewed")
	}
	// In a session the agent can only read the trail, and reading adds one more row.
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		want(t, method, d.sam.do(t, method, d.base+"/activity", nil, ""), http.StatusForbidden)
	}
	has(t, "afterwards", mia.get(t, d.base+"/activity?support=1"), "viewed", "was refused access")
	has(t, "Globex's own", d.as(t, d.Dana).get(t, "/w/"+d.Globex+"/activity?kind=project"), "Secret "+d.Suffix)
}
