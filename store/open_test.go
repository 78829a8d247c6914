package store_test

import (
	"context"
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// allReads are all reads of the store, and those of the tenant's work by its ids.
func allReads(b fileBundle) (names []string, reads []store.Read) {
	all := readsToExplain()
	all["by id"] = []store.Read{
		store.GetProject(b.project, new(store.Project)), store.ListDeliverables(b.project, store.Current, new([]store.DeliverableLine)),
		store.GetDeliverable(b.deliverable, new(store.Deliverable)), store.ListVersions(b.deliverable, new([]store.Version)),
		store.GetVersion(b.draft, new(store.Version)), store.ListFilesOf(b.deliverable, new([]store.File)),
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, r := range all[name] {
			names, reads = append(names, name), append(reads, r)
		}
	}
	return names, reads
}

// publishedFile is a tenant whose client was shown a version with a file.
func publishedFile(t *testing.T) (*storetest.Tenants, fileBundle) {
	t.Helper()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "poster.txt")
	must(t, b.publish(t, 1))
	return b.Tenants, b
}

// sameAnswer fails the test if the plain case of who is asking answers anything but what
// the long way answers.
func sameAnswer(t *testing.T, c store.Credentials) {
	t.Helper()
	if c.Token == nil {
		return
	}
	hash := sha256.Sum256(c.Token[:])
	var answers [2]map[string]any
	for i, plain := range []bool{false, true} {
		tx, err := storetest.AdminPool().Begin(t.Context())
		must(t, err)
		if !plain { // after five minutes it is none
			_, err := tx.Exec(t.Context(), `update sessions set last_used_at = last_used_at - interval '6 minutes' where token_hash = $1`, hash[:])
			must(t, err)
		}
		must(t, tx.QueryRow(t.Context(), `select to_jsonb(w) - 'opened' from lookup.who_is_asking($1, $2, $3, $4, true) w`,
			hash[:], c.Host, c.Slug, c.Domain).Scan(&answers[i]))
		must(t, tx.Rollback(t.Context()))
	}
	for column, want := range answers[0] {
		if got := answers[1][column]; !reflect.DeepEqual(got, want) {
			t.Errorf("the plain case answers %v for %s, want %v", got, column, want)
		}
	}
}

// letsIn opens a page with all reads, and reports whether the database set a scope. If not,
// it fails the test for each read that shows anything.
func letsIn(t *testing.T, b fileBundle, c store.Credentials) bool {
	t.Helper()
	sameAnswer(t, c)
	names, reads := allReads(b)
	opened, values, err := storetest.DB().OpenForTest(t.Context(), c, uuid.New(), reads...)
	must(t, err)
	if opened {
		return true
	}
	// A store.Member that nobody made has no scope.
	want, err := storetest.DB().ReadForTest(t.Context(), store.Member{}, reads...)
	must(t, err)
	for i := range reads {
		if !reflect.DeepEqual(values[i], want[i]) {
			t.Errorf("%s shows %v though there is no scope", names[i], values[i])
		}
	}
	return false
}

// Whatever a tenant, a person and their session hold, the plain case of who is asking
// answers it as the long way does.
func TestPlainCaseAnswersAlike(t *testing.T) {
	t.Parallel()
	a, b := publishedFile(t)
	admin := storetest.AdminPool()
	alone := storetest.Agency(t)
	for _, sql := range []string{
		`update tenants set accent = '#112233', portal_name = 'The portal', welcome = 'Hello' where slug = $1`,
		`update users set time_zone = 'Asia/Tokyo', locale = 'de-DE', name = 'Another name' where id in (select user_id from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1)`,
		`update sessions set stepped_up_at = now() where user_id in (select user_id from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1)`,
		`update sessions set stepped_up_at = now() + interval '1 hour' where user_id in (select user_id from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1)`,
		`update sessions set last_used_at = now() - interval '4 minutes' where user_id in (select user_id from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1)`,
		`update memberships set unread = 3, last_place = '/projects', seen_before_at = now(), used_at = now() - interval '1 day' where tenant_id = (select id from tenants where slug = $1)`,
		`insert into domains (host, tenant_id, verified_at, proved_at, pointing) select 'portal.' || slug || '.test', id, now(), now(), 'there' from tenants where slug = $1`,
	} {
		for _, who := range []struct{ person, tenant string }{{a.Dana, a.Acme}, {a.Mia, a.Acme}, {a.Leo, a.Acme}, {a.Dana, a.Agency}, {alone.Gus, alone.Globex}, {a.Gus, a.Acme}} {
			token := storetest.SignIn(t, who.person)
			tag, err := admin.Exec(t.Context(), sql, who.tenant)
			must(t, err)
			if tag.RowsAffected() == 0 {
				t.Errorf("nothing to change in %s: %s", who.tenant, sql)
			}
			letsIn(t, b, store.Credentials{Token: &token, Slug: who.tenant})
			if strings.Contains(sql, "into domains") {
				_, err := admin.Exec(t.Context(), `delete from domains where host = 'portal.' || $1 || '.test'`, who.tenant)
				must(t, err)
			}
		}
	}
}

