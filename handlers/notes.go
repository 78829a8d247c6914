package handlers

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

// noteStart writes a note on a version.
func (s *Server) noteStart(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	number, err := versionNumber(r)
	if err != nil {
		return store.ErrNotFound
	}
	in, err := readNote(f)
	if err != nil {
		return err
	}
	refused := store.InvalidError(f.Errors)
	var placed store.PlacedNote
	if f.Valid() {
		err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
			placed, err = tx.StartNote(r.Context(), web.PathID(r), number, in)
			return err
		})
		if invalid, ok := errors.AsType[store.InvalidError](err); ok {
			refused, err = invalid, nil
		}
	}
	if err != nil {
		return s.noteProblem(r, me, err)
	}
	if len(refused) > 0 {
		q := workQuery{deliverable: web.PathID(r), version: strconv.Itoa(number), file: shownFile(f), page: shownPage(f), all: shownOnAll(f)}
		return s.showPage(w, r, me, s.workPage(q, http.StatusUnprocessableEntity, func(p *views.DeliverableShowProps) {
			keepNote(p, f, ui.Errors(refused))
		}))
	}
	return s.noteDone(w, r, me, f, "note.written", placed)
}

// readNote reads the form of a note. The place is a cell, or the point or box that a script
// filled in.
func readNote(f *web.Form) (in store.NewNote, err error) {
	in.Words = f.Prose("words", store.MaxNoteWords)
	in.Visibility = store.Visibility(f.Raw("visibility"))
	in.FormKey, _ = web.ParseID(f.Raw("form_key"))
	if file := f.Raw("file"); file != "" {
		id, ok := web.ParseID(file)
		if !ok {
			return in, store.ErrNotFound
		}
		in.FileID = &id
	}
	if page := strings.TrimSpace(f.Raw("page")); page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 1 || n > 100_000 {
			f.Errors["page"] = "Enter the number of a page, such as 2."
		}
		in.Page = &n
	}
	in.AtMS, in.EndMS = readMoment(f, "time"), readMoment(f, "until")
	readPlace(f, &in.Anchor)
	in.Drawing = f.Raw("drawing")
	return in, nil
}

func readMoment(f *web.Form, field string) *int64 {
	moment := strings.TrimSpace(f.Raw(field))
	if moment == "" {
		return nil
	}
	ms, ok := parseMoment(moment)
	if !ok {
		f.Errors[field] = "Enter a time, such as 0:12 or 0:12.480."
	}
	return &ms
}

func readPlace(f *web.Form, a *store.Anchor) {
	place := f.Raw("place")
	if place == "" {
		return
	}
	if x, y, ok := views.GridPoint(place); ok {
		a.X, a.Y = &x, &y
		return
	}
	x, y, ok := fractions(f.Raw("x"), f.Raw("y"), 0, 10_000, 10_000)
	if place != "pin" || !ok {
		f.Errors["place"] = "Choose a place again."
		return
	}
	a.X, a.Y = &x, &y
	if w, h, ok := fractions(f.Raw("w"), f.Raw("h"), 1, 10_000-x, 10_000-y); ok {
		a.W, a.H = &w, &h
	}
}

// fractions reads two numbers from least to each most.
func fractions(a, b string, least, mostA, mostB int) (x, y int, ok bool) {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	return x, y, errX == nil && errY == nil && x >= least && x <= mostA && y >= least && y <= mostB
}

// parseMoment reads a time as mm:ss, h:mm:ss or seconds, with decimals if need be, and
// returns milliseconds. A recording is shorter than a week.
func parseMoment(text string) (ms int64, ok bool) {
	text, decimals, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	thousandths, err := strconv.ParseUint((decimals + "000")[:3], 10, 16)
	parts := strings.Split(text, ":")
	if err != nil || len(decimals) > 3 || len(parts) > 3 {
		return 0, false
	}
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || n < 0 || (i > 0 && n > 59) {
			return 0, false
		}
		ms = ms*60 + n
	}
	ms = ms*1000 + int64(thousandths)
	return ms, ms <= (7 * 24 * time.Hour).Milliseconds()
}

