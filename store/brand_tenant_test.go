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

// A mail about signing in has the brand of the tenant through which its recipient came. A
// path or a host counts only for its people and those it invited: nobody learns of a
// client by its path, and no tenant puts its words into the mail of strangers.
func TestMailBrandIsOfWhereTheyCameThrough(t *testing.T) {
	t.Parallel()
	a, b, db := storetest.Agency(t), storetest.Agency(t), storetest.DB()
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := storetest.Superuser(t).Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	for slug, name := range map[string]string{a.Acme: "Acme portal", a.Globex: "Globex portal", a.Agency: "Northwind portal"} {
		run(`update tenants set portal_name = $2, mail_name = $2 || ' mails' where slug = $1`, slug, name)
	}
	domain := "mail-" + a.Suffix + ".example.test"
	run(`insert into domains (host, tenant_id, verified_at) select $1, id, now() from tenants where slug = $2`, domain, a.Globex)
	run(`insert into domains (host, tenant_id) select $1, id from tenants where slug = $2`, "not-"+domain, a.Globex)
	invited := "invited@" + a.Suffix + ".test"
	if err := db.Write(t.Context(), a.Member(t, a.Dana, a.Globex), func(tx *store.Tx) error {
		_, err := tx.InvitePerson(t.Context(), store.NewPerson{Name: "Invited", Email: invited, Party: store.PartyClient, Role: store.RoleMember})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		email string
		place store.MailPlace
		want  string // "" for our own look
	}{
		"the only one of hers":                   {a.Mia, store.MailPlace{}, "Acme portal"},
		"by the path of hers":                    {a.Mia, store.MailPlace{Slug: a.Acme}, "Acme portal"},
		"by the path of another client":          {a.Mia, store.MailPlace{Slug: a.Globex}, "Acme portal"},
		"by the path of another agency's client": {a.Mia, store.MailPlace{Slug: b.Acme}, "Acme portal"},
		"by the host of hers":                    {a.Mia, store.MailPlace{HostSlug: a.Acme}, "Acme portal"},
		"by the host of another client":          {a.Mia, store.MailPlace{HostSlug: a.Globex}, "Acme portal"},
		"by the domain of another client":        {a.Mia, store.MailPlace{Domain: domain}, "Acme portal"},
		"several, by the host of one":            {a.Dana, store.MailPlace{HostSlug: a.Globex}, "Globex portal"},
		"several, by the domain of one":          {a.Dana, store.MailPlace{Domain: domain}, "Globex portal"},
		"several, by a domain that isn't proved": {a.Dana, store.MailPlace{Domain: "not-" + domain}, "Northwind portal"},
		"several, by another agency's host":      {a.Dana, store.MailPlace{HostSlug: b.Acme}, "Northwind portal"},
		"several of one agency":                  {a.Dana, store.MailPlace{}, "Northwind portal"},
		"several, by the path of one":            {a.Dana, store.MailPlace{Slug: a.Globex}, "Globex portal"},
		"invited":                                {invited, store.MailPlace{}, "Globex portal"},
		"invited, by the host":                   {invited, store.MailPlace{HostSlug: a.Globex}, "Globex portal"},
		"invited, by a host of another agency":   {invited, store.MailPlace{HostSlug: b.Acme}, "Globex portal"},
		"a stranger, by a host":                  {"nobody@" + a.Suffix + ".test", store.MailPlace{HostSlug: a.Acme}, ""},
		"a stranger, by a domain":                {"nobody@" + a.Suffix + ".test", store.MailPlace{Domain: domain}, ""},
		"a stranger, by a path":                  {"nobody@" + a.Suffix + ".test", store.MailPlace{Slug: a.Acme}, ""},
		"another agency's owner, by a path":      {b.Mia, store.MailPlace{Slug: a.Acme}, ""},
	} {
		flow, err := db.BeginMailFlow(t.Context(), store.Secret(what+a.Suffix), c.email, "/")
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.MailBrand(t.Context(), flow, c.place)
		if c.want == "" && errors.Is(err, store.ErrNotFound) {
			continue
		}
		if c.want == "" && (got.Name == "Acme portal" || got.Name == "") {
			t.Errorf("%s: %q, %v", what, got.Name, err)
		}
		if c.want != "" && (err != nil || got.Name != c.want || got.MailName == nil || *got.MailName != c.want+" mails") {
			t.Errorf("%s: %q, %v; want %q", what, got.Name, err, c.want)
		}
	}
	for who, want := range map[string]string{a.Mia: "Acme portal", a.Dana: "Northwind portal"} {
		var own, foreign store.Brand
		me := storetest.Person(t, storetest.SignIn(t, who))
		if err := db.ReadOwn(t.Context(), me, store.GetOwnBrand("", &own), store.GetOwnBrand(b.Acme, &foreign)); err != nil || own.Name != want || foreign.Name != want {
			t.Errorf("%s wears %q and %q, %v", who, own.Name, foreign.Name, err)
		}
	}
	var none store.Brand
	if err := db.ReadOwn(t.Context(), storetest.Person(t, storetest.SignIn(t, storetest.Agent(t))), store.GetOwnBrand(a.Acme, &none)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an agent wears %q, %v", none.Name, err)
	}
}