// A page that is opened shows a member exactly what its reads show them.
func TestOpenedPageShowsWhatItsReadsShow(t *testing.T) {
	t.Parallel()
	a, b := publishedFile(t)
	storetest.Deliverable(t, b.dana, storetest.Project(t, b.dana, "Secret"), "Draft")
	names, reads := allReads(b)
	for _, who := range []struct{ person, tenant string }{{a.Dana, a.Acme}, {a.Mia, a.Acme}, {a.Dana, a.Agency}, {a.Gus, a.Globex}, {a.Dana, a.Globex}} {
		token := storetest.SignIn(t, who.person)
		c := store.Credentials{Token: &token, Slug: who.tenant}
		v, err := storetest.DB().Identify(t.Context(), c)
		must(t, err)
		me, _ := v.Member()
		want, err := storetest.DB().ReadForTest(t.Context(), me, reads...)
		must(t, err)
		sameAnswer(t, c)
		opened, got, err := storetest.DB().OpenForTest(t.Context(), c, me.TenantID(), reads...)
		must(t, err)
		if !opened {
			t.Errorf("%s isn't let into %s", who.person, who.tenant)
			continue
		}
		for i := range reads {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%s in %s: opened, %s shows %v; alone it shows %v", who.person, who.tenant, names[i], got[i], want[i])
			}
		}
	}
}

// Only a member in person of an active tenant gets a scope with the answer to who is asking.
// For everybody else no read of the same round trip shows anything.
func TestOpenShowsNothingWithoutMembership(t *testing.T) {
	t.Parallel()
	admin := storetest.AdminPool()
	run := func(t *testing.T, sql string, args ...any) {
		t.Helper()
		tag, err := admin.Exec(t.Context(), sql, args...)
		must(t, err)
		if tag.RowsAffected() == 0 {
			t.Fatalf("%s changes nothing", sql)
		}
	}
	hash := func(token store.Token) []byte { sum := sha256.Sum256(token[:]); return sum[:] }
	for name, lose := range map[string]func(*testing.T, *storetest.Tenants, *store.Credentials, store.Member){
		"no session": func(_ *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) { c.Token = nil },
		"another token": func(_ *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) {
			c.Token = &store.Token{1}
		},
		"another tenant": func(_ *testing.T, a *storetest.Tenants, c *store.Credentials, _ store.Member) { c.Slug = a.Globex },
		"no tenant":      func(_ *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) { c.Slug = "" },
		"unknown tenant": func(_ *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) { c.Slug = "nobody" },
		"another host": func(_ *testing.T, a *storetest.Tenants, c *store.Credentials, _ store.Member) {
			c.Host = a.Acme + ".portals.test"
		},
		"unknown domain": func(_ *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) {
			c.Slug, c.Domain = "", "work.acme.test"
		},
		"expired session": func(t *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) {
			run(t, `update sessions set expires_at = now() where token_hash = $1`, hash(*c.Token))
		},
		"idle session": func(t *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) {
			run(t, `update sessions set last_used_at = now() - interval '13 hours' where token_hash = $1`, hash(*c.Token))
		},
		"signed out": func(t *testing.T, _ *storetest.Tenants, c *store.Credentials, _ store.Member) {
			run(t, `delete from sessions where token_hash = $1`, hash(*c.Token))
		},
		"session on a tenant's host": func(t *testing.T, a *storetest.Tenants, c *store.Credentials, me store.Member) {
			run(t, `update sessions set host = $2, host_tenant_id = $3, host_party = 'client' where token_hash = $1`, hash(*c.Token), a.Acme+".portals.test", me.TenantID())
		},
		"disabled person": func(t *testing.T, _ *storetest.Tenants, _ *store.Credentials, me store.Member) {
			run(t, `update users set disabled_at = now() where id = $1`, me.ID())
		},
		"ended membership": func(t *testing.T, _ *storetest.Tenants, _ *store.Credentials, me store.Member) {
			run(t, `update memberships set ended_at = now() where tenant_id = $1 and user_id = $2`, me.TenantID(), me.ID())
		},
		"suspended tenant": func(t *testing.T, _ *storetest.Tenants, _ *store.Credentials, me store.Member) {
			run(t, `update tenants set state = 'suspended' where id = $1`, me.TenantID())
		},
		"suspended agency": func(t *testing.T, _ *storetest.Tenants, _ *store.Credentials, me store.Member) {
			run(t, `update tenants set state = 'suspended' where id = (select agency_id from tenants where id = $1)`, me.TenantID())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := publishedFile(t)
			token := storetest.SignIn(t, a.Mia)
			c := store.Credentials{Token: &token, Slug: a.Acme}
			if !letsIn(t, b, c) {
				t.Fatal("she is not let in before")
			}
			lose(t, a, &c, a.Member(t, a.Mia, a.Acme))
			if letsIn(t, b, c) {
				t.Error("there is still a scope")
			}
		})
	}
}

