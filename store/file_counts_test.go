package store_test

import (
	"testing"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// After each deed that changes what a list shows of a version, the lists show what
// its rows say, to the team and to the client.
func TestListsShowWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	var next uuid.UUID
	first, second := storetest.File(t, b.ravi, b.draft, "a.txt"), storetest.File(t, b.ravi, b.draft, "b.txt")
	bin := func(id uuid.UUID, binned bool) func(*store.Tx) error {
		return func(tx *store.Tx) error { _, err := tx.BinFile(t.Context(), id, binned); return err }
	}
	for _, step := range []struct {
		what         string
		do           func(*store.Tx) error
		team, client int // files, of the version that each sees
		preview      *uuid.UUID
	}{
		{"a preview", func(tx *store.Tx) error { return tx.RecordPreview(t.Context(), second, uuid.Nil, aPreview) }, 2, 0, &second},
		{"an earlier preview", func(tx *store.Tx) error { return tx.RecordPreview(t.Context(), first, uuid.Nil, aPreview) }, 2, 0, &first},
		{"a lead", func(tx *store.Tx) error { _, err := tx.ChooseLead(t.Context(), second); return err }, 2, 0, &second},
		{"a binned file", bin(second, true), 1, 0, &first},
		{"a restored file", bin(second, false), 2, 0, &second},
		{"published", func(tx *store.Tx) error { return tx.Publish(t.Context(), b.deliverable, 1, "") }, 2, 2, &second},
		{"a binned file of what is published", bin(second, true), 1, 1, &first},
		{"a restored file of what is published", bin(second, false), 2, 2, &second},
		{"a lost preview", func(tx *store.Tx) error { return tx.DeletePreview(t.Context(), second) }, 2, 2, &first},
		{"a draft", func(tx *store.Tx) (err error) { next, err = tx.AddVersion(t.Context(), b.deliverable); return err }, 2, 2, &first},
		{"published again", func(tx *store.Tx) error { return tx.Publish(t.Context(), b.deliverable, 2, "") }, 1, 1, nil},
		{"a preview of an earlier version", func(tx *store.Tx) error { return tx.RecordPreview(t.Context(), second, store.NewID(), aPreview) }, 1, 1, nil},
	} {
		do(t, b.ravi, step.do)
		if step.what == "a draft" {
			storetest.File(t, b.ravi, next, "c.txt")
		}
		wantNoDrift(t, b.ravi)
		for me, want := range map[store.Member]int{b.ravi: step.team, b.mia: step.client} {
			var list []store.DeliverableLine
			if err := read(t, me, store.ListDeliverables(b.project, store.Current, &list)); err != nil {
				t.Fatal(err)
			}
			if want == 0 && len(list) == 0 {
				continue // a draft, to the client
			}
			if len(list) != 1 || list[0].Files != want || (list[0].Preview == nil) != (step.preview == nil) ||
				step.preview != nil && *list[0].Preview != *step.preview {
				t.Errorf("%s: the %s is shown %+v, want %d files and the preview %v", step.what, me.Party, list, want, step.preview)
			}
			if me.Party == store.PartyClient && len(list) == 1 && list[0].Draft != 0 {
				t.Errorf("%s: the client is told of a draft", step.what)
			}
		}
	}
}

// The nightly job corrects what lists show, whatever is wrong about it, and finds
// nothing more afterwards.
func TestWrongListsAreCorrected(t *testing.T) {
	t.Parallel()
	b := setupFiles(t)
	file := storetest.File(t, b.ravi, b.draft, "a.txt")
	if err := b.publish(t, 1); err != nil {
		t.Fatal(err)
	}
	do(t, b.ravi, func(tx *store.Tx) error { _, err := tx.AddVersion(t.Context(), b.deliverable); return err })
	for _, wrong := range []string{
		`update versions set files = files + 1 where deliverable_id = $1`,
		`update versions set preview = id where deliverable_id = $1 and shared_at is null`,
		`update deliverables set shown_number = 0 where id = $1`,
		`update deliverables set shown_number = 2 where id = $1`,
		`update deliverables set shown_files = 7 where id = $1`,
		`update deliverables set shown_preview = id where id = $1`,
	} {
		if _, err := storetest.Superuser(t).Exec(t.Context(), wrong, b.deliverable); err != nil {
			t.Fatal(err)
		}
		var drift []store.UsageDrift
		if err := read(t, b.ravi, store.ListUsageDrift(&drift)); err != nil || len(drift) != 1 || drift[0].Metric != store.Listed {
			t.Errorf("%s: found %+v, %v", wrong, drift, err)
		}
		do(t, b.ravi, func(tx *store.Tx) error { return tx.ReconcileUsage(t.Context()) })
		wantNoDrift(t, b.ravi)
	}
	var list []store.DeliverableLine
	if err := read(t, b.mia, store.ListDeliverables(b.project, store.Current, &list)); err != nil || len(list) != 1 || list[0].Version != 1 || list[0].Files != 1 {
		t.Errorf("the client is shown %+v, %v; want version 1 with the file %s", list, err, file)
	}
}
