package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
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

// notesRead is what a page reads about the notes of a version.
type notesRead struct {
	counts []store.NoteCount
	list   []store.ListedNote
	pins   []store.PinnedNote // of notes on the shown file that are on other pages of the list
}

func (n *notesRead) reads(at store.NotesAt) []store.Read {
	return []store.Read{store.CountNotes(at, &n.counts), store.ListNotes(at, &n.list)}
}

// total is the number of notes that the reader sees on the version.
func (n *notesRead) total() (total int) {
	for _, c := range n.counts {
		total += c.Open + c.Done
	}
	return total
}

// readShown reads what the page asks once it knows which version and file it shows: the notes,
// with more reads in the same round trip. Lists of several pages take another one.
func (s *Server) readShown(ctx context.Context, me store.Member, n *notesRead, at store.NotesAt, shown *views.FileRow, more ...store.Read) error {
	if shown != nil {
		at.File = uuid.MustParse(shown.ID)
	}
	if err := s.db.Read(ctx, me, append(n.reads(at), more...)...); err != nil {
		return err
	}
	if !n.pinsMissing(at) {
		return nil
	}
	var page *int
	if shown.Page != nil {
		page = &shown.Page.Number
	}
	return s.db.Read(ctx, me, store.ListPins(at, page, &n.pins))
}

// pinsMissing reports whether the file has notes that are not listed.
func (n *notesRead) pinsMissing(at store.NotesAt) bool {
	listed := 0
	for _, note := range n.list {
		if note.FileID != nil && *note.FileID == at.File && (note.ResolvedAt != nil) == at.Done {
			listed++
		}
	}
	for _, c := range n.counts {
		if c.FileID != nil && *c.FileID == at.File {
			return listed < map[bool]int{false: c.Open, true: c.Done}[at.Done]
		}
	}
	return false
}

// withNotes adds the notes of the open version.
func withNotes(p *views.DeliverableShowProps, n noted, read notesRead) {
	list := &views.NotesProps{ShowsDone: n.q.done, Client: n.c.Workspace.Name}
	if p.Hero != nil {
		list.ShownFile, list.ShownName = p.Hero.ID, p.Hero.Name
		if p.Hero.Page != nil {
			list.ShownPage = strconv.Itoa(p.Hero.Page.Number)
		}
	}
	n.count(p, list, read.counts)
	for _, note := range read.list {
		list.List = append(list.List, n.note(p, note))
	}
	list.Others = n.others(p, read)
	n.links(p, list)
	if n.open.Locked && n.work.Version > 0 {
		list.LockedBy = isOpen(n.work.Version, n.open.Number)
		list.LockedByURL = n.c.Base.DeliverableVersion(p.ID, n.work.Version) + "#write"
	}
	if n.mayWrite() {
		list.Form = n.form(p, formKey(n.open.ID, n.me, read.total()))
	}
	if read.total() > 0 && n.me.Support == nil {
		list.Exports = n.exports(p)
	}
	list.FromPage, _ = strconv.Atoi(n.q.page)
	list.FromPage = max(0, list.FromPage)
	if ms, ok := parseMoment(n.q.time); ok && ms > 0 {
		list.From = seekTo(ms)
	}
	p.Notes = list
}

// count says how many notes there are: on the file shown large and the version as a whole,
// elsewhere, and on each file.
func (n noted) count(p *views.DeliverableShowProps, list *views.NotesProps, counts []store.NoteCount) {
	for _, c := range counts {
		list.OpenInAll += c.Open
		list.Carried += c.Carried
		list.CarriedDone += c.CarriedDone
		file := ""
		if c.FileID != nil {
			file = c.FileID.String()
		}
		if n.q.all || file == "" || file == list.ShownFile {
			list.Open += c.Open
			list.Done += c.Done
		} else if n.q.done {
			list.Elsewhere += c.Done
		} else {
			list.Elsewhere += c.Open
		}
		for i := range p.Files {
			if p.Files[i].ID == file && len(p.Files) > 1 {
				p.Files[i].Notes = c.Open
			}
		}
	}
}

