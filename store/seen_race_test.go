package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portico/e2e/storetest"
	"portico/store"
)

// edit is a deed that depends on what two people read before it.
type edit struct {
	// one and two act. They may be the same person in two windows.
	one, two store.Member
	// seen reads the state that a form carries.
	seen func(t *testing.T) store.Seen
	// do saves a value that differs for each person.
	do func(ctx context.Context, tx *store.Tx, by string) error
	// now reads what is stored.
	now func(t *testing.T) string
}

// editKinds are all kinds of deeds whose form carries the state it was read in.
var editKinds = map[string]func(*testing.T, *editScene) edit{
	"a project": func(_ *testing.T, s *editScene) edit {
		var p store.Project
		get := func(t *testing.T) store.Project {
			must(t, read(t, s.dana, store.GetProject(s.project, &p)))
			return p
		}
		return edit{s.dana, s.ravi, func(t *testing.T) store.Seen { return get(t).Seen },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.UpdateProject(ctx, s.project, store.ProjectInput{Name: "Spring", Summary: "by " + by})
			}, func(t *testing.T) string { return get(t).Summary }}
	},
	"a project's due date": func(_ *testing.T, s *editScene) edit {
		var p store.Project
		get := func(t *testing.T) store.Project {
			must(t, read(t, s.dana, store.GetProject(s.project, &p)))
			return p
		}
		return edit{s.dana, s.ravi, func(t *testing.T) store.Seen { return get(t).Seen },
			func(ctx context.Context, tx *store.Tx, by string) error {
				due := time.Date(2031, 1, len(by), 0, 0, 0, 0, time.UTC)
				return tx.UpdateProject(ctx, s.project, store.ProjectInput{Name: "Spring", DueOn: &due})
			}, func(t *testing.T) string {
				if due := get(t).DueOn; due != nil {
					return due.String()
				}
				return ""
			}}
	},
	"a deliverable": func(_ *testing.T, s *editScene) edit {
		var d store.Deliverable
		get := func(t *testing.T) store.Deliverable {
			must(t, read(t, s.dana, store.GetDeliverable(s.deliverables[0], &d)))
			return d
		}
		return edit{s.ravi, s.dana, func(t *testing.T) store.Seen { return get(t).Seen },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.UpdateDeliverable(ctx, s.deliverables[0], store.DeliverableInput{Title: "Poster by " + by})
			}, func(t *testing.T) string { return get(t).Title }}
	},
	"the settings": func(_ *testing.T, s *editScene) edit {
		var own store.Settings
		get := func(t *testing.T) store.Settings {
			must(t, read(t, s.dana, store.GetSettings(&own)))
			return own
		}
		return edit{s.dana, s.admin, func(t *testing.T) store.Seen { return get(t).Seen },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.UpdateSettings(ctx, store.SettingsInput{Name: "Acme", Welcome: "Hello from " + by})
			}, func(t *testing.T) string { get(t); return deref(own.Welcome) }}
	},
	"a logo": func(_ *testing.T, s *editScene) edit {
		return edit{s.dana, s.admin, s.logo, func(ctx context.Context, tx *store.Tx, _ string) error {
			return tx.SetLogo(ctx, store.Logo{ContentType: "image/png", Content: []byte("png")})
		}, func(t *testing.T) string { return string(s.logo(t)) }}
	},
	"removing a logo": func(t *testing.T, s *editScene) edit {
		set := func(ctx context.Context, tx *store.Tx) error {
			return tx.SetLogo(ctx, store.Logo{ContentType: "image/png", Content: []byte("png")})
		}
		do(t, s.dana, func(tx *store.Tx) error { return set(t.Context(), tx) })
		return edit{s.dana, s.admin, s.logo, func(ctx context.Context, tx *store.Tx, by string) error {
			if by == "one" {
				return set(ctx, tx)
			}
			return tx.RemoveLogo(ctx)
		}, func(t *testing.T) string { return string(s.logo(t)) }}
	},
	"a client's name": func(_ *testing.T, s *editScene) edit {
		var c store.Client
		get := func(t *testing.T) store.Client {
			must(t, read(t, s.agency, store.GetClient(s.dana.TenantID(), &c)))
			return c
		}
		return edit{s.agency, s.agencyAdmin, func(t *testing.T) store.Seen { return get(t).Seen },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.RenameClient(ctx, s.dana.TenantID(), "Acme of "+by)
			}, func(t *testing.T) string { return get(t).Name }}
	},
	"a client's plan": func(_ *testing.T, s *editScene) edit {
		var c store.Client
		get := func(t *testing.T) store.Client {
			must(t, read(t, s.agency, store.GetClient(s.dana.TenantID(), &c)))
			return c
		}
		return edit{s.agency, s.agency, func(t *testing.T) store.Seen { return store.Seen(get(t).Plan) },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.SetClientPlan(ctx, s.dana.TenantID(), map[string]string{"one": "growth", "two": "starter"}[by])
			}, func(t *testing.T) string { return get(t).Plan }}
	},
	"a role": func(_ *testing.T, s *editScene) edit {
		var p store.Membership
		get := func(t *testing.T) store.Membership {
			must(t, read(t, s.dana, store.GetPerson(s.leo, &p)))
			return p
		}
		return edit{s.dana, s.admin, func(t *testing.T) store.Seen { return store.Seen(get(t).Role) },
			func(ctx context.Context, tx *store.Tx, by string) error {
				return tx.ChangeRole(ctx, s.leo, map[string]store.Role{"one": store.RoleAdmin, "two": store.RoleMember}[by])
			}, func(t *testing.T) string { return string(get(t).Role) }}
	},
	"the order of projects": func(_ *testing.T, s *editScene) edit {
		var list []store.Project
		get := func(t *testing.T) []store.Project {
			must(t, read(t, s.dana, store.ListProjects(store.Current, &list)))
			return list
		}
		return edit{s.dana, s.ravi, func(t *testing.T) store.Seen {
			i := slices.IndexFunc(get(t), func(p store.Project) bool { return p.ID == s.project })
			return list[i].Placed
		}, func(ctx context.Context, tx *store.Tx, by string) error {
			_, err := tx.Move(ctx, store.KindProject, s.project, map[string]uuid.UUID{"one": s.projects[0], "two": s.projects[2]}[by])
			return err
		}, func(t *testing.T) string {
			var order []string
			for _, p := range get(t) {
				order = append(order, p.Name)
			}
			return strings.Join(order, " ")
		}}
	},
	"the order of deliverables": func(_ *testing.T, s *editScene) edit {
		return edit{s.dana, s.ravi, func(t *testing.T) store.Seen { return s.placed(t, 1) },
			func(ctx context.Context, tx *store.Tx, by string) error {
				_, err := tx.Move(ctx, store.KindDeliverable, s.deliverables[1], map[string]uuid.UUID{"two": s.deliverables[3]}[by])
				return err
			}, func(t *testing.T) string { return s.order(t) }}
	},
	"the lead file": func(_ *testing.T, s *editScene) edit {
		lead := func(t *testing.T) *uuid.UUID {
			var files []store.File
			must(t, read(t, s.dana, store.ListFiles(s.draft, &files)))
			for _, f := range files {
				if f.Lead {
					return &f.ID
				}
			}
			return nil
		}
		return edit{s.ravi, s.dana, func(t *testing.T) store.Seen { return store.SeenLead(lead(t)) },
			func(ctx context.Context, tx *store.Tx, by string) error {
				_, err := tx.ChooseLead(ctx, map[string]uuid.UUID{"one": s.file, "two": s.otherFile}[by])
				return err
			}, func(t *testing.T) string { return string(store.SeenLead(lead(t))) }}
	},
	"support access": func(_ *testing.T, s *editScene) edit {
		return edit{s.dana, s.admin, s.consent, func(ctx context.Context, tx *store.Tx, by string) error {
			if by == "one" {
				return tx.GrantSupport(ctx, time.Hour)
			}
			return tx.GrantSupportToWrite(ctx, store.MaxGrant)
		}, func(t *testing.T) string { return string(s.consent(t)) }}
	},
	"support access that was revoked": func(t *testing.T, s *editScene) edit {
		do(t, s.dana, func(tx *store.Tx) error { return tx.GrantSupport(t.Context(), time.Hour) })
		return edit{s.dana, s.admin, s.consent, func(ctx context.Context, tx *store.Tx, by string) error {
			if by == "one" {
				return tx.RevokeSupport(ctx)
			}
			return tx.GrantSupportToWrite(ctx, store.MaxGrant)
		}, func(t *testing.T) string { return string(s.consent(t)) }}
	},
	"a person's clients": func(_ *testing.T, s *editScene) edit {
		list := func(dst *[]store.Placement) store.Read {
			return store.ListPlacements([]uuid.UUID{s.colleague}, dst)
		}
		return edit{s.agency, s.agencyAdmin, s.workplaces(list), func(ctx context.Context, tx *store.Tx, by string) error {
			if err := tx.ComparePlacements(ctx, list); err != nil {
				return err
			}
			return tx.AssignStaff(ctx, s.colleague, []uuid.UUID{s.dana.TenantID()}, map[string]store.Role{"one": store.RoleAdmin, "two": store.RoleViewer}[by])
		}, func(t *testing.T) string { return string(s.workplaces(list)(t)) }}
	},
	"a client's team": func(_ *testing.T, s *editScene) edit {
		list := func(dst *[]store.Placement) store.Read { return store.ListClientStaff(s.dana.TenantID(), dst) }
		return edit{s.agency, s.agencyAdmin, s.workplaces(list), func(ctx context.Context, tx *store.Tx, by string) error {
			if err := tx.ComparePlacements(ctx, list); err != nil {
				return err
			}
			return tx.AssignStaff(ctx, s.colleague, []uuid.UUID{s.dana.TenantID()}, map[string]store.Role{"one": store.RoleAdmin, "two": store.RoleViewer}[by])
		}, func(t *testing.T) string { return string(s.workplaces(list)(t)) }}
	},
	"a client's state": func(_ *testing.T, s *editScene) edit {
		var c store.Client
		state := func(t *testing.T) store.TenantState {
			must(t, read(t, s.agency, store.GetClient(s.dana.TenantID(), &c)))
			return c.State
		}
		return edit{s.agency, s.agencyAdmin, func(t *testing.T) store.Seen { return store.Seen(state(t)) },
			func(ctx context.Context, tx *store.Tx, by string) error {
				if by == "one" {
					return tx.SuspendClient(ctx, s.dana.TenantID())
				}
				return tx.ArchiveClient(ctx, s.dana.TenantID())
			}, func(t *testing.T) string { return string(state(t)) }}
	},
	"publishing files of others": func(_ *testing.T, s *editScene) edit {
		return edit{s.ravi, s.dana, func(t *testing.T) (seen store.Seen) {
			must(t, read(t, s.dana, store.SeenFiles(s.deliverables[0], &seen)))
			return seen
		}, func(ctx context.Context, tx *store.Tx, by string) error {
			if by == "one" { // takes a file out of the version
				_, err := tx.BinFile(ctx, s.file, true)
				return err
			}
			return tx.Publish(ctx, s.deliverables[0], 1, "")
		}, func(t *testing.T) string {
			var files []store.File
			must(t, read(t, s.dana, store.ListFiles(s.draft, &files)))
			return strings.Repeat("file ", len(files))
		}}
	},
}

