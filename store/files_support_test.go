package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// Support as a person can't go on with that person's upload, nor the person with what
// support began. Each goes on with their own. The one and the other act as the same
// person, so only the session tells them apart.
func TestUploadBelongsToWhoBeganIt(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	support := writingSupport(t, b.dana, b.Acme)
	if support.ID() != b.dana.ID() {
		t.Fatal("support acts as somebody else")
	}
	begin := func(me store.Member) (id uuid.UUID) {
		do(t, me, func(tx *store.Tx) (err error) {
			size := int64(5)
			id, err = tx.BeginUpload(t.Context(), b.draft, store.NewUpload{Name: "film.mp4", Size: &size})
			return err
		})
		return id
	}
	steps := []struct {
		what string
		do   func(me store.Member, id uuid.UUID) error
	}{
		{"reads it", func(me store.Member, id uuid.UUID) error {
			var u store.FileUpload
			return read(t, me, store.GetUpload(id, &u))
		}},
		{"opens it", func(me store.Member, id uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error { return tx.OpenUpload(t.Context(), id, "in storage") })
		}},
		{"records a part", func(me store.Member, id uuid.UUID) error {
			return b.record(t, me, id, part(1, 5, "five!"), store.HashStep{})
		}},
		{"lists its parts", func(me store.Member, id uuid.UUID) error {
			var parts []store.Part
			if err := read(t, me, store.ListParts(id, &parts)); err != nil || len(parts) == 1 {
				return err
			}
			return store.ErrNotFound
		}},
		{"begins to finish it", func(me store.Member, id uuid.UUID) error {
			return write(t, me, func(tx *store.Tx) error { _, _, err := tx.TryFinish(t.Context(), id); return err })
		}},
		{"finishes it", func(me store.Member, id uuid.UUID) error { return b.finish(t, me, id, 5) }},
	}
	for name, who := range map[string]struct{ own, other store.Member }{
		"the person's": {b.dana, support}, "support's": {support, b.dana}, "another person's": {b.dana, b.ravi},
	} {
		id := begin(who.own)
		for _, step := range steps {
			if err := step.do(who.other, id); err == nil {
				t.Errorf("%s upload: the other %s", name, step.what)
			}
			if err := step.do(who.own, id); err != nil {
				t.Errorf("%s upload: its owner no longer %s: %v", name, step.what, err)
			}
		}
	}
}

// Only the person who began an upload sees its parts.
func TestPartsAreListedForTheirUploader(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	id := storetest.BeginUpload(t, b.ravi, b.draft, "film.mp4", 5)
	if err := b.record(t, b.ravi, id, part(1, 5, "five!"), store.HashStep{}); err != nil {
		t.Fatal(err)
	}
	for who, c := range map[string]struct {
		me   store.Member
		want int
	}{"the uploader": {b.ravi, 1}, "a colleague": {b.dana, 0}, "a client": {b.mia, 0}} {
		var parts []store.Part
		if err := read(t, c.me, store.ListParts(id, &parts)); err != nil || len(parts) != c.want {
			t.Errorf("%s sees %d parts, %v", who, len(parts), err)
		}
	}
}
