package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
)

// Staff view as one of their client's people, from the people page. They see what
// that person sees, under a bar that says so. The client can read about it
// afterwards.
func TestViewAsJourney(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	mia := d.Member(t, d.Mia, d.Acme)
	dana := d.as(t, d.Dana)
	project := storetest.Project(t, d.Member(t, d.Dana, d.Acme), "Hidden "+d.Suffix).String()
	people := dana.get(t, d.base+"/members")
	has(t, "the people page", people, `value="`+mia.ID().String()+`"`, "View as")
	if n := strings.Count(people.body, `name="person"`); n != 2 {
		t.Errorf("the people page offers %d to look as, want Mia and Leo", n)
	}
	has(t, "the support page", dana.get(t, d.base+"/support"), "View as client", "Mia "+d.Suffix+", owner", "Leo "+d.Suffix+", viewer")
	for _, other := range []string{d.Ravi, d.Mia} {
		hasNot(t, "the people page of "+other, d.as(t, other).get(t, d.base+"/members"), "View as")
		want(t, "by "+other, d.as(t, other).post(t, d.base+"/view-as", url.Values{"person": {mia.ID().String()}}), 403)
	}
	want(t, "a project of the team", dana.get(t, d.base+"/projects/"+project), 200)

	start := dana.post(t, d.base+"/view-as", url.Values{"person": {mia.ID().String()}})
	if start.status != 303 || start.location() != d.base+"/" {
		t.Fatalf("start is %d to %q", start.status, start.location())
	}
	for _, path := range []string{"/", "/projects", "/support", "/settings", "/no/such/page"} {
		got := dana.get(t, d.base+path)
		if path == "/no/such/page" {
			want(t, path, got, 404)
			continue
		}
		want(t, path, got, 200)
		has(t, path, got, "Dana "+d.Suffix+" is viewing Acme "+d.Suffix+" as Mia "+d.Suffix+", read-only", `action="/view-as/stop"`, `data-frame="client"`)
		hasNot(t, path, got, "(support)", "Allow support access", `action="`+d.base+`/view-as"`)
	}
	want(t, "what the client cannot see", dana.get(t, d.base+"/projects/"+project), 404)
	want(t, "a deed", dana.post(t, d.base+"/support/grant", url.Values{"hours": {"4"}}), 403)
	want(t, "a second hop", dana.post(t, d.base+"/view-as", url.Values{"person": {mia.ID().String()}}), 403)
	want(t, "her other workspace", dana.get(t, "/w/"+d.Globex+"/"), 200)
	want(t, "the console", dana.get(t, "/support"), 404)
	want(t, "Mia's account", dana.post(t, "/account/name", url.Values{"name": {"Dana " + d.Suffix}}), 303)
	if name := storetest.Person(t, storetest.SignIn(t, d.Mia)).Name; !strings.HasPrefix(name, "Mia") {
		t.Errorf("Mia is called %q now", name)
	}

	stop := dana.post(t, "/view-as/stop", nil)
	if stop.status != 303 || stop.location() != d.base+"/" {
		t.Errorf("stop is %d to %q", stop.status, stop.location())
	}
	has(t, "the ledger", d.as(t, d.Mia).get(t, d.base+"/support"), "Dana "+d.Suffix+" of Northwind "+d.Suffix+" viewed the portal as Mia "+d.Suffix, "Stopped by the staff member", "Viewed 6 pages")
	has(t, "the trail", d.as(t, d.Mia).get(t, d.base+"/activity?support=1"), "started to view as", "viewed", "Dana "+d.Suffix+" of Northwind "+d.Suffix+", as Mia "+d.Suffix)
	back := dana.get(t, d.base+"/")
	has(t, "herself again", back, `data-frame="staff"`)
	hasNot(t, "herself again", back, "is viewing")
}

// A page may still be open after its view as has ended. A form sent from it changes nothing
// until the staff member confirms that they continue as themselves.
func TestFormAfterViewAsEndsChangesNothing(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	dana, leo := d.as(t, d.Dana), d.Member(t, d.Leo, d.Acme)
	look := url.Values{"person": {leo.ID().String()}}
	want(t, "start", dana.post(t, d.base+"/view-as", look), 303)
	again := d.as(t, d.Dana).post(t, d.base+"/view-as", look)
	want(t, "in another browser", again, 409)
	has(t, "in another browser", again, "You are already viewing as a client", `action="/view-as/stop"`)
	if _, err := storetest.Superuser(t).Exec(t.Context(), `
		update support_sessions set started_at = started_at - interval '1 hour', ends_at = ends_at - interval '1 hour' where subject_id = $1`, leo.ID()); err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]answer{
		"a page": dana.get(t, d.base+"/projects"),
		"a deed": dana.post(t, d.base+"/projects", url.Values{"name": {"Made " + d.Suffix}}),
	} {
		want(t, what, got, 409)
		has(t, what, got, "The hour is over.", "Continue as yourself", `action="/view-as/stop"`)
		hasNot(t, what, got, d.Suffix)
	}
	want(t, "elsewhere", dana.get(t, "/w/"+d.Globex+"/"), 200)
	want(t, "go on", dana.post(t, "/view-as/stop", nil), 303)
	hasNot(t, "the projects", dana.get(t, d.base+"/projects"), "Made "+d.Suffix)
	want(t, "the deed", dana.post(t, d.base+"/projects", url.Values{"name": {"Made " + d.Suffix}}), 303)
}

