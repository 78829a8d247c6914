package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// raceScene is a client with one thing of each state that a deed about projects and
// storage can meet.
type raceScene struct {
	dana, ravi           store.Member
	project, deliverable uuid.UUID
	draft                uuid.UUID
	declared, form       uuid.UUID // pending, with and without a size
	touched              time.Time // of the declared one
	ready, binnedFile    uuid.UUID
	binnedDeliverable    uuid.UUID // with a file, in the same project
	binnedProject        uuid.UUID // with a file
}

func newRaceScene(t *testing.T, dana, ravi store.Member) *raceScene {
	t.Helper()
	s := &raceScene{dana: dana, ravi: ravi}
	s.project = storetest.Project(t, ravi, "Spring")
	s.deliverable = storetest.Deliverable(t, ravi, s.project, "Poster")
	s.draft = storetest.Draft(t, ravi, s.deliverable)
	s.ready = storetest.File(t, ravi, s.draft, "ready.txt")
	s.binnedFile = storetest.File(t, ravi, s.draft, "binned.txt")
	s.binnedDeliverable = storetest.Deliverable(t, ravi, s.project, "Film")
	storetest.File(t, ravi, storetest.Draft(t, ravi, s.binnedDeliverable), "film.txt")
	s.binnedProject = storetest.Project(t, ravi, "Autumn")
	storetest.File(t, ravi, storetest.Draft(t, ravi, storetest.Deliverable(t, ravi, s.binnedProject, "Book")), "book.txt")
	s.declared = storetest.BeginUpload(t, ravi, s.draft, "declared.bin", 1000)
	do(t, ravi, func(tx *store.Tx) (err error) {
		ctx := t.Context()
		if s.form, err = tx.BeginUpload(ctx, s.draft, store.NewUpload{Name: "form.bin"}); err != nil {
			return err
		}
		_, err = tx.BinFile(ctx, s.binnedFile, true)
		return errors.Join(err, tx.Bin(ctx, store.KindDeliverable, s.binnedDeliverable, true), tx.Bin(ctx, store.KindProject, s.binnedProject, true))
	})
	var entry *store.FileEntry
	if err := read(t, ravi, store.GetFileEntry(s.declared, time.Hour, &entry)); err != nil {
		t.Fatal(err)
	}
	s.touched = entry.TouchedAt
	return s
}

// storageDeeds are all deeds that change the usage of projects or of storage, and those
// that change which rows count.
var storageDeeds = map[string]func(*raceScene, context.Context, *store.Tx) error{
	"create a project": func(_ *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.CreateProject(ctx, store.ProjectInput{Name: "New"})
		return err
	},
	"bin the project": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.Bin(ctx, store.KindProject, s.project, true)
	},
	"restore a project": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.Bin(ctx, store.KindProject, s.binnedProject, false)
	},
	"bin the deliverable": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.Bin(ctx, store.KindDeliverable, s.deliverable, true)
	},
	"restore a deliverable": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.Bin(ctx, store.KindDeliverable, s.binnedDeliverable, false)
	},
	"bin a file": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.BinFile(ctx, s.ready, true)
		return err
	},
	"restore a file": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.BinFile(ctx, s.binnedFile, false)
		return err
	},
	"begin an upload": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		size := int64(70)
		_, err := tx.BeginUpload(ctx, s.draft, store.NewUpload{Name: "more.bin", Size: &size})
		return err
	},
	"finish an upload": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.FinishUpload(ctx, s.declared, store.Stored{Size: 1000, SHA256: make([]byte, 32), ContentType: "text/plain"})
	},
	"finish a form": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.FinishUpload(ctx, s.form, store.Stored{Size: 500, SHA256: make([]byte, 32), ContentType: "text/plain"})
	},
	"cancel an upload": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.CancelUpload(ctx, s.declared)
		return err
	},
	"cancel an idle upload": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.CancelIdleUpload(ctx, s.declared, s.touched)
		return err
	},
	"record a part of a form": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.RecordPart(ctx, s.form, part(1, 500, "form"), store.HashStep{})
	},
	"record a preview": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.RecordPreview(ctx, s.ready, store.NewID(), aPreview)
	},
	"choose a lead": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		_, err := tx.ChooseLead(ctx, s.ready)
		return err
	},
	"publish": func(s *raceScene, ctx context.Context, tx *store.Tx) error {
		return tx.Publish(ctx, s.deliverable, 1, "")
	},
	"recount": func(_ *raceScene, ctx context.Context, tx *store.Tx) error { return tx.ReconcileUsage(ctx) },
}

// raceError says whether a deed that lost a race failed as it may.
func raceError(err error) bool {
	return err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrInvalid)
}

// wantNoDrift fails unless every stored count equals its rows.
func wantNoDrift(t *testing.T, me store.Member) {
	t.Helper()
	var drift []store.UsageDrift
	if err := read(t, me, store.ListUsageDrift(&drift)); err != nil {
		t.Fatal(err)
	}
	for _, d := range drift {
		t.Errorf("%s: %d are stored, %d are there", d.Metric, d.Stored, d.Real)
	}
}

