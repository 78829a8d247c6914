package store_test

import (
	"crypto/sha256"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Nobody can erase another person: not by id, because no function of the app takes
// one, not with their cookie, not by changing their rows, and not in a support
// session as them.
func TestOnlyThePersonErasesThemselves(t *testing.T) {
	t.Parallel()
	a, app := storetest.Agency(t), storetest.App(t)
	token := storetest.StepUp(t, storetest.SignIn(t, a.Leo))
	leo := a.Member(t, a.Leo, a.Acme)
	sum := sha256.Sum256(token[:])
	dana := a.Member(t, a.Dana, a.Acme)
	var before, after string
	state := `select concat(u, m, (select count(*) from sessions where user_id = u.id)) from users u join memberships m on m.user_id = u.id where u.id = $1`
	look(t, &before, state, leo.ID())
	for what, c := range map[string]struct {
		sql  string
		args []any
	}{
		"the deed itself":         {`select lookup.forget($1, $2, $1, $3, '')`, []any{leo.ID(), a.Leo, store.NewID()}},
		"the operator's":          {`select lookup.forget_address($1, $2)`, []any{a.Leo, store.NewID()}},
		"whose they are alone":    {`select lookup.owned_alone($1)`, []any{leo.ID()}},
		"the person's row":        {`update users set forgotten_at = now(), disabled_at = now(), email = null where id = $1`, []any{leo.ID()}},
		"what signs them in":      {`delete from passkeys where user_id = $1`, []any{leo.ID()}},
		"their identities":        {`delete from identities where user_id = $1`, []any{leo.ID()}},
		"what they did of theirs": {`update account_events set detail = '{}' where user_id = $1`, []any{leo.ID()}},
	} {
		if _, err := try(t, app, &dana, c.sql, c.args...); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", what, err)
		}
	}
	said := func(me store.Member, support string) (verdict string) {
		tx, err := app.Begin(t.Context())
		must(t, err)
		defer func() { must(t, tx.Rollback(t.Context())) }()
		as(t, tx, me)
		_, err = tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true)`, support)
		must(t, err)
		must(t, tx.QueryRow(t.Context(), `select lookup.forget_me($1, $2, '')`, sum[:], store.NewID()).Scan(&verdict))
		return verdict
	}
	if got := said(dana, ""); got != "no_step_up" {
		t.Errorf("Dana with Leo's cookie: %s", got)
	}
	if got := said(leo, uuid.NewString()); got != "inside" {
		t.Errorf("an agent in a support session as Leo: %s", got)
	}
	if got := said(leo, ""); got != "ok" {
		t.Errorf("Leo himself: %s", got)
	}
	look(t, &after, state, leo.ID())
	if before != after {
		t.Errorf("Leo was %s and is %s", before, after)
	}
}

// Only the person, and not support, reads which workspaces they would leave.
func TestWorkspacesToLeaveArePrivate(t *testing.T) {
	t.Parallel()
	b := setupSupport(t).grantAccess(t)
	b.startAs(t, b.mia.ID())
	app := storetest.App(t)
	rows := func(me *store.Member, support string) (n int) {
		tx, err := app.Begin(t.Context())
		must(t, err)
		defer func() { must(t, tx.Rollback(t.Context())) }()
		if me != nil {
			as(t, tx, *me)
		}
		_, err = tx.Exec(t.Context(), `select set_config('app.support_session_id', $1, true)`, support)
		must(t, err)
		must(t, tx.QueryRow(t.Context(), `select count(*) from lookup.my_leaving()`).Scan(&n))
		return n
	}
	leo := b.Member(t, b.Leo, b.Acme)
	if mias, leos, nobodys, supports := rows(&b.mia, ""), rows(&leo, ""), rows(nil, ""), rows(&b.mia, uuid.NewString()); mias != 1 || leos != 1 || nobodys+supports != 0 {
		t.Errorf("Mia is told of %d, Leo of %d, nobody of %d, support of %d", mias, leos, nobodys, supports)
	}
}