// keepNote shows the form again as it was sent, with what is wrong.
func keepNote(p *views.DeliverableShowProps, f *web.Form, errs ui.Errors) {
	if p.Notes == nil || p.Notes.Form == nil {
		return
	}
	form := p.Notes.Form
	form.Errors, form.Words, form.Place, form.Page, form.Time, form.Until = errs, f.Raw("words"), f.Raw("place"), f.Raw("page"), f.Raw("time"), f.Raw("until")
	form.X, form.Y, form.W, form.H = f.Raw("x"), f.Raw("y"), f.Raw("w"), f.Raw("h")
	if d, err := store.ParseDrawing(f.Raw("drawing")); err == nil {
		form.Drawing = d.Text()
	}
	form.ToClient = f.Raw("visibility") == string(store.ClientVisible)
	for i := range form.Files {
		form.Files[i].Selected = form.Files[i].Value == f.Raw("file")
	}
}

// shownFile is the file that was shown large on the page that the form was on.
func shownFile(f *web.Form) string {
	if id := f.Raw("shown"); web.IsID(id) {
		return id
	}
	return ""
}

// shownPage is the page of a document that was shown with the form; "" for none.
func shownPage(f *web.Form) string {
	if n, err := strconv.ParseUint(f.Raw("shown_page"), 10, 16); err == nil {
		return strconv.FormatUint(n, 10)
	}
	return ""
}

// noteDone leads back to the note: to the page that lists it.
func (s *Server) noteDone(w http.ResponseWriter, r *http.Request, me store.Member, f *web.Form, verb string, placed store.PlacedNote) error {
	base, id, team := frame.Base(r, me), placed.DeliverableID.String(), placed.Visibility == store.TeamOnly
	if placed.DeliverableID == uuid.Nil {
		return discussionDone(w, r, base, verb, placed)
	}
	if verb != "note.resolved" && placed.Many {
		return frame.Done(w, r, base.Note(id, placed.Version, team, placed.Number), verb, "")
	}
	fragment, _ := views.PinAnchors(team, placed.Number)
	undone := ""
	at := views.NotesAt{Version: placed.Version, File: shownFile(f), Page: shownPage(f), All: shownOnAll(f), Done: placed.Done}
	switch {
	case verb == "note.resolved":
		fragment, undone, at.Done = "notes", placed.ID.String(), false
	case verb == "note.reopened":
		at.Done = false
	}
	if placed.FileID != nil && !at.All && verb != "note.resolved" && placed.FileID.String() != at.File {
		at.File, at.Page = placed.FileID.String(), ""
		if placed.Page != nil {
			at.Page = strconv.Itoa(*placed.Page)
		}
	}
	return frame.Done(w, r, base.NotesOf(id, at)+"#"+fragment, verb, undone)
}

// shownOnAll says that the form was on a page with the notes on all files.
func shownOnAll(f *web.Form) bool { return f.Raw("shown_on") == "all" }

// isOpen says which version is open instead of another one.
func isOpen(open, instead int) string {
	if open < instead {
		return "Version " + strconv.Itoa(open) + " is open again"
	}
	return "Version " + strconv.Itoa(open) + " is out"
}

// noteProblem words why a note wasn't changed.
func (s *Server) noteProblem(r *http.Request, me store.Member, err error) error {
	if locked, ok := errors.AsType[*store.VersionLockedError](err); ok {
		number, _ := strconv.Atoi(r.PathValue("number")) // a path without one names a note of an earlier version
		open := isOpen(locked.Newest, number)
		return &web.Problem{Status: http.StatusConflict, Title: open, Sentence: open + ". Write your note there.", Cause: err,
			Link: web.Link{URL: frame.Base(r, me).DeliverableVersion(locked.DeliverableID.String(), locked.Newest) + "#write", Label: "Go to version " + strconv.Itoa(locked.Newest)}}
	}
	if errors.Is(err, store.ErrTooLateToEdit) {
		return &web.Problem{Status: http.StatusConflict, Sentence: "Ten minutes are over, so what you wrote stays as it is. Add a reply instead.", Cause: err}
	}
	return err
}

