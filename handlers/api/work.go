package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portico/files"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

type project struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Summary   string    `json:"summary"`
	DueOn     *string   `json:"due_on"`
	Visible   bool      `json:"visible"` // to the client
	Archived  bool      `json:"archived"`
	UpdatedAt time.Time `json:"updated_at"`
	URL       string    `json:"url"` // its page
}

func (s *Service) project(me store.Member) func(store.Project) project {
	base := s.pages(me)
	return func(p store.Project) project {
		return project{
			ID: p.ID.String(), Name: p.Name, Summary: p.Summary, DueOn: day(p.DueOn),
			Visible: p.SharedAt != nil, Archived: p.ArchivedAt != nil, UpdatedAt: p.UpdatedAt.UTC(), URL: base.Project(p.ID.String()),
		}
	}
}

// pages is where the pages of the member's tenant are.
func (s *Service) pages(me store.Member) views.Base { return views.Base(s.home(me.Tenant)) }

func day(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := t.Format(time.DateOnly)
	return &text
}

// Projects lists the tenant's projects, oldest first, archived ones too.
func (s *Service) Projects(w http.ResponseWriter, r *http.Request, me store.Member) error {
	p, _, err := pageOf(r)
	if err != nil {
		return err
	}
	var projects []store.Project
	if err := s.db.Read(r.Context(), me, store.PageProjects(p, &projects)); err != nil {
		return err
	}
	return sendPage(w, r, projects, p, func(p store.Project) uuid.UUID { return p.ID }, s.project(me))
}

// Project reads one project.
func (s *Service) Project(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var p store.Project
	if err := s.db.Read(r.Context(), me, store.GetProject(web.PathID(r), &p)); err != nil {
		return err
	}
	return send(w, r, http.StatusOK, s.project(me)(p))
}

// CreateProject adds a project at the top of the list.
func (s *Service) CreateProject(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, err := readInput(r, text("name"), text("summary"), text("due_on"), flag("visible"))
	if err != nil {
		return err
	}
	what := store.ProjectInput{
		Name:    in.Text("name", "a name", 160),
		Summary: in.Prose("summary", 2000),
		DueOn:   in.Date("due_on"),
		Shared:  in.Checked("visible"),
	}
	if err := in.check(); err != nil {
		return err
	}
	return s.once(w, r, me, in, func(tx *store.Tx) (made, error) {
		id, err := tx.CreateProject(r.Context(), what)
		if err != nil {
			return made{}, err
		}
		var p store.Project
		err = tx.Read(r.Context(), store.GetProject(id, &p))
		return made{Prefix + "/projects/" + id.String(), s.project(me)(p)}, err
	})
}

type deliverable struct {
	ID        string                 `json:"id"`
	ProjectID string                 `json:"project_id"`
	Title     string                 `json:"title"`
	Brief     string                 `json:"brief"`
	State     store.DeliverableState `json:"state"`
	DueOn     *string                `json:"due_on"`
	Version   *int                   `json:"version"` // the published one that isn't locked
	Draft     *int                   `json:"draft"`
	Rounds    *int                   `json:"rounds"` // agreed with the client
	Archived  bool                   `json:"archived"`
	UpdatedAt time.Time              `json:"updated_at"`
	URL       string                 `json:"url"` // its page
}

func (s *Service) deliverable(me store.Member) func(store.Deliverable) deliverable {
	base := s.pages(me)
	return func(d store.Deliverable) deliverable {
		return deliverable{
			ID: d.ID.String(), ProjectID: d.ProjectID.String(), Title: d.Title, Brief: d.Brief, State: d.State, DueOn: day(d.DueOn),
			Version: number(d.Version), Draft: number(d.Draft), Rounds: d.Rounds, Archived: d.ArchivedAt != nil, UpdatedAt: d.UpdatedAt.UTC(),
			URL: base.Deliverable(d.ID.String()),
		}
	}
}

func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// Deliverables lists the tenant's deliverables, oldest first, archived ones too; of one
// project, or in one state, if the request says so.
func (s *Service) Deliverables(w http.ResponseWriter, r *http.Request, me store.Member) error {
	p, q, err := pageOf(r, "project", "state")
	if err != nil {
		return err
	}
	f := store.DeliverableFilter{State: store.DeliverableState(q.Get("state")), Page: p}
	if q.Has("state") && !f.State.IsKnown() {
		return errFilter
	}
	if q.Has("project") {
		var ok bool
		if f.Project, ok = web.ParseID(q.Get("project")); !ok {
			return errFilter
		}
	}
	var deliverables []store.Deliverable
	if err := s.db.Read(r.Context(), me, store.PageDeliverables(f, &deliverables)); err != nil {
		return err
	}
	return sendPage(w, r, deliverables, p, func(d store.Deliverable) uuid.UUID { return d.ID }, s.deliverable(me))
}

type version struct {
	ID          string         `json:"id"`
	Number      int            `json:"number"`
	Note        string         `json:"note"`
	CreatedAt   time.Time      `json:"created_at"`
	CreatedBy   string         `json:"created_by"`
	PublishedAt *time.Time     `json:"published_at"`
	PublishedBy *string        `json:"published_by"`
	Locked      bool           `json:"locked"`
	Outcome     *store.Outcome `json:"outcome"`
	Files       []file         `json:"files"`
}

type file struct {
	ID          string          `json:"id"`
	Folder      string          `json:"folder"`
	Name        string          `json:"name"`
	Size        int64           `json:"size"`
	State       store.FileState `json:"state"`
	ContentType *string         `json:"content_type"`
	SHA256      *string         `json:"sha256"`
	Download    *string         `json:"download"` // where a program gets its bytes, once it is ready
}

