package handlers_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// tags are left out before texts are compared.
var tags = regexp.MustCompile(`<(?:svg[^>]*>.*?</svg|[^>]*)>`)

// rowOf returns the row of a list that names something, without its tags but with the
// machine-readable times.
func rowOf(t *testing.T, page answer, name string) string {
	t.Helper()
	for _, row := range strings.Split(page.body, "<li")[1:] {
		row, _, _ = strings.Cut(row, "</li>")
		row, _, _ = strings.Cut(row, "</ul>") // the rows of the longest lists have no end tags
		isRow := strings.Contains(row, "row-main") || strings.Contains(row, "switch-item") || strings.Contains(row, `" dir=auto>`)
		if isRow && strings.Contains(row, ">"+name+"<") {
			return plainText(row)
		}
	}
	t.Fatalf("no row of %q on the page", name)
	return ""
}

var times = regexp.MustCompile(`<time datetime="([^"]+)"[^>]*>[^<]*</time>`)

func plainText(html string) string {
	html = times.ReplaceAllString(html, " $1 ")
	return strings.Join(strings.Fields(tags.ReplaceAllString(html, " ")), " ")
}

// numbers returns all numbers before some words, in the order of the text.
func numbers(text, words string) (all []int) {
	for _, m := range regexp.MustCompile(`(\d+) (?:`+words+`)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		all = append(all, n)
	}
	return all
}

func sum(all []int) (n int) {
	for _, x := range all {
		n += x
	}
	return n
}

// agreement is a client with a bit of everything: projects in use and archived, published
// work, drafts, and work that was published in a project that is now archived.
type agreement struct {
	*storetest.Tenants
	site       *site
	dana, mia  *browser
	client     uuid.UUID
	spring     uuid.UUID
	shown      []uuid.UUID
	published  uuid.UUID // the file of the published version of the first
	drafted    uuid.UUID // the file of its next draft
	staff      store.Member
	name       string
	agencyName string
}

func setupAgreement(t *testing.T) *agreement {
	t.Helper()
	a := storetest.Agency(t)
	b := &agreement{Tenants: a, site: newSite(t), name: "Acme " + a.Suffix, agencyName: "Northwind " + a.Suffix}
	b.dana, b.mia = b.site.as(t, a.Dana), b.site.as(t, a.Mia)
	b.staff = a.Member(t, a.Dana, a.Acme)
	b.client = b.staff.TenantID()
	deed := func(do func(*store.Tx) error) {
		t.Helper()
		if err := storetest.DB().Write(t.Context(), b.staff, do); err != nil {
			t.Fatal(err)
		}
	}
	publish := func(project uuid.UUID, title string) (id, file uuid.UUID) {
		id = storetest.Deliverable(t, b.staff, project, title)
		file = storetest.File(t, b.staff, storetest.Draft(t, b.staff, id), title+".txt")
		deed(func(tx *store.Tx) error { return tx.Publish(t.Context(), id, 1, "") })
		return id, file
	}
	b.spring = storetest.Project(t, b.staff, "Spring")
	storetest.Project(t, b.staff, "Summer")
	autumn, old := storetest.Project(t, b.staff, "Autumn"), storetest.Project(t, b.staff, "Old")
	first, file := publish(b.spring, "Poster")
	second, _ := publish(b.spring, "Flyer")
	third, _ := publish(autumn, "Banner")
	publish(old, "Forgotten")
	b.shown, b.published = []uuid.UUID{first, second, third}, file
	storetest.Deliverable(t, b.staff, autumn, "Only a draft")
	deed(func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), first); return err })
	b.drafted = storetest.File(t, b.staff, storetest.Draft(t, b.staff, first), "next.txt")
	deed(func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, old, true) })
	return b
}

// The same number is the same on every page that shows it, for staff and for clients.
func TestPagesAgreeOnNumbers(t *testing.T) {
	t.Parallel()
	b := setupAgreement(t)
	in, over := "/w/"+b.Acme+"/", "/w/"+b.Agency+"/"
	dana := func(path string) answer { return b.dana.get(t, path) }
	clientPage, _, _ := strings.Cut(plainText(dana(over+"clients/"+b.client.String()).body), "What your team calls")
	for what, c := range map[string]struct {
		want int
		text string
		say  string
	}{
		"in review, in the list of workspaces": {3, rowOf(t, dana("/"), b.name), "in review"},
		"in review, in the switcher":           {3, rowOf(t, dana("/switcher"), b.name), "in review"},
		"in review, in the list of clients":    {3, rowOf(t, dana(over+"clients"), b.name), "in review"},
		"in review, at the agency's home":      {3, rowOf(t, dana(over), b.name), "in review"},
		"in review, in the projects":           {3, plainText(dana(in + "projects").body), "in review"},
		"in review, in archived projects":      {0, plainText(dana(in + "projects?show=archived").body), "in review"},
		"for us, in the list of workspaces":    {2, rowOf(t, dana("/"), b.name), "waiting for us"},
		"for us, in the switcher":              {2, rowOf(t, dana("/switcher"), b.name), "waiting for us"},
		"for us, in the list of clients":       {2, rowOf(t, dana(over+"clients"), b.name), "waiting for us"},
		"for us, at the agency's home":         {2, rowOf(t, dana(over), b.name), "waiting for us"},
		"for us, in the projects":              {2, plainText(dana(in + "projects").body), "waiting for us"},
		"for us, on the client's page":         {2, clientPage, "deliverables? In review"},
		"projects, in the list of clients":     {3, rowOf(t, dana(over+"clients"), b.name), "projects?"},
		"projects, on the client's page":       {3, clientPage, "projects?"},
		"people, in the list of clients":       {2, rowOf(t, dana(over+"clients"), b.name), "people"},
		"people, on the client's page":         {2, clientPage, "people"},
		"people, of the agency's plan":         {2, rowOf(t, dana(over+"usage"), "People"), "of"},
		"people, of the client's plan":         {2, rowOf(t, dana(in+"usage"), "People"), "of"},
		"new, in the client's switcher":        {3, rowOf(t, b.mia.get(t, "/switcher"), b.name), "new"},
		"new, in the client's projects":        {3, plainText(b.mia.get(t, in+"projects").body), "new"},
	} {
		if got := sum(numbers(c.text, c.say)); got != c.want {
			t.Errorf("%s: %d, want %d, in %.300q", what, got, c.want, c.text)
		}
	}
	home := plainText(dana(in).body)
	for say, want := range map[string]string{"Waiting for us": "2", "In review": "3"} {
		if !strings.Contains(home, say+" "+want) {
			t.Errorf("the workspace's home does not say %s %s: %.400s", say, want, home)
		}
	}
	if got := strings.Count(dana(in+"projects").body, `data-id="`); got != 3 {
		t.Errorf("%d projects in the list, want 3", got)
	}
	if people := plainText(dana(in + "members").body); !slices.Contains(numbers(people, "people"), 2) {
		t.Errorf("the people page does not count two of the client: %.300s", people)
	}
	client := plainText(b.mia.get(t, in).body)
	for _, title := range []string{"Poster", "Flyer", "Banner"} {
		if !strings.Contains(client, title) {
			t.Errorf("%s is not new at the client's home", title)
		}
	}
	for _, word := range []string{"Waiting for you", "wait for you", "waits for you", "for us", "Late", "Forgotten", "Only a draft"} {
		if strings.Contains(client, word) {
			t.Errorf("the client's home says %q", word)
		}
	}
	for _, id := range b.shown {
		b.mia.opens(t, b.Acme, id)
	}
	if home := plainText(b.mia.get(t, in).body); !strings.Contains(home, "You have seen everything") {
		t.Errorf("after all was opened: %.300s", home)
	}
	if n := sum(numbers(rowOf(t, b.mia.get(t, "/switcher"), b.name), "new")); n != 0 {
		t.Errorf("%d new in the switcher after all was opened", n)
	}
}

