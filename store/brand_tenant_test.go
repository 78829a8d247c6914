package store_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Other tenants can't read, replace or remove a logo, and client users can't change
// one. Only a logo in use is public.
func TestLogosStayInTheirTenant(t *testing.T) {
	t.Parallel()
	a, db := storetest.Agency(t), storetest.DB()
	dana, gus := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Gus, a.Globex)
	set := func(me store.Member) error {
		return db.Write(t.Context(), me, func(tx *store.Tx) error {
			return tx.SetLogo(t.Context(), store.Logo{ContentType: "image/png", Content: []byte("logo " + a.Suffix)})
		})
	}
	if err := set(dana); err != nil {
		t.Fatal(err)
	}
	var before uuid.UUID
	admin := storetest.Admin(t)
	worn := `select logo_id from tenants where id = $1`
	if err := admin.QueryRow(t.Context(), worn, dana.TenantID()).Scan(&before); err != nil {
		t.Fatal(err)
	}
	app := storetest.App(t)
	_, err := app.Exec(t.Context(), `select set_config('app.tenant_id', $1, false), set_config('app.party', 'agency', false)`, gus.TenantID().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`select from logos where id = $1`, `delete from logos where id = $1`} {
		if tag, err := app.Exec(t.Context(), sql, before); err != nil || tag.RowsAffected() != 0 {
			t.Errorf("Globex on Acme's logo: %s: %v, %v", sql, tag, err)
		}
	}
	if err := set(gus); !errors.Is(err, store.ErrForbidden) {
		t.Errorf("a client's owner sets a logo: %v", err)
	}
	if err := db.Write(t.Context(), a.Member(t, a.Dana, a.Globex), func(tx *store.Tx) error { return tx.RemoveLogo(t.Context()) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Globex has a logo to remove: %v", err)
	}
	if l, err := db.PublicLogo(t.Context(), before); err != nil || string(l.Content) != "logo "+a.Suffix {
		t.Errorf("Acme's logo is gone: %v", err)
	}
	if err := set(dana); err != nil {
		t.Fatal(err)
	}
	if _, err := db.PublicLogo(t.Context(), before); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old logo is still public: %v", err)
	}
}