func versionOf(v store.Version, all []store.File) version {
	out := version{ID: v.ID.String(), Number: v.Number, Note: v.Note, CreatedAt: v.CreatedAt.UTC(), CreatedBy: v.AuthorName, Locked: v.Locked, Outcome: v.Outcome, Files: []file{}}
	if v.SharedAt != nil {
		at := v.SharedAt.UTC()
		out.PublishedAt, out.PublishedBy = &at, &v.PublisherName
	}
	for _, f := range all {
		if f.VersionID == v.ID {
			out.Files = append(out.Files, fileOf(f))
		}
	}
	return out
}

func fileOf(f store.File) file {
	out := file{ID: f.ID.String(), Folder: f.Folder, Name: f.Name, Size: f.Size, State: f.State}
	if f.State == store.FileReady {
		digest, download := files.Digest(f.SHA256).String(), Prefix+"/files/"+out.ID
		out.ContentType, out.SHA256, out.Download = &f.ContentType, &digest, &download
	}
	return out
}

// Deliverable reads one deliverable with its versions, newest first, and their files.
func (s *Service) Deliverable(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var d store.Deliverable
	var versions []store.Version
	var all []store.File
	id := web.PathID(r)
	if err := s.db.Read(r.Context(), me, store.GetDeliverable(id, &d), store.ListVersions(id, &versions), store.ListFilesOf(id, &all)); err != nil {
		return err
	}
	out := struct {
		deliverable
		Versions []version `json:"versions"`
	}{s.deliverable(me)(d), make([]version, len(versions))}
	for i, v := range versions {
		out.Versions[i] = versionOf(v, all)
	}
	return send(w, r, http.StatusOK, out)
}

// CreateDeliverable adds a deliverable with a first draft version to a project.
func (s *Service) CreateDeliverable(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, err := readInput(r, text("title"), text("brief"), text("due_on"))
	if err != nil {
		return err
	}
	what := store.DeliverableInput{
		Title: in.Text("title", "a title", 160),
		Brief: in.Prose("brief", 4000),
		DueOn: in.Date("due_on"),
	}
	if err := in.check(); err != nil {
		return err
	}
	return s.once(w, r, me, in, func(tx *store.Tx) (made, error) {
		id, err := tx.CreateDeliverable(r.Context(), web.PathID(r), what)
		if err != nil {
			return made{}, err
		}
		var d store.Deliverable
		err = tx.Read(r.Context(), store.GetDeliverable(id, &d))
		return made{Prefix + "/deliverables/" + id.String(), s.deliverable(me)(d)}, err
	})
}

var errDraftExists = &web.Problem{Status: http.StatusConflict, Name: "draft-exists", Sentence: "The deliverable has a draft version already. Add the files to that one, and publish it."}

// CreateVersion starts the next version of a deliverable as a draft.
func (s *Service) CreateVersion(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, err := readInput(r)
	if err != nil {
		return err
	}
	return s.once(w, r, me, in, func(tx *store.Tx) (made, error) {
		id, err := tx.AddVersion(r.Context(), web.PathID(r))
		if errors.Is(err, store.ErrConflict) {
			err = errDraftExists
		}
		if err != nil {
			return made{}, err
		}
		return readVersion(r, tx, id)
	})
}

func readVersion(r *http.Request, tx *store.Tx, id uuid.UUID) (made, error) {
	var v store.Version
	var all []store.File
	if err := tx.Read(r.Context(), store.GetVersion(id, &v)); err != nil {
		return made{}, err
	}
	err := tx.Read(r.Context(), store.ListFiles(id, &all))
	return made{Prefix + "/versions/" + id.String(), versionOf(v, all)}, err
}

// Version reads one version with its files.
func (s *Service) Version(w http.ResponseWriter, r *http.Request, me store.Member) error {
	var v store.Version
	var all []store.File
	if err := s.db.Read(r.Context(), me, store.GetVersion(web.PathID(r), &v), store.ListFiles(web.PathID(r), &all)); err != nil {
		return err
	}
	return send(w, r, http.StatusOK, versionOf(v, all))
}

var (
	errFilesPending = &web.Problem{Status: http.StatusConflict, Name: "files-pending", Sentence: "A file of the version hasn't finished uploading. Finish its upload, or cancel it."}
	errNoFile       = &web.Problem{Status: http.StatusConflict, Name: "nothing-to-publish", Sentence: "The version has no file, or it is published already."}
)

// Publish shows a draft version to the client, and tells the client's people.
func (s *Service) Publish(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, err := readInput(r, text("note"), flag("beyond_rounds"))
	if err != nil {
		return err
	}
	what := store.Publication{Note: in.Prose("note", 2000), BeyondRounds: in.Checked("beyond_rounds")}
	if err := in.check(); err != nil {
		return err
	}
	return s.once(w, r, me, in, func(tx *store.Tx) (made, error) {
		var v store.Version
		if err := tx.Read(r.Context(), store.GetVersion(web.PathID(r), &v)); err != nil {
			return made{}, err
		}
		_, err := tx.PublishWith(r.Context(), v.DeliverableID, v.Number, what)
		switch {
		case errors.Is(err, store.ErrFilesPending):
			err = errFilesPending
		case errors.Is(err, store.ErrConflict):
			err = errNoFile
		}
		if err != nil {
			return made{}, err
		}
		return readVersion(r, tx, v.ID)
	})
}