// editScene is a client with something to edit of each kind.
type editScene struct {
	dana, ravi, admin   store.Member
	agency, agencyAdmin store.Member
	leo, project        uuid.UUID
	colleague           uuid.UUID // of the agency, who works in none of its clients
	projects            []uuid.UUID
	deliverables        []uuid.UUID // A to E, in order
	draft               uuid.UUID   // of the first
	file, otherFile     uuid.UUID
}

func newEditScene(t *testing.T) *editScene {
	t.Helper()
	a := storetest.Agency(t)
	s := &editScene{dana: a.Member(t, a.Dana, a.Acme), ravi: a.Member(t, a.Ravi, a.Acme), agency: a.Member(t, a.Dana, a.Agency)}
	s.leo = a.Member(t, a.Leo, a.Acme).ID()
	email := "ada@" + a.Suffix + ".test"
	for _, me := range []store.Member{s.dana, s.agency} {
		do(t, me, func(tx *store.Tx) error {
			_, err := tx.AddPerson(t.Context(), store.NewPerson{Name: "Ada", Email: email, Party: store.PartyAgency, Role: store.RoleAdmin})
			return err
		})
	}
	s.admin, s.agencyAdmin = a.Member(t, email, a.Acme), a.Member(t, email, a.Agency)
	for range 3 {
		s.projects = append(s.projects, storetest.Project(t, s.dana, "Other"))
	}
	s.project = storetest.Project(t, s.dana, "Spring")
	for _, title := range []string{"A", "B", "C", "D", "E"} {
		s.deliverables = append(s.deliverables, storetest.Deliverable(t, s.ravi, s.project, title))
	}
	s.draft = storetest.Draft(t, s.ravi, s.deliverables[0])
	s.file = storetest.File(t, s.ravi, s.draft, "one.txt")
	s.otherFile = storetest.File(t, s.ravi, s.draft, "two.txt")
	do(t, s.agency, func(tx *store.Tx) (err error) {
		s.colleague, err = tx.AddPerson(t.Context(), store.NewPerson{Name: "Cara", Email: "cara@" + a.Suffix + ".test", Party: store.PartyAgency, Role: store.RoleMember})
		return err
	})
	return s
}

