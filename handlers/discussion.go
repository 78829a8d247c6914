package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func (s *Server) discussionShow(r *http.Request) page {
	return s.discussionPage(web.PathID(r), r.URL.Query().Get("notes") == "done", http.StatusOK, func(*views.DeliverableShowProps) {})
}

// discussionPage is the page of the notes on a project, of those that are done or of the
// others. Edit changes how it shows the notes, as on the page of a deliverable.
func (s *Server) discussionPage(project uuid.UUID, done bool, status int, edit func(*views.DeliverableShowProps)) page {
	var (
		p        store.Project
		notes    []store.Note
		comments []store.Comment
		people   []store.Membership
	)
	reads := always(store.GetProject(project, &p), store.ListProjectNotes(project, &notes), store.ListProjectComments(project, &comments), store.ListPeople(&people))
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		c := frame.Tenant(r, me)
		list := projectNotes(c, me, p, done, notes, comments)
		if me.MayNow(store.WriteNotes) && me.Support == nil && p.ArchivedAt == nil {
			list.Form = &views.NoteForm{URL: c.Base.Discussion(p.ID.String()), Key: formKey(p.ID, me, len(comments)), Mentions: othersNames(people, me), Staff: c.Staff, Draft: p.SharedAt == nil}
		}
		shown := views.DeliverableShowProps{Notes: list}
		edit(&shown)
		props := views.DiscussionProps{
			Name: p.Name, Notes: *list, Kept: shown.Kept,
			Facts: views.ProjectFacts{Due: frame.OrZero(p.DueOn), Late: c.Staff && p.ArchivedAt == nil && late(p.DueOn, "", c.Dates.Today()), Hidden: p.SharedAt == nil, Archived: p.ArchivedAt != nil},
			Tabs:  views.ProjectTabs{ID: p.ID.String(), HasArchived: p.HasArchived, Current: "discussion", OpenNotes: list.Open},
		}
		if c.Staff {
			props.Facts.WhoSees = audienceSentence(me, countTeam(people), p.SharedAt != nil)
		}
		return views.Render(w, r, status, views.Discussion(c, props))
	}}
}

// projectNotes are the notes on a project, as the page lists them.
func projectNotes(c views.Chrome, me store.Member, p store.Project, done bool, notes []store.Note, comments []store.Comment) *views.NotesProps {
	list := &views.NotesProps{
		Cut: len(notes) > store.ProjectNotesShown || len(comments) > store.ProjectCommentsShown, ShowsDone: done, Client: c.Workspace.Name,
		OpenURL: c.Base.Discussion(p.ID.String()) + "#notes", DoneURL: c.Base.DiscussionDone(p.ID.String()) + "#notes",
	}
	notes, comments = notes[:min(len(notes), store.ProjectNotesShown)], comments[:min(len(comments), store.ProjectCommentsShown)]
	words := map[uuid.UUID][]store.ListedComment{}
	for _, k := range slices.Backward(comments) { // the oldest first
		words[k.NoteID] = append(words[k.NoteID], store.ListedComment{Comment: k})
	}
	slices.SortFunc(notes, cmpNotes)
	on := noted{c: c, me: me, open: store.Version{SharedAt: p.SharedAt}}
	for _, n := range notes {
		if n.ResolvedAt != nil {
			list.Done++
		} else {
			list.Open++
		}
		if (n.ResolvedAt != nil) == done {
			row := on.note(&views.DeliverableShowProps{}, store.ListedNote{Note: n, Comments: words[n.ID], Said: len(words[n.ID])})
			row.Where = "Whole project"
			list.List = append(list.List, row)
		}
	}
	return list
}

// discussionStart writes a note on a project.
func (s *Server) discussionStart(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	in := store.NewNote{Words: f.Prose("words", store.MaxNoteWords), Visibility: store.Visibility(f.Raw("visibility"))}
	in.FormKey, _ = web.ParseID(f.Raw("form_key"))
	refused := store.InvalidError(f.Errors)
	var placed store.PlacedNote
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
			placed, err = tx.StartProjectNote(r.Context(), web.PathID(r), in)
			return err
		})
		if invalid, ok := errors.AsType[store.InvalidError](err); ok {
			refused, err = invalid, nil
		}
	}
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		return s.showPage(w, r, me, s.discussionPage(web.PathID(r), false, http.StatusUnprocessableEntity, func(p *views.DeliverableShowProps) {
			keepNote(p, f, ui.Errors(refused))
		}))
	}
	return s.noteDone(w, r, me, f, "note.written", placed)
}

// discussionDone leads back to a note on a project.
func discussionDone(w http.ResponseWriter, r *http.Request, base views.Base, verb string, placed store.PlacedNote) error {
	fragment, _ := views.PinAnchors(placed.Visibility == store.TeamOnly, placed.Number)
	undone := ""
	if verb == "note.resolved" {
		fragment, undone = "notes", placed.ID.String()
	}
	return frame.Done(w, r, base.Discussion(placed.ProjectID.String())+"#"+fragment, verb, undone)
}

// cmpNotes orders what the client sees before what the team sees, each by number.
func cmpNotes(a, b store.Note) int {
	if a.Visibility != b.Visibility {
		return strings.Compare(string(a.Visibility), string(b.Visibility)) // client, team
	}
	return a.Number - b.Number
}