// A support session, and staff who view as a client, get no scope with the answer to who is
// asking: the route is checked and the view recorded before anything is read.
func TestOpenShowsNothingToSupport(t *testing.T) {
	t.Parallel()
	a, b := publishedFile(t)
	token := storetest.SignIn(t, a.Dana)
	c := store.Credentials{Token: &token, Slug: a.Acme}
	v, err := storetest.DB().Identify(t.Context(), c)
	must(t, err)
	dana, _ := v.Member()
	if !letsIn(t, b, c) {
		t.Fatal("she is not let in as herself")
	}
	must(t, storetest.DB().ViewAs(t.Context(), dana, a.Member(t, a.Mia, a.Acme).ID()))
	if letsIn(t, b, c) {
		t.Error("a page is opened as the client")
	}
	must(t, storetest.DB().StopSupport(t.Context(), storetest.Person(t, token)))
	if !letsIn(t, b, c) {
		t.Error("she is not let in afterwards")
	}
}

// The scope lasts for one round trip, allows no change, and can't follow another.
func TestOpenedScopeEnds(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token := storetest.SignIn(t, a.Dana)
	sum := sha256.Sum256(token[:])
	conn := storetest.App(t)
	const who = `select opened from lookup.who_is_asking($1, '', $2, '', true)`
	open := func(t *testing.T, slug string, then string) (err error) {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
		var opened bool
		must(t, tx.QueryRow(t.Context(), who, sum[:], slug).Scan(&opened))
		if !opened {
			t.Fatal("she is not let in")
		}
		_, err = tx.Exec(t.Context(), then)
		return err
	}
	must(t, open(t, a.Acme, `select id from projects`))
	for _, change := range []string{
		`insert into projects (tenant_id, id, name, position) values (nullif(current_setting('app.tenant_id'), '')::uuid, gen_random_uuid(), 'x', 1)`,
		`set local transaction_read_only = off`,
	} {
		if open(t, a.Acme, change) == nil {
			t.Errorf("it allows %s", change)
		}
	}
	tx, err := conn.Begin(t.Context())
	must(t, err)
	var opened bool
	must(t, tx.QueryRow(t.Context(), who, sum[:], a.Acme).Scan(&opened))
	if err := tx.QueryRow(t.Context(), who, sum[:], a.Globex).Scan(&opened); err == nil {
		t.Error("a second tenant is opened in one transaction")
	}
	must(t, tx.Rollback(t.Context()))
	for _, end := range []string{"commit", "rollback"} {
		tx, err := conn.Begin(t.Context())
		must(t, err)
		must(t, tx.QueryRow(t.Context(), who, sum[:], a.Acme).Scan(&opened))
		if end == "commit" {
			must(t, tx.Commit(t.Context()))
		} else {
			must(t, tx.Rollback(t.Context()))
		}
		var left string
		must(t, conn.QueryRow(t.Context(), `select concat_ws('', current_setting('app.tenant_id', true), current_setting('app.user_id', true),
			current_setting('app.actor_id', true), current_setting('app.party', true))`).Scan(&left))
		if left != "" {
			t.Errorf("after %s the connection keeps %q", end, left)
		}
	}
}