// Choosing nobody, an unknown person or a colleague shows an error at the field and
// starts nothing. View as works the same on the workspace's own host.
func TestViewAsOnAHostOfItsOwn(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	dana := d.as(t, d.Dana)
	for what, person := range map[string]string{"nobody": "", "a stranger": uuid.NewString(), "no id": "mia", "a colleague": d.Member(t, d.Ravi, d.Acme).ID().String()} {
		got := dana.post(t, d.base+"/view-as", url.Values{"person": {person}})
		want(t, what, got, 422)
		has(t, what, got, "Choose a person from your client", "View as client")
	}
	there := d.nobody()
	there.header = http.Header{"Host": {d.Acme + ".portals.test"}}
	there.signIn(t, storetest.SignInAt(t, d.Dana, d.Acme+".portals.test"))
	start := there.post(t, "/view-as", url.Values{"person": {d.Member(t, d.Mia, d.Acme).ID().String()}})
	if start.status != 303 || start.location() != "/" {
		t.Fatalf("start is %d to %q", start.status, start.location())
	}
	has(t, "inside", there.get(t, "/projects"), "is viewing Acme "+d.Suffix)
	hasNot(t, "on the main host", dana.get(t, d.base+"/"), "is viewing")
	want(t, "in another browser", dana.get(t, d.base+"/"), 200)
	if stop := there.post(t, "/view-as/stop", nil); stop.status != 303 || stop.location() != "/" {
		t.Errorf("stop is %d to %q", stop.status, stop.location())
	}
	hasNot(t, "after stop", there.get(t, "/projects"), "is viewing")
}

// While staff view as a client on one host, none of their other hosts in the same browser
// acts in their own name, wherever the viewing began. Other browsers do, and after Stop
// all hosts do.
func TestViewAsHoldsOnEveryHostOfTheBrowser(t *testing.T) {
	t.Parallel()
	for _, start := range []string{"", "acme", "globex"} {
		t.Run("started at "+start, func(t *testing.T) {
			t.Parallel()
			d := setupDesk(t)
			at := map[string]string{"": "", "acme": d.Acme + ".portals.test", "globex": d.Globex + ".portals.test", "agency": d.Agency + ".portals.test"}
			slug := map[string]string{"": d.Acme, "acme": d.Acme, "globex": d.Globex}[start]
			dana := d.hostBrowser()
			dana.signIn(t, d.Dana)
			for _, host := range at {
				if host == "" {
					continue
				}
				_, path := dana.handOver(t, dana.leave(t, host, "/"))
				want(t, "handed over to "+host, dana.get(t, host, path), 303)
			}
			pages := map[string]string{"": "/w/" + slug + "/", at["acme"]: "/", at["globex"]: "/", at["agency"]: "/"}
			for host, path := range pages {
				want(t, "herself at "+host, dana.get(t, host, path), 200)
			}
			subject := d.Member(t, map[string]string{d.Acme: d.Mia, d.Globex: d.Gus}[slug], slug).ID()
			base := "/w/" + slug
			if start != "" {
				base = ""
			}
			want(t, "start", dana.post(t, at[start], base+"/view-as", url.Values{"person": {subject.String()}}), 303)
			for host, path := range pages {
				got := dana.get(t, host, path)
				if host == at[start] {
					want(t, "the host of the viewing", got, 200)
					has(t, "the host of the viewing", got, "is viewing")
					continue
				}
				want(t, "another host: "+host, got, 409)
				has(t, "another host: "+host, got, "You are viewing as a client", `action="/view-as/stop"`)
				hasNot(t, "another host: "+host, got, d.Suffix)
				own := strings.TrimSuffix(path, "/")
				want(t, "a deed there", dana.post(t, host, own+"/projects", url.Values{"name": {"In her own name"}}), 409)
			}
			if start == "" {
				want(t, "a hand-over", dana.get(t, "", "/handover?host="+at["acme"]+"&browser="+strings.Repeat("A", 43)+"&to=/"), 409)
			}
			want(t, "another browser", d.as(t, d.Dana).get(t, "/w/"+slug+"/"), 200)
			want(t, "stop", dana.post(t, at["agency"], "/view-as/stop", nil), 303)
			for host, path := range pages {
				if host == at[start] {
					continue // it says once that viewing has ended
				}
				want(t, "herself again at "+host, dana.get(t, host, path), 200)
			}
		})
	}
}
