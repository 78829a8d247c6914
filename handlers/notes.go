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

// noted is the version whose notes a page shows, and to whom.
type noted struct {
	c    views.Chrome
	me   store.Member
	work store.Deliverable
	open store.Version
	q    workQuery
	// mentions are names that a note may have after an @.
	mentions []string

	files []store.File // of any version
}

// mayWrite says whether the reader can write notes on the version. Support can't: its
// sessions write in nobody's name.
func (n noted) mayWrite() bool {
	return n.me.MayNow(store.WriteNotes) && n.me.Support == nil && !n.open.Locked && n.work.InUse()
}

// withNotes adds the notes of the open version.
func withNotes(p *views.DeliverableShowProps, n noted, notes []store.Note, comments []store.Comment) {
	cut := len(notes) > store.NotesShown || len(comments) > store.CommentsShown
	notes, comments = notes[:min(len(notes), store.NotesShown)], comments[:min(len(comments), store.CommentsShown)]
	words := map[uuid.UUID][]store.Comment{}
	for _, k := range slices.Backward(comments) { // the oldest first
		words[k.NoteID] = append(words[k.NoteID], k)
	}
	slices.SortFunc(notes, func(a, b store.Note) int { return cmpNotes(a, b) })
	file := ""
	if p.Hero != nil {
		file = p.Hero.ID
	}
	list := &views.NotesProps{Cut: cut, ShowsDone: n.q.done, Client: n.c.Workspace.Name, ShownFile: file}
	if p.Hero != nil && p.Hero.Page != nil {
		list.ShownPage = strconv.Itoa(p.Hero.Page.Number)
	}
	for _, note := range notes {
		done := note.ResolvedAt != nil
		if done {
			list.Done++
		} else {
			list.Open++
		}
		if note.Carried {
			list.Carried++
			if done {
				list.CarriedDone++
			}
		}
		if done == n.q.done {
			list.List = append(list.List, n.note(p, note, words[note.ID]))
		}
	}
	list.OpenURL = n.c.Base.NotesOf(p.ID, n.open.Number, n.q.file, n.q.page, false) + "#notes"
	list.DoneURL = n.c.Base.NotesOf(p.ID, n.open.Number, n.q.file, n.q.page, true) + "#notes"
	if n.open.Locked && n.work.Version > 0 {
		list.LockedBy = isOpen(n.work.Version, n.open.Number)
		list.LockedByURL = n.c.Base.DeliverableVersion(p.ID, n.work.Version) + "#write"
	}
	if n.mayWrite() {
		list.Form = n.form(p, formKey(n.open.ID, n.me, len(comments)))
	}
	if list.Open+list.Done > 0 && n.me.Support == nil {
		list.Exports = n.exports(p)
	}
	list.FromPage, _ = strconv.Atoi(n.q.page)
	list.FromPage = max(0, list.FromPage)
	if ms, ok := parseMoment(n.q.time); ok && ms > 0 {
		list.From = seekTo(ms)
	}
	p.Notes = list
}

// exports are the kinds of files that the notes can be had as. Markers are for the recording
// that is shown large.
func (n noted) exports(p *views.DeliverableShowProps) []views.NoteExport {
	kind := func(label, format, file, title string) views.NoteExport {
		return views.NoteExport{Label: label, Title: title, URL: n.c.Base.NotesExport(p.ID, n.open.Number, format, file)}
	}
	all := []views.NoteExport{kind("CSV", "csv", "", "A table for spreadsheets"), kind("PDF", "pdf", "", "To read and print, with the pins on the pictures")}
	if p.Hero != nil && p.Hero.State == "" && (p.Hero.Kind == views.FileVideo || p.Hero.Kind == views.FileAudio) {
		all = append(all, kind("EDL", "edl", p.Hero.ID, "Markers for DaVinci Resolve, of the file shown"), kind("FCPXML", "fcpxml", p.Hero.ID, "Markers for Final Cut Pro, of the file shown"))
	}
	return all
}