// consent reads the state of what the agency's side allows support.
func (s *editScene) consent(t *testing.T) (seen store.Seen) {
	must(t, read(t, s.dana, store.SeenConsent(&seen)))
	return seen
}

// workplaces reads the state of who works where.
func (s *editScene) workplaces(list func(*[]store.Placement) store.Read) func(*testing.T) store.Seen {
	return func(t *testing.T) store.Seen {
		var at []store.Placement
		must(t, read(t, s.agency, list(&at)))
		return store.SeenPlacements(at)
	}
}

func (s *editScene) logo(t *testing.T) store.Seen {
	var own store.Settings
	must(t, read(t, s.dana, store.GetSettings(&own)))
	if own.LogoID == nil {
		return "none"
	}
	return store.Seen(own.LogoID.String())
}

func (s *editScene) list(t *testing.T) (list []store.DeliverableLine) {
	must(t, read(t, s.dana, store.ListDeliverables(s.project, store.Current, &list)))
	return list
}

// order is the titles of the deliverables in their order.
func (s *editScene) order(t *testing.T) (order string) {
	for _, d := range s.list(t) {
		order += d.Title
	}
	return order
}

func (s *editScene) placed(t *testing.T, n int) store.Seen {
	for _, d := range s.list(t) {
		if d.ID == s.deliverables[n] {
			return d.Placed
		}
	}
	t.Fatal("not in the list")
	return ""
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Two people read the same state and save at once. The first is stored. The second is
// told, and nothing of the first is lost. With the new state the second may save.
func TestSecondEditorIsTold(t *testing.T) {
	t.Parallel()
	for kind, makeEdit := range editKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			e := makeEdit(t, newEditScene(t))
			seen, before := e.seen(t), e.now(t)
			save := func(by string, seen store.Seen) func(context.Context, *store.Tx) error {
				return func(ctx context.Context, tx *store.Tx) error {
					tx.Expect(seen)
					return e.do(ctx, tx, by)
				}
			}
			first := save("one", seen)
			if kind == "publishing files of others" || kind == "support access that was revoked" {
				first = save("one", "") // which compares nothing
			}
			one, two := race(t, racer{e.one, first}, racer{e.two, save("two", seen)})
			if one != nil || !errors.Is(two, store.ErrChanged) {
				t.Fatalf("the first: %v, the second: %v", one, two)
			}
			after := e.now(t)
			if after == before {
				t.Error("what the first saved is gone")
			}
			// Later, without a race, the old state is refused too.
			wantError(t, storetest.DB().Write(t.Context(), e.two, func(tx *store.Tx) error { return save("two", seen)(t.Context(), tx) }), store.ErrChanged)
			if now := e.now(t); now != after {
				t.Errorf("a refused deed changed %q to %q", after, now)
			}
			do(t, e.two, func(tx *store.Tx) error { return save("two", e.seen(t))(t.Context(), tx) })
		})
	}
}

