package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
	"portico/handlers/frame"
	"portico/handlers/thumbnail/thumbnailtest"
	"portico/store"
)

// setting is one setting with what it changes. look is what somebody sees of its effect,
// on another page than the one with the setting.
type setting struct {
	column string // where it is kept: table.column
	set    func(t *testing.T, d *desk)
	look   func(t *testing.T, d *desk) string
	before string // what look contains before it is set, "" for nothing
	after  string // what it contains then, and not before
}

func saveSettings(by string, slug func(*desk) string, form url.Values) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		if form.Get("name") == "" {
			form.Set("name", "Acme "+d.Suffix)
		}
		want(t, "save the settings", d.as(t, d.persona(by)).post(t, "/w/"+slug(d)+"/settings", form), http.StatusSeeOther)
	}
}

func (d *desk) persona(name string) string {
	return map[string]string{"dana": d.Dana, "mia": d.Mia, "leo": d.Leo}[name]
}

func page(by, path string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		t.Helper()
		return d.as(t, d.persona(by)).get(t, strings.ReplaceAll(path, "~", d.base)).body
	}
}

func acme(d *desk) string { return d.Acme }

// settings has a row for every setting of a workspace and of a person.
var settings = []setting{
	{column: "tenants.name", set: saveSettings("dana", acme, url.Values{"name": {"Renamed"}}), look: page("dana", "~/projects"), after: "Renamed"},
	{column: "tenants.portal_name", set: saveSettings("dana", acme, url.Values{"portal_name": {"The portal"}}), look: page("mia", "~/projects"), after: "The portal"},
	{column: "tenants.welcome", set: saveSettings("dana", acme, url.Values{"welcome": {"Good to have you here"}}), look: page("mia", "~/"), after: "Good to have you here"},
	{column: "tenants.accent", set: saveSettings("dana", acme, url.Values{"accent": {"#224466"}, "accent_shown": {"#15505c"}}), look: page("mia", "~/projects"), after: "/brand-"},
	{column: "tenants.mail_name", set: saveSettings("dana", acme, url.Values{"mail_name": {"The senders"}}), look: mailSender, after: "The senders"},
	{column: "tenants.logo_id", set: setLogo, look: page("mia", "~/projects"), after: `src="/logo/`},
	{column: "tenants.forgets_names", set: saveSettings("dana", acme, url.Values{"forgets_names": {"on"}}), look: forgottenName, before: "Gone", after: "Former member"},
	{column: "tenants.people_by_client", set: post("dana", "~/members/by-client", nil), look: page("mia", "~/members"), before: "Invite someone", after: ""},
	{column: "tenants.support_asks", set: post("mia", "~/support/asking", url.Values{"asks": {"on"}}), look: requestsAllowed, before: "false", after: "true"},
	{column: "tenants.plan", set: setPlan, look: page("dana", "~/usage"), after: "Growth"},
	{column: "tenants.state", set: suspend, look: page("mia", "~/projects"), after: "This portal is paused"},
	{column: "users.name", set: post("mia", "/account/name", url.Values{"name": {"Mia Renamed"}}), look: page("mia", "/account"), after: "Mia Renamed"},
	{column: "users.time_zone", set: post("leo", "/account/dates", url.Values{"time_zone": {"Pacific/Kiritimati"}, "locale": {"de-DE"}}), look: clock, before: "UTC", after: "14 hours later"},
	{column: "users.locale", set: post("leo", "/account/dates", url.Values{"time_zone": {"UTC"}, "locale": {"de-DE"}}), look: dueDay, after: `lang="de`},
}

// noSettings are the columns that may change and that nobody sets, and why.
var noSettings = map[string]string{
	"tenants.bin_held_until":  "an agency that paid again",
	"tenants.deleting_at":     "deleting a tenant, by the operator",
	"tenants.discarded_at":    "deleting a client that nobody used",
	"tenants.read_only_since": "an agency that doesn't pay in time",
	"tenants.slug":            "deleting a client that nobody used frees its address",
	"users.disabled_at":       "support agents and erased people",
	"users.email":             "erasing a person",
	"users.forgotten_at":      "erasing a person",
	"users.links_by_address":  "how the first sign-in at a provider finds a person; it ends with it",
}