// The home of a workspace lists what waits for the agency as it is counted elsewhere,
// however much newer work there is.
func TestNewerWorkHidesNothingThatWaits(t *testing.T) {
	t.Parallel()
	b := setupAgreement(t)
	if _, err := storetest.Superuser(t).Exec(t.Context(), `
		insert into deliverables (tenant_id, id, project_id, title, state, position, created_by, shared_at, shown_at, updated_at)
		select d.tenant_id, gen_random_uuid(), d.project_id, 'Done ' || n, 'approved', 100 + n, d.created_by, d.shared_at, d.shown_at, now() + n * interval '1 second'
		from deliverables d, generate_series(1, 100) n
		where d.id = $1`, b.shown[1]); err != nil {
		t.Fatal(err)
	}
	has(t, "the workspace's home", answer{body: plainText(b.dana.get(t, "/w/"+b.Acme+"/").body)}, "Waiting for us 2", "In review 3", "Only a draft")
	has(t, "the list of workspaces", answer{body: rowOf(t, b.dana.get(t, "/"), b.name)}, "2 waiting for us", "3 in review")
}

var active = regexp.MustCompile(`active (\S+Z)`)

// The same moment is the same on every page that shows it.
func TestPagesAgreeOnTimes(t *testing.T) {
	t.Parallel()
	b := setupAgreement(t)
	over := "/w/" + b.Agency + "/"
	seen := map[string]string{}
	for _, path := range []string{"/", over, over + "clients"} {
		if m := active.FindStringSubmatch(rowOf(t, b.dana.get(t, path), b.name)); m != nil {
			seen[path] = m[1]
		}
	}
	if m := regexp.MustCompile(`Last activity (\S+Z)`).FindStringSubmatch(plainText(b.dana.get(t, over+"clients/"+b.client.String()).body)); m != nil {
		seen["client"] = m[1]
	}
	for path, at := range seen {
		if len(seen) != 4 || at != seen["client"] {
			t.Errorf("%s: active %s, on the client's page %s; %d of 4 pages say it", path, at, seen["client"], len(seen))
		}
	}
}