// What the store remembers of somebody's last visit decides only which reads are sent. After
// a change of role or a loss of access they get the answer of today.
func TestOpenAnswersForTheStandingOfToday(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token := storetest.SignIn(t, a.Dana)
	c := store.Credentials{Token: &token, Slug: a.Acme}
	var asked []store.Standing
	var team int
	open := func() (store.Member, bool) {
		t.Helper()
		v, err := storetest.DB().Open(t.Context(), c, func(at store.Standing) []store.Read {
			asked = append(asked, at)
			if at.Party == store.PartyClient {
				return nil
			}
			reads := []store.Read{store.CountTeam(&team)}
			if at.May(store.EditWork) {
				reads = append(reads, store.ClientManagesPeople(new(bool)))
			}
			return reads
		})
		must(t, err)
		me, _ := v.Member()
		answered, err := me.Answered()
		must(t, err)
		return me, answered
	}
	_, answered := open()
	if answered || team != 0 {
		t.Error("the first visit is answered as if she were a client user")
	}
	asked = nil
	me, answered := open()
	if !answered || team == 0 || len(asked) != 1 || asked[0] != me.Standing() {
		t.Errorf("the second visit: answered %v, team %d, asked for %v", answered, team, asked)
	}
	setRole := func(role store.Role) {
		t.Helper()
		_, err := storetest.AdminPool().Exec(t.Context(), `update memberships set role = $3 where tenant_id = $1 and user_id = $2`, me.TenantID(), me.ID(), role)
		must(t, err)
	}
	setRole(store.RoleViewer)
	if me, answered = open(); answered || me.Role != store.RoleViewer {
		t.Errorf("as a viewer now: answered %v, role %s", answered, me.Role)
	}
	if me, answered = open(); !answered || asked[len(asked)-1].Role != store.RoleViewer {
		t.Errorf("as a viewer again: answered %v, asked for %v", answered, asked)
	}
	_, err := storetest.AdminPool().Exec(t.Context(), `update memberships set ended_at = $3 where tenant_id = $1 and user_id = $2`, me.TenantID(), me.ID(), time.Now())
	must(t, err)
	team = 0
	if _, answered = open(); answered || team != 0 {
		t.Errorf("after leaving: answered %v, team %d", answered, team)
	}
	if storetest.DB().LastVisitForTest(c) {
		t.Error("the visit of somebody who left is remembered")
	}
}

// While the browser's support session is over but not stopped, no scope is set in any
// tenant. The page must not take unread results for empty ones.
func TestOpenIsNotAnsweredWithoutScope(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token := storetest.SignIn(t, a.Dana)
	globex := store.Credentials{Token: &token, Slug: a.Globex}
	answered := func() bool {
		t.Helper()
		var team int
		v, err := storetest.DB().Open(t.Context(), globex, func(store.Standing) []store.Read { return []store.Read{store.CountTeam(&team)} })
		must(t, err)
		me, ok := v.Member()
		if !ok {
			t.Fatal("she is no member")
		}
		answered, err := me.Answered()
		must(t, err)
		if answered && team == 0 {
			t.Error("answered, and nothing was read")
		}
		return answered
	}
	if !answered() {
		t.Fatal("her visit isn't answered")
	}
	v, err := storetest.DB().Identify(t.Context(), store.Credentials{Token: &token, Slug: a.Acme})
	must(t, err)
	dana, _ := v.Member()
	must(t, storetest.DB().ViewAs(t.Context(), dana, a.Member(t, a.Mia, a.Acme).ID()))
	_, err = storetest.AdminPool().Exec(t.Context(), `update support_sessions set ended_at = now(), ended_how = 'revoked' where actor_id = $1 and ended_at is null`, dana.ID())
	must(t, err)
	if answered() {
		t.Error("it is answered while the session is over")
	}
}