// noteDeed runs a deed on the note or comment that the path names. A refused form is shown
// again by again, on the page of the note that place finds.
func (s *Server) noteDeed(w http.ResponseWriter, r *http.Request, me store.Member, f *web.Form, verb string,
	deed func(*store.Tx) (store.PlacedNote, error), place func(uuid.UUID, *store.PlacedNote) store.Read, again func(*views.DeliverableShowProps, store.InvalidError),
) error {
	var at store.PlacedNote
	refused := store.InvalidError(maps.Clone(f.Errors))
	if f.Valid() {
		err := s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
			at, err = deed(tx)
			return err
		})
		invalid, ok := errors.AsType[store.InvalidError](err)
		switch {
		case err == nil:
			return s.noteDone(w, r, me, f, verb, at)
		case !ok:
			return s.noteProblem(r, me, err)
		}
		refused = invalid
	}
	if err := s.db.Read(r.Context(), me, place(web.PathID(r), &at)); err != nil {
		return err
	}
	edit := func(p *views.DeliverableShowProps) {
		again(p, refused)
		refusedNote(p, r, refused)
	}
	if at.DeliverableID == uuid.Nil {
		return s.showPage(w, r, me, s.discussionPage(at.ProjectID, false, http.StatusUnprocessableEntity, edit))
	}
	q := workQuery{deliverable: at.DeliverableID, version: strconv.Itoa(at.Version), file: shownFile(f), page: shownPage(f), all: shownOnAll(f), done: at.Done}
	if at.Many {
		q.alone = &store.NoteLabel{Visibility: at.Visibility, Number: at.Number} // or it may be on another page of the list
	}
	return s.showPage(w, r, me, s.workPage(q, http.StatusUnprocessableEntity, edit))
}

// refusedNote says above the notes why one was not changed, unless its form does.
func refusedNote(p *views.DeliverableShowProps, r *http.Request, refused store.InvalidError) {
	if p.Notes == nil || slices.ContainsFunc(p.Notes.List, func(n views.Note) bool { return n.ReplyError != "" || (n.ShowError != "" && n.CanShow) }) {
		return
	}
	for _, sentence := range refused {
		p.Notes.Refused = sentence
	}
	p.Kept = views.KeptTexts(r.PostForm)
}

// editNote changes how the page shows the note with that id.
func editNote(p *views.DeliverableShowProps, id uuid.UUID, edit func(*views.Note)) {
	if p.Notes == nil || p.Notes.Form == nil {
		return
	}
	for i := range p.Notes.List {
		if p.Notes.List[i].ID == id.String() {
			edit(&p.Notes.List[i])
		}
	}
}

// noteReply adds a reply to a note.
func (s *Server) noteReply(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	in := store.NewReply{Words: f.Prose("words", store.MaxNoteWords), Visibility: store.Visibility(f.Raw("visibility"))}
	in.FormKey, _ = web.ParseID(f.Raw("form_key"))
	id := web.PathID(r)
	return s.noteDeed(w, r, me, f, "note.replied", func(tx *store.Tx) (store.PlacedNote, error) { return tx.ReplyToNote(r.Context(), id, in) },
		store.PlaceNote, func(p *views.DeliverableShowProps, refused store.InvalidError) {
			editNote(p, id, func(n *views.Note) {
				n.Reply = f.Raw("words")
				for _, sentence := range refused {
					n.ReplyError = sentence
				}
			})
		})
}

// commentEdit changes the words of the member's own note or reply.
func (s *Server) commentEdit(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	words := f.Prose("words", store.MaxNoteWords)
	return s.noteDeed(w, r, me, f, "note.edited", func(tx *store.Tx) (store.PlacedNote, error) { return tx.EditComment(r.Context(), web.PathID(r), words) },
		store.PlaceComment, func(*views.DeliverableShowProps, store.InvalidError) {})
}

// noteResolve marks a note as done, or reopens it.
func (s *Server) noteResolve(done bool) memberHandler {
	verb := "note.resolved"
	if !done {
		verb = "note.reopened"
	}
	return func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		f, err := web.NewForm(r)
		if err != nil {
			return err
		}
		return s.noteDeed(w, r, me, f, verb, func(tx *store.Tx) (store.PlacedNote, error) { return tx.ResolveNote(r.Context(), web.PathID(r), done) },
			store.PlaceNote, func(*views.DeliverableShowProps, store.InvalidError) {})
	}
}

// noteShow shows the ticked comments of a note to the client.
func (s *Server) noteShow(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	var ticked []uuid.UUID
	for _, text := range r.PostForm["comment"] {
		id, ok := web.ParseID(text)
		if !ok || len(ticked) > store.MaxReplies {
			return store.ErrNotFound
		}
		ticked = append(ticked, id)
	}
	id := web.PathID(r)
	return s.noteDeed(w, r, me, f, "note.shown", func(tx *store.Tx) (store.PlacedNote, error) { return tx.ShowNote(r.Context(), id, ticked) },
		store.PlaceNote, func(p *views.DeliverableShowProps, refused store.InvalidError) {
			editNote(p, id, func(n *views.Note) { n.ShowError = refused["comment"] })
		})
}