// After any two deeds about projects and storage that run at once, every count is right.
func TestParallelDeedsKeepStorageCounts(t *testing.T) {
	t.Parallel()
	for first, doFirst := range storageDeeds {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			a := storetest.Agency(t)
			dana, ravi := a.Member(t, a.Dana, a.Acme), a.Member(t, a.Ravi, a.Acme)
			for second, doSecond := range storageDeeds {
				s := newRaceScene(t, dana, ravi)
				one, two := race(t,
					racer{ravi, func(ctx context.Context, tx *store.Tx) error { return doFirst(s, ctx, tx) }},
					racer{ravi, func(ctx context.Context, tx *store.Tx) error { return doSecond(s, ctx, tx) }})
				if raceError(one) || raceError(two) {
					t.Errorf("then %s: %v and %v", second, one, two)
				}
				wantNoDrift(t, dana)
				if t.Failed() {
					t.Fatalf("%s, then %s", first, second)
				}
			}
		})
	}
}

// peopleScene is a client with people, invitations and published work, and its agency.
type peopleScene struct {
	acme, agency         store.Member // Dana
	leo                  store.Member
	deliverable, waiting uuid.UUID
	client, archived     uuid.UUID
	unused               uuid.UUID
}

func newPeopleScene(t *testing.T) *peopleScene {
	t.Helper()
	a := storetest.Agency(t)
	s := &peopleScene{acme: a.Member(t, a.Dana, a.Acme), agency: a.Member(t, a.Dana, a.Agency), leo: a.Member(t, a.Leo, a.Acme)}
	project := storetest.Project(t, s.acme, "Spring")
	s.deliverable, s.waiting = storetest.Deliverable(t, s.acme, project, "Poster"), storetest.Deliverable(t, s.acme, project, "Film")
	for _, d := range []uuid.UUID{s.deliverable, s.waiting} {
		storetest.File(t, s.acme, storetest.Draft(t, s.acme, d), "file.txt")
	}
	do(t, s.acme, func(tx *store.Tx) error { return tx.Publish(t.Context(), s.waiting, 1, "") })
	for _, id := range []*uuid.UUID{&s.client, &s.archived, &s.unused} {
		do(t, s.agency, func(tx *store.Tx) (err error) {
			*id, _, err = tx.CreateClient(t.Context(), store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "Client"})
			return err
		})
	}
	do(t, s.agency, func(tx *store.Tx) error { return tx.ArchiveClient(t.Context(), s.archived) })
	return s
}

// peopleDeeds are the deeds that change how many people or clients count, or what
// waits for them.
var peopleDeeds = map[string]func(*peopleScene) racer{
	"add a person": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.AddPerson(ctx, store.NewPerson{Name: "Ada", Email: store.NewID().String() + "@portals.test", Party: store.PartyClient, Role: store.RoleViewer})
			return err
		}}
	},
	"remove a person": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error { return tx.RemovePerson(ctx, s.leo.ID()) }}
	},
	"leave": func(s *peopleScene) racer {
		return racer{s.leo, func(ctx context.Context, tx *store.Tx) error { return tx.Leave(ctx) }}
	},
	"publish": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error { return tx.Publish(ctx, s.deliverable, 1, "") }}
	},
	"bin what waits": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error {
			return tx.Bin(ctx, store.KindDeliverable, s.waiting, true)
		}}
	},
	"archive what waits": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error {
			return tx.Archive(ctx, store.KindDeliverable, s.waiting, true)
		}}
	},
	"change a due date": func(s *peopleScene) racer {
		due := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error {
			return tx.UpdateDeliverable(ctx, s.waiting, store.DeliverableInput{Title: "Film", DueOn: &due})
		}}
	},
	"recount": func(s *peopleScene) racer {
		return racer{s.acme, func(ctx context.Context, tx *store.Tx) error { return tx.ReconcileUsage(ctx) }}
	},
	"create a client": func(s *peopleScene) racer {
		return racer{s.agency, func(ctx context.Context, tx *store.Tx) error {
			_, _, err := tx.CreateClient(ctx, store.NewClient{Slug: "c-" + store.NewID().String()[:30], Name: "One more"})
			return err
		}}
	},
	"archive a client": func(s *peopleScene) racer {
		return racer{s.agency, func(ctx context.Context, tx *store.Tx) error { return tx.ArchiveClient(ctx, s.client) }}
	},
	"unarchive a client": func(s *peopleScene) racer {
		return racer{s.agency, func(ctx context.Context, tx *store.Tx) error { return tx.UnarchiveClient(ctx, s.archived) }}
	},
	"delete a client": func(s *peopleScene) racer {
		return racer{s.agency, func(ctx context.Context, tx *store.Tx) error { return tx.DiscardClient(ctx, s.unused) }}
	},
	"recount the agency": func(s *peopleScene) racer {
		return racer{s.agency, func(ctx context.Context, tx *store.Tx) error { return tx.ReconcileUsage(ctx) }}
	},
}

// After any two deeds about people and clients that run at once, the counts of people, of
// clients and of what waits for each person are right.
func TestParallelDeedsKeepPeopleCounts(t *testing.T) {
	t.Parallel()
	for first, makeFirst := range peopleDeeds {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			for second, makeSecond := range peopleDeeds {
				s := newPeopleScene(t)
				one, two := race(t, makeFirst(s), makeSecond(s))
				if raceError(one) || raceError(two) {
					t.Errorf("then %s: %v and %v", second, one, two)
				}
				wantNoDrift(t, s.acme)
				wantNoDrift(t, s.agency)
				if t.Failed() {
					t.Fatalf("%s, then %s", first, second)
				}
			}
		})
	}
}