// Two windows of one person save another name at once. One is stored, and the other is
// told.
func TestSecondWindowIsToldOfTheName(t *testing.T) {
	t.Parallel()
	a := storetest.Agency(t)
	token := storetest.SignIn(t, a.Ravi)
	me := storetest.Person(t, token)
	seen, told := store.Seen(me.Name), make(chan error)
	for _, name := range []string{"Ravi One", "Ravi Two"} {
		go func() { told <- storetest.DB().Rename(t.Context(), me, name, seen) }()
	}
	saved := 0
	for range 2 {
		switch err := <-told; {
		case err == nil:
			saved++
		case !errors.Is(err, store.ErrChanged):
			t.Error(err)
		}
	}
	if saved != 1 {
		t.Errorf("%d windows saved", saved)
	}
	now := storetest.Person(t, token).Name
	wantError(t, storetest.DB().Rename(t.Context(), me, "Ravi Three", seen), store.ErrChanged)
	if storetest.Person(t, token).Name != now {
		t.Error("a refused name is stored")
	}
	must(t, storetest.DB().Rename(t.Context(), me, "Ravi Three", store.Seen(now)))
}

// A deed that ignores what was read fails, so that no form carries it in vain.
func TestExpectationIsCompared(t *testing.T) {
	t.Parallel()
	s := newEditScene(t)
	deeds := map[string]func(*store.Tx) error{
		"without an expectation": func(tx *store.Tx) error { return tx.Archive(t.Context(), store.KindProject, s.project, true) },
		"with one": func(tx *store.Tx) error {
			tx.Expect("something")
			return tx.Archive(t.Context(), store.KindProject, s.project, true)
		},
	}
	must(t, write(t, s.dana, deeds["without an expectation"]))
	if err := write(t, s.dana, deeds["with one"]); err == nil {
		t.Error("a deed that compares nothing took an expectation")
	}
}

