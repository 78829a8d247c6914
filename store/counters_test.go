package store_test

import (
	"sync"
	"testing"

	"portico/e2e/storetest"
	"portico/store"
)

// waitingIn returns the counters of a tenant in the list of workspaces.
func waitingIn(t *testing.T, email, slug string) (waiting, unread int) {
	t.Helper()
	var mine []store.Workspace
	if err := storetest.DB().ReadOwn(t.Context(), storetest.Person(t, storetest.SignIn(t, email)), store.MyWorkspaces(store.WorkspaceFilter{Page: store.Page{Limit: 100}}, &mine)); err != nil {
		t.Fatal(err)
	}
	for _, m := range mine {
		if m.Slug == slug {
			return m.Waiting, m.Unread
		}
	}
	t.Fatalf("%s is not among the workspaces of %s", slug, email)
	return 0, 0
}

// Published work counts in its own workspace only, is unread for the client, and
// stops counting when it is binned. Eight deeds at once count to eight.
func TestWorkspaceCounters(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	dana := a.Member(t, a.Dana, a.Acme)
	project := storetest.Project(t, dana, "Spring")
	var wg sync.WaitGroup
	for range 8 {
		id := storetest.Deliverable(t, dana, project, "Poster")
		var versions []store.Version
		if err := storetest.DB().Read(t.Context(), dana, store.ListVersions(id, &versions)); err != nil {
			t.Fatal(err)
		}
		storetest.File(t, dana, versions[0].ID, "poster.txt")
		wg.Go(func() {
			if err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
				return tx.Publish(t.Context(), id, 1, "")
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if waiting, unread := waitingIn(t, a.Mia, a.Acme); waiting != 8 || unread != 8 {
		t.Errorf("the client sees %d waiting and %d new, want 8 and 8", waiting, unread)
	}
	if waiting, unread := waitingIn(t, a.Dana, a.Acme); waiting != 8 || unread != 0 {
		t.Errorf("staff see %d waiting and %d new, want 8 and 0", waiting, unread)
	}
	if waiting, _ := waitingIn(t, a.Dana, a.Globex); waiting != 0 {
		t.Errorf("%d wait in another workspace", waiting)
	}
	if err := storetest.DB().Write(t.Context(), dana, func(tx *store.Tx) error {
		return tx.Bin(t.Context(), store.KindProject, project, true)
	}); err != nil {
		t.Fatal(err)
	}
	if waiting, _ := waitingIn(t, a.Mia, a.Acme); waiting != 0 {
		t.Errorf("%d wait in a binned project", waiting)
	}
}
