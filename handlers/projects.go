package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func (s *Server) projectList(r *http.Request) page {
	which, ordering := archivedOrNot(r), r.URL.Query().Has("order")
	var projects []store.Project
	return page{always(store.ListProjects(which, &projects)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		return views.Render(w, r, http.StatusOK, views.ProjectList(c, views.ProjectListProps{
			Archived:   which == store.Archived,
			Projects:   projectRows(c, projects),
			CanCreate:  me.MayNow(store.EditWork),
			CanReorder: me.MayNow(store.EditWork) && which == store.Current,
			Pressed:    pressed(r),
			Ordering:   me.MayNow(store.EditWork) && which == store.Current && ordering,
		}))
	}}
}

func archivedOrNot(r *http.Request) store.Which {
	if r.URL.Query().Get("show") == string(store.Archived) {
		return store.Archived
	}
	return store.Current
}

func projectRows(c views.Chrome, projects []store.Project) []views.ProjectRow {
	today := c.Dates.Today()
	rows := make([]views.ProjectRow, len(projects))
	for i, p := range projects {
		rows[i] = views.ProjectRow{
			ID:           p.ID.String(),
			URL:          c.Base.Project(p.ID.String()),
			Name:         p.Name,
			Summary:      p.Summary,
			Due:          frame.OrZero(p.DueOn),
			Late:         c.Staff && p.ArchivedAt == nil && late(p.DueOn, "", today),
			Hidden:       p.SharedAt == nil,
			Archived:     p.ArchivedAt != nil,
			Deliverables: p.Deliverables,
			ForUs:        p.ForUs,
			InReview:     p.Waiting,
			New:          p.New,
			UpdatedAt:    p.UpdatedAt,
			Placed:       string(p.Placed),
		}
	}
	return rows
}

// late reports whether work that is not approved is past its due day, in the reader's
// time zone.
func late(due *time.Time, state store.DeliverableState, today time.Time) bool {
	return due != nil && state != store.DeliverableApproved && today.After(*due)
}

func (s *Server) projectNew(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return views.Render(w, r, http.StatusOK, views.ProjectEdit(frame.Tenant(r, me), views.ProjectFormProps{}))
}

func (s *Server) projectCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := projectForm(r)
	if err != nil {
		return err
	}
	if len(typed.Errors) > 0 {
		return views.Render(w, r, http.StatusUnprocessableEntity, views.ProjectEdit(frame.Tenant(r, me), views.ProjectFormProps{Form: typed}))
	}
	var id string
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		made, err := tx.CreateProject(r.Context(), in)
		id = made.String()
		return err
	})
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Project(id), "project.created", "")
}

// projectForm reads what was typed, for the store and for showing it again.
func projectForm(r *http.Request) (store.ProjectInput, views.ProjectForm, error) {
	f, err := web.NewForm(r)
	if err != nil {
		return store.ProjectInput{}, views.ProjectForm{}, err
	}
	in := store.ProjectInput{
		Name:    f.Text("name", "a name", 160),
		Summary: f.Prose("summary", 2000),
		DueOn:   f.Date("due"),
		Shared:  f.Checked("visible"),
	}
	return in, views.ProjectForm{
		Name:    f.Raw("name"),
		Summary: f.Raw("summary"),
		Due:     f.Raw("due"),
		Visible: in.Shared,
		Seen:    f.Raw("seen"),
		Errors:  ui.Errors(f.Errors),
	}, nil
}

func (s *Server) projectShow(r *http.Request) page {
	var (
		project      store.Project
		deliverables []store.DeliverableLine
		team, notes  int
	)
	id, which := web.PathID(r), archivedOrNot(r)
	reads := func(at store.Standing) []store.Read {
		reads := []store.Read{
			store.GetProject(id, &project),
			store.ListDeliverables(id, which, &deliverables),
			store.CountProjectNotes(id, &notes),
		}
		if at.Party == store.PartyAgency {
			reads = append(reads, store.CountTeam(&team))
		}
		return reads
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		p := projectProps(c, me, project, deliverables, which)
		p.OpenNotes = notes
		p.Pressed = pressed(r)
		p.Ordering = p.CanReorder && r.URL.Query().Has("order")
		if c.Staff {
			p.WhoSees = audienceSentence(me, team, project.SharedAt != nil)
		}
		return views.Render(w, r, http.StatusOK, views.ProjectShow(c, p))
	}}
}

