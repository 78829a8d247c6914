package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// people lists whom the agent may view as in Acme, in the browser with that session.
// With an error it must list nobody.
func (b *supportBundle) people(t *testing.T, me store.Person) ([]store.SupportTarget, error) {
	t.Helper()
	listed, err := b.db.ListSupportTargets(t.Context(), me, b.ask(b.Acme, uuid.Nil))
	if err != nil && len(listed) > 0 {
		t.Errorf("%d people are listed beside %v", len(listed), err)
	}
	return listed, err
}

// Each condition of listing people is asked when they are listed: without it nobody is,
// and the tenant's trail says why. With it again they are listed.
func TestPeopleAreNotListedWhere(t *testing.T) {
	t.Parallel()
	const grants = `update support_grants set `
	for what, c := range map[string]struct {
		off, on string
		want    error
		why     string
	}{
		"the tenant is suspended": {`update tenants set state = 'suspended' where id = :acme`,
			`update tenants set state = 'active' where id = :acme`, store.ErrForbidden, "no_grant"},
		"the tenant is archived": {`update tenants set state = 'archived' where id = :acme`,
			`update tenants set state = 'active' where id = :acme`, store.ErrForbidden, "no_grant"},
		"its agency is suspended": {`update tenants set state = 'suspended' where slug = :agency`,
			`update tenants set state = 'active' where slug = :agency`, store.ErrForbidden, "no_grant"},
		"its agency is archived": {`update tenants set state = 'archived' where slug = :agency`,
			`update tenants set state = 'active' where slug = :agency`, store.ErrForbidden, "no_grant"},
		"the consent ran out": {grants + `created_at = created_at - interval '2 hours', ends_at = ends_at - interval '2 hours' where tenant_id = :acme`,
			grants + `created_at = created_at + interval '2 hours', ends_at = ends_at + interval '2 hours' where tenant_id = :acme`, store.ErrForbidden, "no_grant"},
		"the consent is of the future": {grants + `created_at = created_at + interval '10 minutes' where tenant_id = :acme`,
			grants + `created_at = created_at - interval '10 minutes' where tenant_id = :acme`, store.ErrForbidden, "no_grant"},
		"the consent was replaced": {grants + `replaced_at = now() where tenant_id = :acme`,
			grants + `replaced_at = null where tenant_id = :acme`, store.ErrForbidden, "no_grant"},
		"the consent was revoked": {grants + `revoked_at = now(), revoked_by = created_by, revoked_party = party where tenant_id = :acme`,
			grants + `revoked_at = null, revoked_by = null, revoked_party = null where tenant_id = :acme`, store.ErrForbidden, "no_grant"},
		"only the sister tenant consents": {grants + `tenant_id = :globex, created_by = :gus where tenant_id = :acme`,
			grants + `tenant_id = :acme, created_by = :mia where tenant_id = :globex`, store.ErrForbidden, "no_grant"},
		"the agent is disabled": {`update support_agents set disabled_at = now() where user_id = :sam`,
			`update support_agents set disabled_at = null where user_id = :sam`, store.ErrForbidden, ""},
		"the agent's account is disabled": {`update users set disabled_at = now() where id = :sam`,
			`update users set disabled_at = null where id = :sam`, store.ErrForbidden, ""},
		"the session expired": {`update sessions set expires_at = now() where user_id = :sam`,
			`update sessions set expires_at = now() + interval '1 day' where user_id = :sam`, store.ErrStepUp, "no_step_up"},
		"the session was not used for long": {`update sessions set last_used_at = now() - interval '12 hours' where user_id = :sam`,
			`update sessions set last_used_at = now() where user_id = :sam`, store.ErrStepUp, "no_step_up"},
		"another browser stepped up": {`update sessions set stepped_up_at = case when token_hash = :token then null else now() end where user_id = :sam`,
			`update sessions set stepped_up_at = now() where user_id = :sam`, store.ErrStepUp, "no_step_up"},
		"somebody else has the session": {`update sessions set user_id = :dana where token_hash = :token`,
			`update sessions set user_id = :sam where token_hash = :token`, store.ErrStepUp, "no_step_up"},
		"the step-up is five minutes old": {`update sessions set stepped_up_at = now() - interval '5 minutes' where user_id = :sam`,
			`update sessions set stepped_up_at = now() where user_id = :sam`, store.ErrStepUp, "no_step_up"},
		"the step-up is of the future": {`update sessions set stepped_up_at = now() + interval '1 hour' where user_id = :sam`,
			`update sessions set stepped_up_at = now() where user_id = :sam`, store.ErrStepUp, "no_step_up"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := setupSupport(t).grantAccess(t)
			storetest.SignIn(t, b.agent) // another browser
			me := storetest.Person(t, b.token)
			set := strings.NewReplacer(":acme", quote(b.mia.TenantID()), ":globex", quote(b.Member(t, b.Gus, b.Globex).TenantID()),
				":gus", quote(b.Member(t, b.Gus, b.Globex).ID()), ":agency", "'"+b.Agency+"'", ":sam", quote(b.sam),
				":mia", quote(b.mia.ID()), ":dana", quote(b.dana.ID()),
				":token", `(select token_hash from sessions where id = `+quote(me.SessionID)+`)`)
			wantListed := func(times int) {
				t.Helper()
				if listed, err := b.people(t, me); err != nil || len(listed) != 4 {
					t.Errorf("%d people are listed, %v", len(listed), err)
				}
				if rows := b.trail(t, b.mia, "support.people_listed"); len(rows) != times {
					t.Errorf("the trail has %d lists, want %d", len(rows), times)
				}
			}
			wantListed(1)
			b.exec(t, set.Replace(c.off))
			_, err := b.people(t, me)
			wantErr(t, what, err, c.want)
			refused := b.trail(t, b.mia, "support.refused")
			if c.why == "" && len(refused) != 0 { // nobody of support asked
				t.Errorf("the trail says %+v", refused)
			}
			if c.why != "" && (len(refused) != 1 || refused[0].Result != "denied" || *refused[0].ActorID != b.sam || refused[0].Detail["why"] != c.why) {
				t.Errorf("the trail says %+v, want one denied %q", refused, c.why)
			}
			b.exec(t, set.Replace(c.on))
			wantListed(2)
		})
	}
}