// isOpen says which version is open instead of another one.
func isOpen(open, instead int) string {
	if open < instead {
		return "Version " + strconv.Itoa(open) + " is open again"
	}
	return "Version " + strconv.Itoa(open) + " is out"
}

// cmpNotes orders what the client sees before what the team sees, each by number.
func cmpNotes(a, b store.Note) int {
	if a.Visibility != b.Visibility {
		return strings.Compare(string(a.Visibility), string(b.Visibility)) // client, team
	}
	return a.Number - b.Number
}

// namesOffered is the most names that the form of a note offers.
const namesOffered = 4

// othersNames are names of other people of the workspace.
func othersNames(people []store.Membership, me store.Member) (names []string) {
	for _, p := range people {
		if p.UserID != me.ID() && p.Name != "" && len(names) < namesOffered {
			names = append(names, p.Name)
		}
	}
	return names
}

// formKey stands for one sending of a form. It depends on what the reader sees only, so
// that their page doesn't change by what they don't see.
func formKey(of uuid.UUID, me store.Member, comments int) string {
	return uuid.NewSHA1(of, []byte(me.ID().String()+" "+strconv.Itoa(comments))).String()
}

func (n noted) note(p *views.DeliverableShowProps, note store.Note, words []store.Comment) views.Note {
	team := note.Visibility == store.TeamOnly
	v := views.Note{
		ID:      note.ID.String(),
		Label:   views.PinLabel(team, note.Number),
		Team:    team,
		Done:    note.ResolvedAt != nil,
		DoneBy:  note.ResolverName,
		DoneAt:  frame.OrZero(note.ResolvedAt),
		FormKey: formKey(note.ID, n.me, len(words)),
		Marked:  n.c.Staff,
	}
	v.Anchor, v.PinAnchor = views.PinAnchors(team, note.Number)
	n.place(p, note, &v)
	for _, k := range words {
		hidden := k.Visibility == store.TeamOnly
		v.CanShow = v.CanShow || hidden && !k.Earlier && n.open.SharedAt != nil && n.me.MayNow(store.Publish)
		v.Comments = append(v.Comments, views.NoteComment{
			ID: k.ID.String(), Author: k.AuthorName, Words: k.Words, At: k.CreatedAt, Edited: k.EditedAt != nil, Team: hidden, Earlier: k.Earlier, CanEdit: k.Editable, Named: k.Named,
		})
	}
	return v
}

// place says where a note points, with a link.
func (n noted) place(p *views.DeliverableShowProps, note store.Note, v *views.Note) {
	if note.FileID == nil {
		n.origin(p, note, v)
		return
	}
	id := note.FileID.String()
	at := slices.IndexFunc(p.Files, func(f views.FileRow) bool { return f.ID == id })
	if at < 0 {
		v.Where = "A file that was deleted"
		return
	}
	shown := p.Hero != nil && p.Hero.ID == id
	v.Where = p.Files[at].Name
	key, value, fragment := "", "", "stage"
	onPage := shown
	if note.Page != nil {
		v.Where += ", page " + strconv.Itoa(*note.Page)
		key, value = "page", strconv.Itoa(*note.Page)
		onPage = shown && p.Hero.Page != nil && p.Hero.Page.Number == *note.Page
	}
	switch {
	case note.X != nil:
		v.Where += ", " + views.GridPlace(*note.X, *note.Y)
		fragment = v.PinAnchor
		if onPage {
			v.Pin = &views.Pin{X: *note.X, Y: *note.Y, W: frame.OrZero(note.W), H: frame.OrZero(note.H)}
		}
	case note.AtMS != nil:
		v.Where += " at " + placeInTime(n.file(id), *note.AtMS)
		if note.EndMS != nil {
			v.Where += " to " + placeInTime(n.file(id), *note.EndMS)
		}
		key, value = "t", seekTo(*note.AtMS)
		if shown {
			v.Seek, v.Mark = value, n.mark(n.file(id), note)
		}
	}
	if v.WhereURL = n.c.Base.DeliverablePlace(p.ID, n.open.Number, id, key, value, fragment); v.Pin != nil {
		v.WhereURL = "#" + fragment
	}
}