func projectProps(c views.Chrome, me store.Member, project store.Project, deliverables []store.DeliverableLine, which store.Which) views.ProjectShowProps {
	edit := me.MayNow(store.EditWork)
	return views.ProjectShowProps{
		ID:           project.ID.String(),
		Name:         project.Name,
		Summary:      project.Summary,
		Due:          frame.OrZero(project.DueOn),
		Late:         c.Staff && project.ArchivedAt == nil && late(project.DueOn, "", c.Dates.Today()),
		Hidden:       project.SharedAt == nil,
		Archived:     project.ArchivedAt != nil,
		Deliverables: deliverableRows(c, deliverables),
		HasArchived:  project.HasArchived,
		InArchive:    which == store.Archived,
		CanCreate:    edit,
		CanReorder:   edit && which == store.Current,
		CanEdit:      edit,
		CanArchive:   edit,
		CanDelete:    edit,
	}
}

// audienceSentence says who can see a project or a deliverable, for staff to read before
// they share it.
func audienceSentence(me store.Member, team int, shared bool) string {
	ours := ui.Count(team, "person", "people") + " at " + me.Tenant.AgencyName
	if !shared {
		return "Only your team: " + ours
	}
	return "Everyone at " + me.Tenant.Name + " and " + ours
}

func countTeam(people []store.Membership) (team int) {
	for _, p := range people {
		if p.Party == store.PartyAgency {
			team++
		}
	}
	return team
}

func (s *Server) projectEdit(r *http.Request) page {
	var p store.Project
	return page{always(store.GetProject(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return views.Render(w, r, http.StatusOK, views.ProjectEdit(frame.Tenant(r, me), views.ProjectFormProps{
			ID:   p.ID.String(),
			Name: p.Name,
			Form: views.ProjectForm{Name: p.Name, Summary: p.Summary, Due: day(p.DueOn), Visible: p.SharedAt != nil, Seen: string(p.Seen)},
		}))
	}}
}

func day(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func (s *Server) projectUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := projectForm(r)
	if err != nil {
		return err
	}
	id := web.PathID(r)
	if len(typed.Errors) > 0 {
		var p store.Project
		if err := s.db.Read(r.Context(), me, store.GetProject(id, &p)); err != nil {
			return err
		}
		return views.Render(w, r, http.StatusUnprocessableEntity, views.ProjectEdit(frame.Tenant(r, me),
			views.ProjectFormProps{ID: id.String(), Name: p.Name, Form: typed}))
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		tx.Expect(store.Seen(typed.Seen))
		return tx.UpdateProject(r.Context(), id, in)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.projectConflict(w, r, me, in, typed)
	}
	if err != nil {
		return err
	}
	return s.projectUpdated(w, r, me)
}

func (s *Server) projectUpdated(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return frame.Done(w, r, frame.Base(r, me).Project(web.PathID(r).String()), "project.updated", "")
}

// projectConflict shows the form as it was typed, and what somebody else saved meanwhile.
func (s *Server) projectConflict(w http.ResponseWriter, r *http.Request, me store.Member, in store.ProjectInput, typed views.ProjectForm) error {
	var p store.Project
	if err := s.db.Read(r.Context(), me, store.GetProject(web.PathID(r), &p)); err != nil {
		return err
	}
	shown := map[bool]string{true: "yes", false: "no"}
	typed.Seen = string(p.Seen)
	typed.Theirs = differences(
		field{"Name", in.Name, p.Name},
		field{"Summary", in.Summary, p.Summary},
		field{"Due date", day(in.DueOn), day(p.DueOn)},
		field{"Show to " + me.Tenant.Name, shown[in.Shared], shown[p.SharedAt != nil]},
	)
	if len(typed.Theirs) == 0 {
		return s.projectUpdated(w, r, me)
	}
	frame.MarkOwn(r.Context(), s.db, me, typed.Theirs, p.ID, "project.updated")
	return views.Render(w, r, http.StatusConflict, views.ProjectEdit(frame.Tenant(r, me),
		views.ProjectFormProps{ID: p.ID.String(), Name: p.Name, Form: typed}))
}

func versionWord(n int) string { return "Version " + strconv.Itoa(n) }
