package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

func keysOf(t *testing.T, me store.Member) (list []store.APIKey) {
	t.Helper()
	if err := storetest.DB().Read(t.Context(), me, store.ListAPIKeys(&list)); err != nil {
		t.Fatal(err)
	}
	return list
}

func identify(t *testing.T, token store.TenantToken) (store.Member, error) {
	t.Helper()
	return storetest.DB().IdentifyKey(t.Context(), token, "key-request")
}

// A key belongs to its tenant and to the side of its maker. Other tenants neither see nor
// revoke it, clients don't see the agency's, and nobody reads its hash.
func TestAPIKeysStayInTheTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	danas, id := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	dana, mia, gus, there := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex), a.Member(t, a.Dana, a.Globex)
	for who, m := range map[string]struct {
		me   store.Member
		sees int
	}{"the maker": {dana, 2}, "the client": {mia, 1}, "another tenant": {gus, 0}, "the maker elsewhere": {there, 0}} {
		if got := keysOf(t, m.me); len(got) != m.sees {
			t.Errorf("%s sees %d keys, want %d", who, len(got), m.sees)
		}
	}
	revoke := func(me store.Member) error {
		return write(t, me, func(tx *store.Tx) error { return tx.RevokeAPIKey(t.Context(), id) })
	}
	for who, me := range map[string]store.Member{"the client": mia, "another tenant": gus, "the maker elsewhere": there} {
		if err := revoke(me); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s revokes it: %v", who, err)
		}
	}
	conn := storetest.App(t)
	for who, me := range map[string]store.Member{"another tenant": gus, "the maker elsewhere": there} {
		if n, err := try(t, conn, &me, `select from api_keys where id = $1`, id); n != 0 || err != nil {
			t.Errorf("%s reads %d keys, %v", who, n, err)
		}
	}
	if _, err := try(t, conn, &dana, `select token_hash from api_keys where id = $1`, id); sqlState(err) != insufficientPrivilege {
		t.Errorf("the hash is read: %v", err)
	}
	for _, sql := range []string{
		`update api_keys set scopes = '{usage:write}' where id = $1`, `update api_keys set expires_at = now() where id = $1`,
		`update api_keys set user_id = user_id where id = $1`, `delete from api_keys where id = $1`,
		`insert into api_keys (tenant_id, id, user_id, name, token_hash, prefix, scopes, expires_at) select tenant_id, gen_random_uuid(), user_id, 'x', sha256('x'), 'xxxxxx', '{work:read}', now() from api_keys where id = $1`,
	} {
		if _, err := try(t, conn, &dana, sql, id); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if me, err := identify(t, danas); err != nil || me.ID() != dana.ID() || me.TenantID() != dana.TenantID() || !me.May(store.Publish) || me.May(store.ManageKeys) {
		t.Errorf("the key opens %+v, %v", me.Key, err)
	}
	if err := errors.Join(revoke(dana), revoke(dana)); err != nil {
		t.Error(err)
	}
	if _, err := identify(t, danas); !errors.Is(err, store.ErrNoKey) {
		t.Errorf("revoked: %v", err)
	}
}

// Two keys that work have no name in common, in capitals or not. The other side's names, and
// those of keys that don't work any more, are free.
func TestKeysOfOneSideHaveTheirOwnNames(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	make := func(me store.Member, name string) (id uuid.UUID, err error) {
		return id, write(t, me, func(tx *store.Tx) (err error) {
			_, id, err = tx.MakeAPIKey(t.Context(), store.NewAPIKey{Name: name, Scopes: []store.KeyScope{store.ScopeReadWork}, Days: 30})
			return err
		})
	}
	mia, dana := owner(t, a.Mia, a.Acme), owner(t, a.Dana, a.Acme)
	first, err := make(mia, "Render farm")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Render farm", "RENDER FARM"} {
		if _, err := make(mia, name); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, err := make(dana, "Render farm"); err != nil {
		t.Errorf("the agency's own: %v", err)
	}
	if err := write(t, mia, func(tx *store.Tx) error { return tx.RevokeAPIKey(t.Context(), first) }); err != nil {
		t.Fatal(err)
	}
	next, err := make(mia, "render farm")
	if err != nil {
		t.Errorf("after the first was revoked: %v", err)
	}
	if _, err := storetest.AdminPool().Exec(t.Context(), `update api_keys set expires_at = now() where id = $1`, next); err != nil {
		t.Fatal(err)
	}
	if _, err := make(mia, "Render farm"); err != nil {
		t.Errorf("after the second expired: %v", err)
	}
}