// notesAt is the page of the version with its notes as they are listed.
func (n noted) notesAt() views.NotesAt {
	return views.NotesAt{Version: n.open.Number, File: n.q.file, Page: n.q.page, All: n.q.all, Done: n.q.done, List: n.q.list}
}

// links lead to other notes: the open ones and those that are done, those on other files,
// and the other pages of the list.
func (n noted) links(p *views.DeliverableShowProps, list *views.NotesProps) {
	url := func(change func(*views.NotesAt)) string {
		at := n.notesAt()
		at.List = 0
		change(&at)
		return n.c.Base.NotesOf(p.ID, at) + "#notes"
	}
	list.OpenURL = url(func(at *views.NotesAt) { at.Done = false })
	list.DoneURL = url(func(at *views.NotesAt) { at.Done = true })
	list.All = n.q.all
	switch {
	case n.q.alone != nil:
		list.AloneURL = url(func(*views.NotesAt) {})
	case list.Elsewhere > 0:
		list.AllURL = url(func(at *views.NotesAt) { at.All = true })
	case n.q.all && p.Hero != nil && len(p.Files) > 1:
		list.HereURL = url(func(at *views.NotesAt) { at.All = false })
	}
	here, of, shown := max(1, n.q.list), list.Open, store.NotesShown
	switch {
	case n.q.alone != nil:
		if of, shown = 0, store.RepliesAlone; len(list.List) > 0 {
			of = list.List[0].Said
		}
	case n.q.done:
		of = list.Done
	}
	to := func(page int) string {
		return url(func(at *views.NotesAt) {
			if at.List = page; n.q.alone != nil {
				at.Alone = labelOf(*n.q.alone)
			}
		})
	}
	list.Pages = views.Paging{Number: here, Of: (of + shown - 1) / shown}
	if here > 1 {
		list.Pages.Previous = to(min(here-1, max(1, list.Pages.Of)))
	}
	if here < list.Pages.Of {
		list.Pages.Next = to(here + 1)
	}
}

// others are the pins of notes that other pages of the list have.
func (n noted) others(p *views.DeliverableShowProps, read notesRead) (pins []views.Note) {
	for _, pin := range read.pins {
		if slices.ContainsFunc(read.list, func(l store.ListedNote) bool { return l.ID == pin.ID }) {
			continue
		}
		team := pin.Visibility == store.TeamOnly
		v := views.Note{Label: views.PinLabel(team, pin.Number), Team: team, URL: n.c.Base.Note(p.ID, n.open.Number, team, pin.Number)}
		v.Anchor, v.PinAnchor = views.PinAnchors(team, pin.Number)
		switch {
		case pin.X != nil:
			v.Pin = &views.Pin{X: *pin.X, Y: *pin.Y, W: frame.OrZero(pin.W), H: frame.OrZero(pin.H)}
		case pin.AtMS != nil:
			v.Mark = n.mark(n.file(p.Hero.ID), pin.AtMS, pin.EndMS)
		}
		pins = append(pins, v)
	}
	return pins
}

func labelOf(l store.NoteLabel) string {
	return views.NoteName(l.Visibility == store.TeamOnly, l.Number)
}

// parseLabel reads the label of a note from an address; nil for none.
func parseLabel(text string) *store.NoteLabel {
	l := store.NoteLabel{Visibility: store.ClientVisible}
	digits, team := strings.CutPrefix(text, "t")
	if team {
		l.Visibility = store.TeamOnly
	}
	n, err := strconv.ParseUint(digits, 10, 17)
	if err != nil || n == 0 {
		return nil
	}
	l.Number = int(n)
	return &l
}