// Mia was here 41 minutes ago and is here now. Her row and her page both say so at once.
func TestLastSeenIsNow(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	mia := a.Member(t, a.Mia, a.Acme)
	if _, err := storetest.AdminPool().Exec(t.Context(), `update memberships set last_seen_at = now() - interval '41 minutes' where email = $1`, a.Mia); err != nil {
		t.Fatal(err)
	}
	dana, began := s.as(t, a.Dana), time.Now().Add(-2*time.Second)
	want(t, "her page", s.as(t, a.Mia).get(t, "/w/"+a.Acme+"/members"), 200)
	lastSeen := regexp.MustCompile(`(?i)last seen (\S+Z)`)
	of := func(text string) time.Time {
		m := lastSeen.FindStringSubmatch(text)
		if m == nil {
			return time.Time{}
		}
		at, _ := time.Parse(time.RFC3339, m[1])
		return at
	}
	for ctx := storetest.Within(t, 5*time.Second); ; time.Sleep(10 * time.Millisecond) {
		row := of(rowOf(t, dana.get(t, "/w/"+a.Acme+"/members"), "Mia "+a.Suffix))
		page := of(plainText(dana.get(t, "/w/"+a.Acme+"/members/"+mia.ID().String()).body))
		if row.After(began) && row.Equal(page) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("last seen %v in the list and %v on her page, she was here after %v", row, page, began)
		}
	}
}

// A row shows the picture of the version that it names: of the published one, not of the
// next draft, to staff and to the client.
func TestRowsShowThePublishedPicture(t *testing.T) {
	t.Parallel()
	b := setupAgreement(t)
	for _, file := range []uuid.UUID{b.published, b.drafted} {
		err := storetest.DB().Write(t.Context(), b.staff, func(tx *store.Tx) error {
			return tx.RecordPreview(t.Context(), file, uuid.Nil, &store.Preview{ContentType: "image/png", Size: 1, SHA256: make([]byte, 32)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	path := "/w/" + b.Acme + "/projects/" + b.spring.String()
	for who, visitor := range map[string]*browser{"staff": b.dana, "the client": b.mia} {
		page := visitor.get(t, path)
		if !strings.Contains(page.body, b.published.String()) || strings.Contains(page.body, b.drafted.String()) {
			t.Errorf("%s: the published picture is shown %t, the draft's %t", who,
				strings.Contains(page.body, b.published.String()), strings.Contains(page.body, b.drafted.String()))
		}
	}
}