// file is a file of the open version.
func (n noted) file(id string) *store.File {
	at := slices.IndexFunc(n.files, func(f store.File) bool { return f.ID.String() == id })
	if at < 0 {
		return nil
	}
	return &n.files[at]
}

// mark is where a note stands on the time line of a recording, if its length is known.
func (n noted) mark(f *store.File, note store.Note) *views.Mark {
	if f == nil || f.DurationMS == nil || *f.DurationMS == 0 {
		return nil
	}
	part := func(ms int64) int { return int(min(10_000, ms*10_000 / *f.DurationMS)) }
	m := views.Mark{From: part(*note.AtMS)}
	if note.EndMS != nil {
		m.Length = part(*note.EndMS) - m.From
	}
	return &m
}

// origin says where a note of an earlier version pointed that has no such place here, with
// a link.
func (n noted) origin(p *views.DeliverableShowProps, note store.Note, v *views.Note) {
	if note.FromVersion == nil {
		return
	}
	v.Where = "Version " + strconv.Itoa(*note.FromVersion)
	fragment, pin := views.PinAnchors(*note.FromVisibility == store.TeamOnly, *note.FromNumber)
	file, key, value := "", "", ""
	if note.FromFile != nil {
		file, fragment = note.FromFile.String(), "stage"
		if note.FromPage != nil {
			v.Where += ", page " + strconv.Itoa(*note.FromPage)
			key, value = "page", strconv.Itoa(*note.FromPage)
		}
		switch {
		case note.FromX != nil:
			v.Where += ", " + views.GridPlace(*note.FromX, *note.FromY)
			fragment = pin
		case note.FromMS != nil:
			seconds := int(*note.FromMS / 1000)
			v.Where += " at " + views.Moment(seconds)
			key, value = "t", strconv.Itoa(seconds)
		}
	}
	v.WhereURL = n.c.Base.DeliverablePlace(p.ID, *note.FromVersion, file, key, value, fragment)
}

// form is the empty form for a note on the open version. It offers the file shown large.
func (n noted) form(p *views.DeliverableShowProps, key string) *views.NoteForm {
	f := &views.NoteForm{
		Mentions: n.mentions,
		URL:      n.c.Base.VersionNotes(p.ID, n.open.Number), Key: key, Staff: n.c.Staff, Draft: n.open.SharedAt == nil,
		Files: []ui.Option{{Value: "", Label: "Whole version"}},
	}
	for _, file := range p.Files {
		if file.State != "" {
			continue
		}
		f.Files = append(f.Files, ui.Option{Value: file.ID, Label: file.Name, Selected: p.Hero != nil && p.Hero.ID == file.ID})
		f.Places = f.Places || file.Kind == views.FileImage || file.Kind == views.FilePDF
		f.Pages = f.Pages || file.Kind == views.FilePDF
		f.Times = f.Times || file.Kind == views.FileVideo || file.Kind == views.FileAudio
	}
	if p.Hero != nil && p.Hero.Page != nil {
		f.Page = strconv.Itoa(p.Hero.Page.Number)
	}
	return f
}

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
		q := workQuery{deliverable: web.PathID(r), version: strconv.Itoa(number), file: shownFile(f), page: shownPage(f)}
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

// noteDone leads back to the note.
func (s *Server) noteDone(w http.ResponseWriter, r *http.Request, me store.Member, f *web.Form, verb string, at store.PlacedNote) error {
	fragment, _ := views.PinAnchors(at.Visibility == store.TeamOnly, at.Number)
	undone := ""
	if verb == "note.resolved" {
		fragment, undone = "notes", at.ID.String()
	}
	to := frame.Base(r, me).Discussion(at.ProjectID.String())
	if at.DeliverableID != uuid.Nil {
		to = frame.Base(r, me).NotesOf(at.DeliverableID.String(), at.Version, shownFile(f), shownPage(f), false)
	}
	return frame.Done(w, r, to+"#"+fragment, verb, undone)
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
	q := workQuery{deliverable: at.DeliverableID, version: strconv.Itoa(at.Version), file: shownFile(f)}
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