func post(by, path string, form url.Values) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		t.Helper()
		want(t, "set", d.as(t, d.persona(by)).post(t, strings.ReplaceAll(path, "~", d.base), form), http.StatusSeeOther)
	}
}

func setLogo(t *testing.T, d *desk) {
	t.Helper()
	want(t, "logo", d.as(t, d.Dana).sendLogo(t, d.Acme, thumbnailtest.PNG(t, thumbnailtest.TwoHalves(40, 40))), http.StatusSeeOther)
}

func setPlan(t *testing.T, d *desk) {
	t.Helper()
	client := d.Member(t, d.Mia, d.Acme).TenantID().String()
	storetest.Plan(t, d.Acme, "starter")
	want(t, "plan", d.as(t, d.Dana).post(t, "/w/"+d.Agency+"/clients/"+client+"/plan", url.Values{"plan": {"growth"}}), http.StatusSeeOther)
}

func suspend(t *testing.T, d *desk) {
	t.Helper()
	client := d.Member(t, d.Mia, d.Acme).TenantID().String()
	want(t, "suspend", d.as(t, d.Dana).post(t, "/w/"+d.Agency+"/clients/"+client+"/suspend", nil), http.StatusSeeOther)
}

// mailSender is the sender's name of a sign-in mail to one of the workspace's people.
func mailSender(t *testing.T, d *desk) string {
	t.Helper()
	flow, err := storetest.DB().BeginMailFlow(t.Context(), store.Secret(store.NewID().String()), d.Mia, "/")
	if err != nil {
		t.Fatal(err)
	}
	b, err := storetest.DB().MailBrand(t.Context(), flow, store.MailPlace{})
	if err != nil {
		t.Fatal(err)
	}
	return frame.OrZero(b.MailName)
}

