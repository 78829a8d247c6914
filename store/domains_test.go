package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// owner returns a tenant's owner with a fresh step-up.
func owner(t *testing.T, email, slug string) store.Member {
	t.Helper()
	m, ok := storetest.Visit(t, storetest.StepUp(t, storetest.SignIn(t, email)), slug).Member()
	if !ok {
		t.Fatalf("%s is no member of %s", email, slug)
	}
	return m
}

func domainsOf(t *testing.T, me store.Member) (list []store.Domain) {
	t.Helper()
	if err := storetest.DB().Read(t.Context(), me, store.ListDomains(&list)); err != nil {
		t.Fatal(err)
	}
	return list
}

// Claiming and releasing a domain needs a step-up in that browser. Another tenant may
// claim the same domain, can't see this claim and can't change it.
func TestDomainClaimsStayInTheTenant(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	host := "portal-" + a.Suffix + ".example.org"
	mia, gus := owner(t, a.Mia, a.Acme), owner(t, a.Gus, a.Globex)
	add := func(me store.Member) error {
		return write(t, me, func(tx *store.Tx) error { return tx.AddDomain(t.Context(), me, host) })
	}
	stale := a.Member(t, a.Mia, a.Acme)
	if err := add(stale); !errors.Is(err, store.ErrStepUp) {
		t.Errorf("without a step-up: %v", err)
	}
	if err := errors.Join(add(mia), add(gus)); err != nil {
		t.Fatal(err)
	}
	if err := add(mia); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("twice: %v", err)
	}
	mine, theirs := domainsOf(t, mia), domainsOf(t, gus)
	if len(mine) != 1 || len(theirs) != 1 || mine[0].Token == theirs[0].Token || len(mine[0].Token) != 64 {
		t.Fatalf("%+v and %+v", mine, theirs)
	}
	remove := func(me store.Member, id uuid.UUID) error {
		return write(t, me, func(tx *store.Tx) error { return tx.RemoveDomain(t.Context(), me, id) })
	}
	for what, err := range map[string]error{
		"removed by another tenant": remove(gus, mine[0].ID),
		"checked by another tenant": write(t, gus, func(tx *store.Tx) error { return tx.CheckDomain(t.Context(), mine[0].ID) }),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := remove(stale, mine[0].ID); !errors.Is(err, store.ErrStepUp) || len(domainsOf(t, mia)) != 1 {
		t.Errorf("removed without a step-up: %v", err)
	}
	if err := remove(mia, mine[0].ID); err != nil || len(domainsOf(t, mia)) != 0 {
		t.Errorf("removed by its tenant: %v", err)
	}
	if err := add(mia); err != nil || domainsOf(t, mia)[0].Token == mine[0].Token {
		t.Errorf("claimed again, with the old proof: %v", err)
	}
}

// No request can mark a domain as verified or change another tenant's. Support can't
// see domains.
func TestOnlyJobsVerifyDomains(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	mia, gus := a.Member(t, a.Mia, a.Acme), a.Member(t, a.Gus, a.Globex)
	host := "portal-" + a.Suffix + ".example.org"
	if _, err := storetest.Admin(t).Exec(t.Context(), `insert into domains (host, tenant_id) values ($1, $2)`, host, mia.TenantID()); err != nil {
		t.Fatal(err)
	}
	conn := storetest.App(t)
	for _, sql := range []string{
		`update domains set verified_at = now() where host = $1`, `update domains set next_check_at = now() where host = $1`,
	} {
		if n, err := try(t, conn, &mia, sql, host); n != 0 || err != nil {
			t.Errorf("%s: %d rows, %v", sql, n, err)
		}
	}
	for _, sql := range []string{
		`insert into domains (host, tenant_id, verified_at) values ($1, '` + mia.TenantID().String() + `', now())`,
		`insert into domains (host, tenant_id, token) values ($1, '` + mia.TenantID().String() + `', 'mine')`,
		`insert into domains (host, tenant_id) values ($1, '` + gus.TenantID().String() + `')`,
		`update domains set token = 'mine' where host = $1`, `update domains set tenant_id = tenant_id where host = $1`,
	} {
		if _, err := try(t, conn, &mia, sql, "x"+host); sqlState(err) != insufficientPrivilege {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{`select 1 from domains where host = $1`, `delete from domains where host = $1`} {
		if n, err := try(t, conn, &gus, sql, host); n != 0 || err != nil {
			t.Errorf("another tenant, %s: %d rows, %v", sql, n, err)
		}
		if n, err := try(t, conn, &mia, sql, host); n != 1 || err != nil {
			t.Errorf("its own, %s: %d rows, %v", sql, n, err)
		}
	}
}