// Two people move different rows at once. Both moves are kept, whatever the distance, and the
// order is as if one had moved after the other.
func TestParallelMovesAreBothKept(t *testing.T) {
	t.Parallel()
	s := newEditScene(t)
	none := -1
	for _, m := range []struct {
		first, firstAfter, second, secondAfter int
		want                                   string
	}{
		{0, 4, 3, none, "DBCEA"},
		{4, none, 0, 3, "EBCDA"},
		{1, 3, 2, none, "CADBE"},
		{0, 1, 4, 1, "BEACD"},
		{3, none, 4, none, "EDABC"},
		{2, 4, 1, 4, "ADEBC"},
		{0, 2, 1, 3, "CADBE"},
		{4, 0, 3, 0, "ADEBC"},
		{1, none, 0, 4, "BCDEA"},
		{2, 0, 3, 1, "ACBDE"},
		{4, 2, 0, none, "ABCED"},
	} {
		for _, compared := range []bool{true, false} { // forms without a script's state move too
			for i, id := range s.deliverables { // back to A to E
				after := uuid.Nil
				if i > 0 {
					after = s.deliverables[i-1]
				}
				do(t, s.dana, func(tx *store.Tx) error { _, err := tx.Move(t.Context(), store.KindDeliverable, id, after); return err })
			}
			move := func(me store.Member, row, after int) racer {
				seen, to := s.placed(t, row), uuid.Nil
				if after >= 0 {
					to = s.deliverables[after]
				}
				return racer{me, func(ctx context.Context, tx *store.Tx) error {
					if compared {
						tx.Expect(seen)
					}
					_, err := tx.Move(ctx, store.KindDeliverable, s.deliverables[row], to)
					return err
				}}
			}
			one, two := race(t, move(s.dana, m.first, m.firstAfter), move(s.ravi, m.second, m.secondAfter))
			if one != nil || two != nil {
				t.Fatalf("%+v: %v, %v", m, one, two)
			}
			if got := s.order(t); got != m.want {
				t.Errorf("%+v, compared %v: %s", m, compared, got)
			}
		}
	}
}

// A new row stays at its end of the list while somebody reorders the list.
func TestNewRowKeepsItsEndWhileRowsMove(t *testing.T) {
	t.Parallel()
	for _, createFirst := range []bool{true, false} {
		s := newEditScene(t)
		create := racer{s.dana, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.CreateDeliverable(ctx, s.project, store.DeliverableInput{Title: "new"})
			return err
		}}
		move := racer{s.ravi, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Move(ctx, store.KindDeliverable, s.deliverables[0], s.deliverables[3])
			return err
		}}
		first, second := move, create
		if createFirst {
			first, second = create, move
		}
		if one, two := race(t, first, second); one != nil || two != nil {
			t.Fatal(one, two)
		}
		if got := s.order(t); got != "BCDAEnew" {
			t.Errorf("the order is %s", got)
		}
	}
}
