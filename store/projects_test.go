package store_test

import (
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// Staff create a project. They see it, and the client sees it once it is shared.
func TestProjectIsCreatedAndShared(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	ravi, mia := a.Member(t, a.Ravi, a.Acme), a.Member(t, a.Mia, a.Acme)
	id := storetest.Project(t, ravi, "Spring "+a.Suffix)

	var got store.Project
	if err := storetest.DB().Read(t.Context(), ravi, store.GetProject(id, &got)); err != nil {
		t.Fatal(err)
	}
	if got.Name != "Spring "+a.Suffix {
		t.Errorf("name = %q", got.Name)
	}
	wantNotFound(t, storetest.DB().Read(t.Context(), mia, store.GetProject(id, &got)))

	err := storetest.DB().Write(t.Context(), ravi, func(tx *store.Tx) error {
		return tx.UpdateProject(t.Context(), id, store.ProjectInput{Name: "Spring " + a.Suffix, Shared: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := storetest.DB().Read(t.Context(), mia, store.GetProject(id, &got)); err != nil {
		t.Errorf("the client cannot see a shared project: %v", err)
	}
}

// The newest list leaves out work in archived projects until they are unarchived.
func TestNewestOmitsArchivedProjects(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	ravi := a.Member(t, a.Ravi, a.Acme)
	project := storetest.Project(t, ravi, "Autumn "+a.Suffix)
	storetest.Deliverable(t, ravi, project, "Cover "+a.Suffix)
	for _, c := range []struct {
		archived bool
		want     int
	}{{true, 0}, {false, 1}} {
		err := storetest.DB().Write(t.Context(), ravi, func(tx *store.Tx) error {
			return tx.Archive(t.Context(), store.KindProject, project, c.archived)
		})
		if err != nil {
			t.Fatal(err)
		}
		var newest []store.DeliverableLine
		if err := storetest.DB().Read(t.Context(), ravi, store.ListNewest("", 10, &newest)); err != nil {
			t.Fatal(err)
		}
		if len(newest) != c.want {
			t.Errorf("archived %v: %d deliverables", c.archived, len(newest))
		}
	}
}