func quote(id uuid.UUID) string { return "'" + id.String() + "'" }

// A disabled person is not listed, and neither is one whose membership ended. Both are listed
// again once that is undone. Nobody of another tenant is ever listed.
func TestPeopleWhoLeftAreNotListed(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	me, leo := storetest.Person(t, b.token), b.Member(t, b.Leo, b.Acme).ID()
	lists := func() (leoIsIn bool) {
		t.Helper()
		listed, err := b.people(t, me)
		must(t, err)
		in := func(id uuid.UUID) bool {
			return slices.ContainsFunc(listed, func(p store.SupportTarget) bool { return p.UserID == id })
		}
		if !in(b.mia.ID()) || in(b.Member(t, b.Gus, b.Globex).ID()) {
			t.Errorf("the list is %+v", listed)
		}
		return in(leo)
	}
	for what, c := range map[string][2]string{
		"a disabled person": {`update users set disabled_at = now() where id = $1`, `update users set disabled_at = null where id = $1`},
		"who left":          {`update memberships set ended_at = now() where user_id = $1`, `update memberships set ended_at = null where user_id = $1`},
	} {
		if !lists() {
			t.Errorf("before, %s is not listed", what)
		}
		b.exec(t, c[0], leo)
		if lists() {
			t.Errorf("%s is listed", what)
		}
		b.exec(t, c[1], leo)
		if !lists() {
			t.Errorf("afterwards, %s is not listed", what)
		}
	}
}