// forgottenName is what the workspace calls somebody who was there and was erased.
func forgottenName(t *testing.T, d *desk) (name string) {
	t.Helper()
	email := store.NewID().String() + "@gone.test"
	var id uuid.UUID
	err := storetest.DB().Write(t.Context(), d.Member(t, d.Dana, d.Acme), func(tx *store.Tx) (err error) {
		id, err = tx.AddPerson(t.Context(), store.NewPerson{Name: "Gone", Email: email, Party: store.PartyClient, Role: store.RoleViewer})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, storetest.Superuser(t), `select lookup.forget_address($1, $2)`, email, store.NewID())
	err = storetest.Superuser(t).QueryRow(t.Context(), `select m.name from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1 and m.user_id = $2`, d.Acme, id).Scan(&name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

var shownTime = regexp.MustCompile(`<time datetime="([^"]+)"[^>]*>[^<]*?(\d{1,2}):(\d{2})`)

// clock says how the first time on Leo's account page differs from UTC.
func clock(t *testing.T, d *desk) string {
	t.Helper()
	found := shownTime.FindStringSubmatch(page("leo", "/account")(t, d))
	if found == nil {
		t.Fatal("his account shows no time")
	}
	at, err := time.Parse(time.RFC3339, found[1])
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%02s:%s", found[2], found[3]) == at.UTC().Format("15:04") {
		return "UTC"
	}
	return fmt.Sprintf("%d hours later", (24+atoi(t, found[2])-at.UTC().Hour())%24)
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// dueDay is a list in which Leo sees a due day.
func dueDay(t *testing.T, d *desk) string {
	t.Helper()
	project := url.Values{"name": {"Dated"}, "due": {"2100-03-02"}, "visible": {"on"}}
	want(t, "a project", d.as(t, d.Dana).post(t, d.base+"/projects", project), http.StatusSeeOther)
	return page("leo", "~/projects")(t, d)
}

func requestsAllowed(t *testing.T, d *desk) string {
	t.Helper()
	var may bool
	if err := storetest.DB().Read(t.Context(), d.Member(t, d.Mia, d.Acme), store.AccessRequestsAllowed(&may)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(may)
}

// Every setting changes something that somebody sees elsewhere. A column of a workspace or
// of a person that may be changed has a row here, or a reason why it is no setting.
func TestEverySettingHasAnEffect(t *testing.T) {
	t.Parallel()
	for _, s := range settings {
		t.Run(s.column, func(t *testing.T) {
			t.Parallel()
			d := setupDesk(t)
			before := s.look(t, d)
			if s.before != "" && !strings.Contains(before, s.before) {
				t.Errorf("before, it lacks %q: %.300s", s.before, before)
			}
			if s.after != "" && strings.Contains(before, s.after) {
				t.Fatalf("before, it has %q already", s.after)
			}
			s.set(t, d)
			after := s.look(t, d)
			if s.after != "" && !strings.Contains(after, s.after) {
				t.Errorf("it has no effect: %q is missing", s.after)
			}
			if s.before != "" && strings.Contains(after, s.before) {
				t.Errorf("it has no effect: %q is still there", s.before)
			}
		})
	}
	rows, err := storetest.Admin(t).Query(t.Context(), `
		select distinct table_name || '.' || column_name
		from information_schema.column_privileges
		where grantee in ('portico_app', 'portico_lookup') and privilege_type = 'UPDATE' and table_schema = 'public'
		  and table_name in ('tenants', 'users')
		order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if noSettings[c] == "" && !slices.ContainsFunc(settings, func(s setting) bool { return s.column == c }) {
			t.Errorf("%s may be changed: add its effect to settings, or say in noSettings why it is none", c)
		}
	}
	if len(columns) < len(settings) {
		t.Errorf("%d columns and %d settings", len(columns), len(settings))
	}
}

// Picking a colour is choosing it. Saving without touching it inherits it still, and a
// chosen one can be given up.
func TestPickingAColourIsChoosingIt(t *testing.T) {
	t.Parallel()
	a, s := storetest.Agency(t), newSite(t)
	dana := s.as(t, a.Dana)
	accent := func() (own string) {
		t.Helper()
		if err := storetest.Admin(t).QueryRow(t.Context(), `select coalesce(accent, '') from tenants where slug = $1`, a.Acme).Scan(&own); err != nil {
			t.Fatal(err)
		}
		return own
	}
	first := accent()
	for _, c := range []struct {
		what string
		form url.Values
		want string
	}{
		{"given up", url.Values{"accent": {"#224466"}, "own_accent": {"on"}, "no_accent": {"on"}}, ""},
		{"untouched, inherited", url.Values{"accent": {"#15505c"}, "accent_shown": {"#15505c"}}, ""},
		{"picked", url.Values{"accent": {"#224466"}, "accent_shown": {"#15505c"}}, "#224466"},
		{"untouched, own", url.Values{"accent": {"#224466"}, "accent_shown": {"#224466"}, "own_accent": {"on"}}, "#224466"},
		{"picked again", url.Values{"accent": {"#335577"}, "accent_shown": {"#224466"}, "own_accent": {"on"}}, "#335577"},
		{"in capitals", url.Values{"accent": {"#AABBCC"}, "accent_shown": {"#335577"}, "own_accent": {"on"}}, "#aabbcc"},
		{"given up at last", url.Values{"accent": {"#AABBCC"}, "accent_shown": {"#aabbcc"}, "own_accent": {"on"}, "no_accent": {"on"}}, ""},
		{"no colour in the form", url.Values{}, ""},
	} {
		c.form.Set("name", "Acme")
		want(t, c.what, dana.post(t, "/w/"+a.Acme+"/settings", c.form), http.StatusSeeOther)
		if got := accent(); got != c.want {
			t.Errorf("%s: the colour is %q, want %q (first %q)", c.what, got, c.want, first)
		}
	}
	page := dana.get(t, "/w/"+a.Acme+"/settings")
	has(t, "the settings", page, `name="accent_shown"`)
	hasNot(t, "the settings", page, "Use this colour", `name="no_accent"`)
}