// A key is made in person, after a step-up, with scopes that its maker has.
func TestMakingAPIKeyNeedsAStepUp(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	make := func(me store.Member, in store.NewAPIKey) error {
		return write(t, me, func(tx *store.Tx) error {
			_, _, err := tx.MakeAPIKey(t.Context(), in)
			return err
		})
	}
	good := store.NewAPIKey{Name: "Render farm", Scopes: []store.KeyScope{store.ScopeReadWork}, Days: 30}
	if err := make(a.Member(t, a.Mia, a.Acme), good); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("without a step-up: %v", err)
	}
	mia := owner(t, a.Mia, a.Acme)
	for what, in := range map[string]store.NewAPIKey{
		"of a scope that she doesn't have": {Name: "x", Scopes: []store.KeyScope{store.ScopeDeliverWork}, Days: 30},
		"of an unknown scope":              {Name: "x", Scopes: []store.KeyScope{"work:everything"}, Days: 30},
		"without a scope":                  {Name: "x", Days: 30},
		"for ever":                         {Name: "x", Scopes: good.Scopes, Days: store.MaxKeyDays + 1},
		"for no time":                      {Name: "x", Scopes: good.Scopes},
	} {
		if err := make(mia, in); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := make(mia, good); err != nil {
		t.Error(err)
	}
	token, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	program, err := identify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	if err := make(program, good); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("a program makes a key: %v", err)
	}
	conn := storetest.App(t)
	for who, as := range map[string]func(sql string, args ...any) (int64, error){
		"a program": func(sql string, args ...any) (int64, error) { return try(t, conn, &program, sql, args...) },
		"support":   func(sql string, args ...any) (int64, error) { return trySession(t, conn, mia, sql, args...) },
	} {
		_, err := as(`insert into api_keys (tenant_id, id, name, token_hash, prefix, scopes, expires_at) values ($1, $2, 'x', sha256('x'), 'xxxxxx', '{work:read}', now())`, mia.TenantID(), uuid.New())
		if sqlState(err) != insufficientPrivilege {
			t.Errorf("%s makes a key: %v", who, err)
		}
		if n, err := as(`update api_keys set revoked_at = now()`); n != 0 || err != nil {
			t.Errorf("%s revokes %d keys, %v", who, n, err)
		}
	}
	for i := len(keysOf(t, mia)); i < store.MaxAPIKeys; i++ {
		if _, err := storetest.AdminPool().Exec(t.Context(), `
insert into api_keys (tenant_id, id, user_id, party, name, token_hash, prefix, scopes, expires_at)
select tenant_id, gen_random_uuid(), user_id, party, name, sha256($2), prefix, scopes, expires_at from api_keys where tenant_id = $1 and party = 'client' limit 1`,
			mia.TenantID(), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	more := good
	more.Name = "One too many"
	if err := make(mia, more); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("one key too many: %v", err)
	}
}

// What a program does after its key, or a right of the key's maker, has ended is refused,
// although its request began before.
func TestKeyEndsInMidRequest(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]string{
		"revoked":                  `update api_keys set revoked_at = now() where id = $1`,
		"expired":                  `update api_keys set expires_at = now() where id = $1`,
		"the maker was demoted":    `update memberships m set role = 'member' from api_keys k where k.id = $1 and m.tenant_id = k.tenant_id and m.user_id = k.user_id`,
		"the maker left":           `update memberships m set ended_at = now() from api_keys k where k.id = $1 and m.tenant_id = k.tenant_id and m.user_id = k.user_id`,
		"the maker changed sides":  `update memberships m set party = 'client' from api_keys k where k.id = $1 and m.tenant_id = k.tenant_id and m.user_id = k.user_id`,
		"the maker was disabled":   `update users u set disabled_at = now() from api_keys k where k.id = $1 and u.id = k.user_id`,
		"dated after the clock":    `update api_keys set created_at = now() + interval '10 minutes' where id = $1`,
		"nothing, so it may still": "",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := storetest.Agency(t)
			token, id := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
			me, err := identify(t, token)
			if err != nil {
				t.Fatal(err)
			}
			if end != "" {
				if _, err := storetest.AdminPool().Exec(t.Context(), end, id); err != nil {
					t.Fatal(err)
				}
			}
			err = write(t, me, func(tx *store.Tx) error {
				_, err := tx.CreateProject(t.Context(), store.ProjectInput{Name: "Made"})
				return err
			})
			if end == "" && err != nil || end != "" && !errors.Is(err, store.ErrForbidden) {
				t.Errorf("the deed: %v", err)
			}
			if _, err := identify(t, token); end != "" && what != "the maker was demoted" && !errors.Is(err, store.ErrNoKey) {
				t.Errorf("the next request: %v", err)
			}
		})
	}
}

