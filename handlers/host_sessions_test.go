package handlers_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"portico/e2e/storetest"
)

// A session on a tenant's host is compared with the present at every request: the host
// must still name the same tenant, by the same claim verified since before, and the person
// must have the same party there. What a hand-over decided before it was used is decided
// again. Afterwards a new hand-over lets the rightful person in.
func TestHostSessionsEndWhenTheirReasonDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const remove = `delete from domains where host = @host`
	for what, c := range map[string]struct {
		who, at string // the person, and "domain of the client", "domain of the agency" or "slug"
		change  []string
		status  int    // of the old session
		spent   int    // of a hand-over that was begun before
		next    string // who then gets in by a new hand-over; "" for nobody
	}{
		"the agency removes its domain and a client proves it": {"dana", "agency", []string{remove, `insert into domains (host, tenant_id, verified_at) select @host, id, now() from tenants where slug = @acme`}, 302, 410, "mia"},
		"another agency proves it":                             {"dana", "agency", []string{remove, `insert into domains (host, tenant_id, verified_at) select @host, id, now() from tenants where slug = @other`}, 302, 410, ""},
		"it is removed":                                        {"dana", "agency", []string{remove}, 404, 404, ""},
		"it is removed and claimed again":                      {"dana", "agency", []string{remove, `insert into domains (host, tenant_id, verified_at) select @host, id, now() from tenants where slug = @agency`}, 302, 410, "dana"},
		"it lapsed and was verified again":                     {"mia", "client", []string{`update domains set verified_at = null where host = @host`, `update domains set verified_at = now() where host = @host`}, 302, 302, "mia"},
		"it lapsed":                                            {"mia", "client", []string{`update domains set verified_at = null where host = @host`}, 404, 404, ""},
		"a client's domain moves to the agency":                {"mia", "client", []string{`update domains set tenant_id = (select id from tenants where slug = @agency) where host = @host`}, 302, 410, "dana"},
		"a person of the client becomes staff":                 {"mia", "client", []string{`update memberships set party = 'agency' where email = @mia`}, 302, 410, ""},
		"the same under our domain":                            {"mia", "slug", []string{`update memberships set party = 'agency' where email = @mia`}, 302, 410, "mia"},
		"staff become a person of the client":                  {"dana", "slug", []string{`update memberships set party = 'client' where tenant_id = (select id from tenants where slug = @acme) and email = @dana`}, 302, 410, "dana"},
		"their membership ends":                                {"mia", "client", []string{`update memberships set ended_at = now() where email = @mia`}, 404, 410, ""},
		"they are disabled":                                    {"mia", "client", []string{`update users set disabled_at = now() where email = @mia`}, 302, 410, ""},
		"the main session ends":                                {"mia", "client", []string{`delete from sessions where parent_id is null and user_id = (select id from users where email = @mia)`}, 302, 410, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a, other := storetest.Agency(t), storetest.Agency(t)
			admin := storetest.Admin(t)
			host := "own-" + a.Suffix + ".example.test"
			slug := map[string]string{"agency": a.Agency, "client": a.Acme}[c.at]
			if c.at == "slug" {
				host = a.Acme + ".portals.test"
			} else {
				run(t, admin, `insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, host, slug)
			}
			email := map[string]string{"mia": a.Mia, "dana": a.Dana}
			in, begun := s.hostBrowser(), s.hostBrowser()
			in.signIn(t, email[c.who])
			_, path := in.handOver(t, in.leave(t, host, "/"))
			want(t, "handed over", in.get(t, host, path), http.StatusSeeOther)
			want(t, "inside", in.get(t, host, "/"), http.StatusOK)
			begun.signIn(t, email[c.who])
			_, path = begun.handOver(t, begun.leave(t, host, "/"))

			for _, sql := range c.change {
				run(t, admin, sql, pgx.NamedArgs{"host": host, "acme": a.Acme, "agency": a.Agency, "other": other.Acme, "mia": a.Mia, "dana": a.Dana})
			}
			old := in.get(t, host, "/")
			want(t, "the old session", old, c.status)
			hasNot(t, "the old session", old, "Mia "+a.Suffix, "Dana "+a.Suffix, "data-refused")
			_, old.body = splitError(old.body) // around it is the brand of the host
			hasNot(t, "the old session", old, "Acme "+a.Suffix, "Northwind "+a.Suffix)
			if spent := begun.get(t, host, path); c.spent == 302 {
				// The claim is the same, so the hand-over is good and opens a new session.
				want(t, "the hand-over begun before", spent, http.StatusSeeOther)
			} else {
				want(t, "the hand-over begun before", spent, c.spent)
			}
			if c.next == "" {
				return
			}
			next := s.hostBrowser()
			next.signIn(t, email[c.next])
			_, path = next.handOver(t, next.leave(t, host, "/"))
			want(t, "handed over again", next.get(t, host, path), http.StatusSeeOther)
			want(t, "inside again", next.get(t, host, "/"), http.StatusOK)
		})
	}
}