// noteFound leads to the page that lists the note of an address: with its file, and where
// in it the note points. A label that the reader sees no note with leads to the version.
func (s *Server) noteFound(q workQuery, label store.NoteLabel) page {
	var d store.Deliverable
	var found *store.FoundNote
	reads := always(store.GetDeliverable(q.deliverable, &d), store.FindNote(q.deliverable, q.number(), label, &found))
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		at, id := views.NotesAt{Version: max(0, q.number())}, q.deliverable.String()
		if at.Version == 0 {
			at.Version = d.Version
		}
		to := frame.Base(r, me).DeliverableVersion(id, at.Version) + "#notes"
		if found != nil {
			at.Done, at.All, at.List = found.Done, found.All && found.Before >= store.NotesShown, found.Before/store.NotesShown+1
			if found.FileID != nil {
				at.File = found.FileID.String()
			}
			if found.Page != nil {
				at.Page = strconv.Itoa(*found.Page)
			}
			to = frame.Base(r, me).NotesOf(id, at) + "#note-" + labelOf(label)
		}
		if did := r.URL.Query().Get("did"); did != "" {
			return frame.Done(w, r, to, did, "")
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}}
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
func formKey(of uuid.UUID, me store.Member, written int) string {
	return uuid.NewSHA1(of, []byte(me.ID().String()+" "+strconv.Itoa(written))).String()
}

func (n noted) note(p *views.DeliverableShowProps, note store.ListedNote) views.Note {
	team := note.Visibility == store.TeamOnly
	v := views.Note{
		ID:      note.ID.String(),
		Label:   views.PinLabel(team, note.Number),
		Team:    team,
		Done:    note.ResolvedAt != nil,
		DoneBy:  note.ResolverName,
		DoneAt:  frame.OrZero(note.ResolvedAt),
		FormKey: formKey(note.ID, n.me, note.Said),
		Marked:  n.c.Staff,
		Said:    note.Said,
	}
	v.Anchor, v.PinAnchor = views.PinAnchors(team, note.Number)
	n.place(p, note.Note, &v)
	for _, k := range note.Comments {
		hidden := k.Visibility == store.TeamOnly
		v.CanShow = v.CanShow || hidden && !k.Earlier && n.open.SharedAt != nil && n.me.MayNow(store.Publish)
		v.Comments = append(v.Comments, views.NoteComment{
			ID: k.ID.String(), Author: k.AuthorName, Words: k.Words, At: k.CreatedAt, Edited: k.EditedAt != nil, Team: hidden, Earlier: k.Earlier,
			CanEdit: k.Editable && !k.Shortened, Named: k.Named, Shortened: k.Shortened,
		})
	}
	if note.Said > len(note.Comments) || slices.ContainsFunc(note.Comments, func(k store.ListedComment) bool { return k.Shortened }) {
		at := n.notesAt()
		at.Alone, at.List = labelOf(store.NoteLabel{Visibility: note.Visibility, Number: note.Number}), 0
		v.AloneURL = n.c.Base.NotesOf(p.ID, at) + "#" + v.Anchor
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
			v.Drawing = strokes(note.Drawing)
		}
	case note.AtMS != nil:
		v.Where += " at " + placeInTime(n.file(id), *note.AtMS)
		if note.EndMS != nil {
			v.Where += " to " + placeInTime(n.file(id), *note.EndMS)
		}
		key, value = "t", seekTo(*note.AtMS)
		if shown {
			v.Seek, v.Mark = value, n.mark(n.file(id), note.AtMS, note.EndMS)
		}
	}
	if v.WhereURL = n.c.Base.DeliverablePlace(p.ID, n.open.Number, id, key, value, fragment); v.Pin != nil {
		v.WhereURL = "#" + fragment
	}
}

// strokes are those of a drawing as it is stored, checked once more.
func strokes(text string) (list []views.Stroke) {
	d, err := store.ParseDrawing(text)
	if err != nil {
		return nil
	}
	for _, s := range d {
		list = append(list, views.Stroke{Kind: string(s.Kind), Points: s.Points})
	}
	return list
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
func (n noted) mark(f *store.File, at, end *int64) *views.Mark {
	if f == nil || f.DurationMS == nil || *f.DurationMS == 0 {
		return nil
	}
	part := func(ms int64) int { return int(min(10_000, ms*10_000 / *f.DurationMS)) }
	m := views.Mark{From: part(*at)}
	if end != nil {
		m.Length = part(*end) - m.From
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
