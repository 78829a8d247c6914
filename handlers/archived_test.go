package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"portico/store"
)

// The page of archived work has no form for a note or a decision, on either side, and a form
// from before it was archived is refused with words.
func TestArchivedWorkHasNoForms(t *testing.T) {
	t.Parallel()
	d := newNoteDesk(t)
	var deliverable store.Deliverable
	read(t, d.staff, store.GetDeliverable(d.deliverable, &deliverable))
	forms := []string{`action="` + d.page + `/versions/1/notes"`, `data-dialog="decide-approved"`}
	ask := `action="` + d.page + `/versions/1/ask"`
	has(t, "Mia's page", d.mia.get(t, d.page), forms...)
	has(t, "Ravi's page", d.ravi.get(t, d.page), forms[0], ask)
	write(t, d.staff, func(tx *store.Tx) error {
		return tx.Archive(t.Context(), store.KindProject, deliverable.ProjectID, true)
	})
	for name, by := range map[string]*browser{"Mia": d.mia, "Ravi": d.ravi} {
		page := by.get(t, d.page)
		hasNot(t, name+"'s page", page, append(forms, ask)...)
		has(t, name+"'s page", page, "Nobody writes notes or decides while it is archived.")
	}
	for path, form := range map[string]url.Values{"notes": {"words": {"Darker"}}, "decide": {"answer": {"approved"}}} {
		got := d.mia.post(t, d.page+"/versions/1/"+path, form)
		want(t, path, got, http.StatusConflict)
		has(t, path, got, "This is archived", "Everything is kept.")
	}
	write(t, d.staff, func(tx *store.Tx) error {
		return tx.Archive(t.Context(), store.KindProject, deliverable.ProjectID, false)
	})
	want(t, "unarchived", d.mia.post(t, d.page+"/versions/1/notes", url.Values{"words": {"Darker"}}), http.StatusSeeOther)
}
