package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/e2e/stack"
	"portico/e2e/storetest"
	"portico/store"
)

// Staff of Acme name a version, a file and an upload of Globex, and random ids. The
// answers are the same and nothing in Globex changes. Ravi is no member of Globex.
// Dana is, but she addresses Acme.
func TestOtherTenantsFilesAreNotFound(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	there := b.Member(t, b.Dana, b.Globex)
	deliverable := storetest.Deliverable(t, there, storetest.Project(t, there, "Theirs "+b.Suffix), "Theirs "+b.Suffix)
	version := storetest.Draft(t, there, deliverable)
	file := storetest.File(t, there, version, "theirs.txt")
	upload := storetest.BeginUpload(t, there, version, "coming.txt", 5)
	if err := b.record(t, there, upload, part(1, 5, "x"), store.HashStep{}); err != nil {
		t.Fatal(err)
	}
	before := storetest.Fingerprint(t, there.TenantID())

	for _, me := range []store.Member{b.ravi, b.dana} {
		for name, try := range attemptsOn(t, b, me) {
			foreign, random := try(version, file, upload), try(store.NewID(), store.NewID(), store.NewID())
			if foreign == nil || random == nil || foreign.Error() != random.Error() || !errors.Is(foreign, store.ErrNotFound) {
				t.Errorf("%s: foreign %v, random %v", name, foreign, random)
			}
		}
		do(t, me, func(tx *store.Tx) error {
			if err := tx.DeleteUpload(t.Context(), upload); err != nil {
				return err
			}
			return tx.Purge(t.Context(), []uuid.UUID{file, upload})
		})
		var files []store.File
		var parts []store.Part
		if err := read(t, me, store.ListFiles(version, &files), store.ListParts(upload, &parts)); err != nil || len(files)+len(parts) != 0 {
			t.Errorf("lists = %v, %v, %v", files, parts, err)
		}
	}
	if storetest.Fingerprint(t, there.TenantID()) != before {
		t.Error("something changed in the other tenant")
	}

	for name, try := range attemptsOn(t, b, there) {
		if name == "give up a file" {
			continue // nobody can cancel a ready file
		}
		if err := try(version, file, upload); err != nil && !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: the rightful person is refused: %v", name, err)
		}
	}
}

// attemptsOn are all deeds that name a version, a file or an upload.
func attemptsOn(t *testing.T, b fileBundle, me store.Member) map[string]func(version, file, upload uuid.UUID) error {
	ctx := t.Context()
	var got store.File
	var u store.FileUpload
	return map[string]func(version, file, upload uuid.UUID) error{
		"begin": func(version, _, _ uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error {
				_, err := tx.BeginUpload(ctx, version, store.NewUpload{Name: "x"})
				return err
			})
		},
		"get file":   func(_, file, _ uuid.UUID) error { return read(t, me, store.GetFile(file, &got)) },
		"get upload": func(_, _, upload uuid.UUID) error { return read(t, me, store.GetUpload(upload, &u)) },
		"open": func(_, file, upload uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error {
				if err := tx.OpenUpload(ctx, upload, "stolen"); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("opened twice: %v", err)
				}
				return tx.Read(ctx, store.GetUpload(upload, &u))
			})
		},
		"record": func(_, _, upload uuid.UUID) error {
			return b.record(t, me, upload, part(1, 5, "stolen"), store.HashStep{After: []byte("h")})
		},
		"finish": func(_, _, upload uuid.UUID) error { return b.finish(t, me, upload, 5) },
		"give up a file": func(_, file, _ uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error { _, err := tx.CancelUpload(ctx, file); return err })
		},
		"give up an upload": func(_, _, upload uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error { _, err := tx.CancelUpload(ctx, upload); return err })
		},
		"bin": func(_, file, _ uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error {
				_, err := tx.BinFile(ctx, file, true)
				if err == nil {
					_, err = tx.BinFile(ctx, file, false)
				}
				return err
			})
		},
	}
}

// The database refuses a row with another tenant's version, or with an object key
// outside its own tenant and id.
func TestFileRowsStayInTheirTenant(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	there := b.Member(t, b.Dana, b.Globex)
	other := storetest.Deliverable(t, there, storetest.Project(t, there, "Theirs "+b.Suffix), "Theirs "+b.Suffix)
	theirs := storetest.Draft(t, there, other)
	admin := storetest.Admin(t)
	insert := func(version uuid.UUID, key func(tenant, id string) string) error {
		id := store.NewID()
		_, err := admin.Exec(t.Context(), `
insert into files (tenant_id, id, version_id, name, declared_size, object_key, created_by) values ($1, $2, $3, 'x', 1, $4, $5)`,
			b.ravi.TenantID(), id, version, key(b.ravi.TenantID().String(), id.String()), b.ravi.ID())
		return err
	}
	right := func(tenant, id string) string { return "tenants/" + tenant + "/files/" + id }
	if err := insert(b.draft, right); err != nil {
		t.Fatalf("the rightful row is refused: %v", err)
	}
	for name, err := range map[string]error{
		"version of another tenant": insert(theirs, right),
		"key of another tenant":     insert(b.draft, func(_, id string) string { return right(there.TenantID().String(), id) }),
		"key of another file":       insert(b.draft, func(tenant, _ string) string { return right(tenant, store.NewID().String()) }),
		"key of another kind":       insert(b.draft, func(tenant, id string) string { return "tenants/" + tenant + "/brand/" + id }),
		"key with a path in it":     insert(b.draft, func(tenant, id string) string { return right(tenant, id) + "/../x" }),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// The database hides a draft's files and all upload parts from the client party, and
// everything from other tenants, whatever a query forgets.
func TestDatabaseHidesFiles(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	storetest.File(t, b.ravi, b.draft, "draft.txt")
	coming := storetest.BeginUpload(t, b.ravi, b.draft, "coming.txt", 5)
	if err := b.record(t, b.ravi, coming, part(1, 5, "x"), store.HashStep{}); err != nil {
		t.Fatal(err)
	}
	app, err := pgx.Connect(t.Context(), storetest.Server().AppURL(stack.DatabaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(context.WithoutCancel(t.Context()))
	for _, c := range []struct {
		tenant string
		party  string
		want   [3]int
	}{
		{b.ravi.TenantID().String(), "agency", [3]int{2, 1, 1}},
		{b.ravi.TenantID().String(), "client", [3]int{}},
		{b.ravi.TenantID().String(), "", [3]int{}},
		{b.Member(t, b.Dana, b.Globex).TenantID().String(), "agency", [3]int{}},
	} {
		var got [3]int
		batch := &pgx.Batch{}
		batch.Queue(`select set_config('app.tenant_id', $1, true), set_config('app.party', $2, true)`, c.tenant, c.party)
		batch.Queue(`select (select count(*) from files), (select count(*) from file_parts), (select count(*) from versions)`).
			QueryRow(func(row pgx.Row) error { return row.Scan(&got[0], &got[1], &got[2]) })
		if err := app.SendBatch(t.Context(), batch).Close(); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("party %q in %s sees %v files, parts and versions, want %v", c.party, c.tenant, got, c.want)
		}
	}
}