// Whoever comes back has no key of before: neither a client user who is added again, nor
// staff who are assigned again. A key of somebody who never left goes on working.
func TestFormerKeysStayDead(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mias, _ := storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	ravis, _ := storetest.APIKey(t, a.Ravi, a.Acme, store.ScopeReadWork)
	danas, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeReadWork)
	dana, above, acme := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Dana, a.Agency), a.Member(t, a.Dana, a.Acme).TenantID()
	ravi := a.Member(t, a.Ravi, a.Acme).ID()
	for _, email := range []string{a.Mia, a.Ravi} {
		if _, err := storetest.AdminPool().Exec(t.Context(), `update memberships set ended_at = now() where tenant_id = $1 and email = $2`, acme, email); err != nil {
			t.Fatal(err)
		}
	}
	err := write(t, dana, func(tx *store.Tx) error {
		_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Mia", Email: a.Mia, Party: store.PartyClient, Role: store.RoleOwner})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := write(t, above, func(tx *store.Tx) error {
		return tx.AssignStaff(t.Context(), ravi, []uuid.UUID{acme}, store.RoleMember)
	}); err != nil {
		t.Fatal(err)
	}
	a.Member(t, a.Mia, a.Acme) // they are members again
	a.Member(t, a.Ravi, a.Acme)
	for who, token := range map[string]store.TenantToken{"Mia": mias, "Ravi": ravis} {
		if _, err := identify(t, token); !errors.Is(err, store.ErrNoKey) {
			t.Errorf("the former key of %s: %v", who, err)
		}
	}
	if _, err := identify(t, danas); err != nil {
		t.Errorf("the key of somebody who stayed: %v", err)
	}
}

// The trail names the key with which a program acted. Nobody can write another's key, or
// none, into it.
func TestTrailNamesTheKey(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token, id := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	me, err := identify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Project(t, me, "Launch")
	dana := a.Member(t, a.Dana, a.Acme)
	storetest.Project(t, dana, "By hand")
	var events []store.Activity
	if err := storetest.DB().Read(t.Context(), dana, store.ListActivity(store.ActivityFilter{Kind: "project"}, &events)); err != nil {
		t.Fatal(err)
	}
	if len(events) != 2 || events[0].KeyName != "" || !strings.HasSuffix(events[1].KeyName, " Render farm") || *events[1].ActorID != dana.ID() {
		t.Errorf("the trail: %+v", events)
	}
	conn := storetest.App(t)
	insert := `insert into audit_events (tenant_id, id, verb, api_key_id) values ($1, $2, 'project.created', $3)`
	for what, c := range map[string]struct {
		me  store.Member
		key *uuid.UUID
	}{"a person names a key": {dana, &id}, "a program names none": {me, nil}} {
		if _, err := try(t, conn, &c.me, insert, c.me.TenantID(), uuid.New(), c.key); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n, err := try(t, conn, &me, insert, me.TenantID(), uuid.New(), &id); n != 1 || err != nil {
		t.Errorf("a program names its key: %d, %v", n, err)
	}
}

// Only programs read what programs got, each side of a tenant its own.
func TestResponsesStayOnTheirSide(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	danas, _ := storetest.APIKey(t, a.Dana, a.Acme, store.ScopeDeliverWork)
	mias, _ := storetest.APIKey(t, a.Mia, a.Acme, store.ScopeReadWork)
	gus, _ := storetest.APIKey(t, a.Gus, a.Globex, store.ScopeReadWork)
	calls := 0
	once := func(token store.TenantToken, body string) (got store.Response, err error) {
		me, err := identify(t, token)
		if err != nil {
			return got, err
		}
		err = write(t, me, func(tx *store.Tx) error {
			got, err = tx.Once(t.Context(), "one", [32]byte{1}, func() (store.Response, error) {
				calls++
				return store.Response{Status: 201, Body: body}, nil
			})
			return err
		})
		return got, err
	}
	for i, token := range []store.TenantToken{danas, mias, gus} {
		if got, err := once(token, `"mine"`); err != nil || got.Repeated || calls != i+1 {
			t.Errorf("program %d: %+v, %v, %d calls", i, got, err, calls)
		}
	}
	if got, err := once(danas, `"other"`); err != nil || !got.Repeated || got.Body != `"mine"` || calls != 3 {
		t.Errorf("again: %+v, %v, %d calls", got, err, calls)
	}
	dana := a.Member(t, a.Dana, a.Acme)
	conn := storetest.App(t)
	if n, err := try(t, conn, &dana, `select from api_responses`); n != 0 || err != nil {
		t.Errorf("a person reads %d responses, %v", n, err)
	}
	program, err := identify(t, mias)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`select from api_responses where party = 'agency'`, `delete from api_responses where party = 'agency'`} {
		if n, err := try(t, conn, &program, sql); n != 0 || err != nil {
			t.Errorf("the client's program, %s: %d rows, %v", sql, n, err)
		}
	}
}
