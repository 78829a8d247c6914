package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

func deliverableRows(c views.Chrome, list []store.DeliverableLine) []views.DeliverableRow {
	today := c.Dates.Today()
	rows := make([]views.DeliverableRow, len(list))
	for i, d := range list {
		id := d.ID.String()
		rows[i] = views.DeliverableRow{
			ID:        id,
			URL:       c.Base.Deliverable(id),
			Title:     d.Title,
			ThumbURL:  thumbURL(c.Base, d.Preview),
			State:     stateOf(d.State, d.WithChanges),
			Version:   d.Version,
			Draft:     d.Draft,
			Files:     d.Files,
			Due:       frame.OrZero(d.DueOn),
			Late:      c.Staff && late(d.DueOn, d.State, today),
			New:       d.New,
			Archived:  d.Archived,
			UpdatedAt: d.UpdatedAt,
			Placed:    string(d.Placed),
		}
	}
	return rows
}

// thumbURL is the URL of a file's preview, or "" without a file.
func thumbURL(base views.Base, file *uuid.UUID) string {
	if file == nil {
		return ""
	}
	return base.FilePreview(file.String())
}

func stateOf(s store.DeliverableState, withChanges bool) views.State {
	switch s {
	case store.DeliverableInReview:
		return views.StateReview
	case store.DeliverableChanges:
		return views.StateChanges
	case store.DeliverableApproved:
		if withChanges {
			return views.StateApprovedWith
		}
		return views.StateApproved
	}
	return views.StateDraft
}

// deliverableList redirects to the projects, which list their deliverables.
func (s *Server) deliverableList(w http.ResponseWriter, r *http.Request, me store.Member) error {
	http.Redirect(w, r, frame.Base(r, me).Projects(), http.StatusSeeOther)
	return nil
}

func (s *Server) deliverableNew(r *http.Request) page {
	return deliverableNewForm(r, http.StatusOK, views.DeliverableForm{})
}

func deliverableNewForm(r *http.Request, status int, typed views.DeliverableForm) page {
	var p store.Project
	return page{always(store.GetProject(web.PathID(r), &p)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return views.Render(w, r, status, views.DeliverableEdit(frame.Tenant(r, me), views.DeliverableFormProps{
			ProjectID:     p.ID.String(),
			ProjectName:   p.Name,
			ProjectHidden: p.SharedAt == nil,
			Form:          typed,
		}))
	}}
}

func (s *Server) deliverableCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := deliverableForm(r)
	if err != nil {
		return err
	}
	if len(typed.Errors) > 0 {
		return s.showPage(w, r, me, deliverableNewForm(r, http.StatusUnprocessableEntity, typed))
	}
	var id uuid.UUID
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		id, err = tx.CreateDeliverable(r.Context(), web.PathID(r), in)
		return err
	})
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(id.String()), "deliverable.created", "")
}

func deliverableForm(r *http.Request) (store.DeliverableInput, views.DeliverableForm, error) {
	f, err := web.NewForm(r)
	if err != nil {
		return store.DeliverableInput{}, views.DeliverableForm{}, err
	}
	in := store.DeliverableInput{
		Title: f.Text("title", "a title", 160),
		Brief: f.Prose("brief", 4000),
		DueOn: f.Date("due"),

		DownloadsWait: f.Checked("downloads_wait"),
		Rounds:        f.Number("rounds", 1, 99, "a number of rounds from 1 to 99"),
	}
	return in, views.DeliverableForm{
		Title:  f.Raw("title"),
		Brief:  f.Raw("brief"),
		Due:    f.Raw("due"),
		Seen:   f.Raw("seen"),
		Wait:   in.DownloadsWait,
		Rounds: f.Raw("rounds"),
		Errors: ui.Errors(f.Errors),
	}, nil
}

func (s *Server) deliverableShow(r *http.Request) page {
	if label := parseLabel(r.URL.Query().Get("note")); label != nil {
		return s.noteFound(workOf(r), *label)
	}
	return s.deliverablePage(r, http.StatusOK, func(*views.DeliverableShowProps) {})
}

// workQuery says what the page of a deliverable shows.
type workQuery struct {
	deliverable uuid.UUID
	version     string           // its number; "" is the newest
	file        string           // shown large; "" is the first
	done        bool             // the notes that are done, not the open ones
	page        string           // of a PDF, at which it opens
	time        string           // of a recording, in seconds, at which it begins
	all         bool             // the notes on all files, not on the one shown large
	alone       *store.NoteLabel // the note that is read alone, with all replies; nil is the list
	list        int              // the page of the list, or of those replies; from 1
	allVersions bool             // in the strip
}

func workOf(r *http.Request) workQuery {
	q := r.URL.Query()
	list, _ := strconv.ParseUint(q.Get("list"), 10, 16)
	return workQuery{
		deliverable: web.PathID(r), version: q.Get("version"), file: q.Get("file"), done: q.Get("notes") == "done", page: q.Get("page"), time: q.Get("t"),
		all: q.Get("on") == "all", alone: parseLabel(q.Get("alone")), list: max(1, int(list)), allVersions: q.Get("versions") == "all",
	}
}

// notes are those that the page of a version lists.
func (q workQuery) notes(number int) store.NotesAt {
	return store.NotesAt{Deliverable: q.deliverable, Version: number, AllFiles: q.all, Done: q.done, Page: q.list, Alone: q.alone}
}

// number is the number of the version; 0 is the newest, and -1 none.
func (q workQuery) number() int {
	if q.version == "" {
		return 0
	}
	n, err := strconv.ParseInt(q.version, 10, 32)
	if err != nil || n < 1 {
		return -1
	}
	return int(n)
}

func (s *Server) deliverablePage(r *http.Request, status int, edit func(*views.DeliverableShowProps)) page {
	return s.workPage(workOf(r), status, edit)
}

// workPage is the page of a deliverable. Edit changes what it shows before it is shown.
func (s *Server) workPage(q workQuery, status int, edit func(*views.DeliverableShowProps)) page {
	var (
		notes    notesRead
		d        store.Deliverable
		versions []store.Version
		list     []store.File
		people   []store.Membership
		seen     store.Seen
		review   reviewed
		draft    draftRead
	)
	id := q.deliverable
	reads := func(at store.Standing) []store.Read {
		reads := []store.Read{
			store.GetDeliverable(id, &d),
			store.ListVersionsShown(id, &versions),
			store.ListFilesShown(id, q.number(), &list),
			store.ListPeople(&people),
			store.ListRequests(id, &review.requests),
		}
		if at.MayNow(store.Publish) {
			reads = append(reads, store.SeenFiles(id, &seen))
		}
		return reads
	}
	return page{reads, func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		open, err := openVersion(q.version, versions)
		if err != nil {
			return err
		}
		c := frame.Tenant(r, me)
		p := deliverableProps(c, me, d, versions, open, list, people)
		if err := showFile(&p, q.file); err != nil {
			return err
		}
		showDocument(&p, c.Base, list, q.page)
		if open != nil {
			var names *store.VersionNames
			more := append(append(review.readsOf(id, open.Number), store.GetVersionNames(id, open.Number, &names)), draft.reads(p)...)
			if err := s.readShown(r.Context(), me, &notes, q.notes(open.Number), p.Hero, more...); err != nil {
				return err
			}
			if names != nil {
				p.Version.CreatedBy, p.Version.PublishedBy = names.AuthorName, names.PublisherName
			}
			withReview(&p, c, me, *open, review, filesOf(list, open.ID), people)
			openedForm(&p, r.URL.Query().Get("decide"))
			withNotes(&p, noted{c, me, d, *open, q, othersNames(people, me), list}, notes)
		}
		shortStrip(&p, c.Base, q)
		c.MailAway = p.CanPublish && frame.MailAway(r)
		s.withDraft(&p, c, me, draft)
		p.Seen = string(seen)
		edit(&p)
		if err := views.Render(w, r, status, views.DeliverableShow(c, p)); err != nil {
			return err
		}
		if open != nil && open.Number == d.Version {
			s.noteOpened(r, me, d, review.unopened(me, open.ID))
		}
		return nil
	}}
}

// maxUpload is the size of the largest file that the plan still allows.
func (s *Server) maxUpload(plan store.TenantPlan, used []store.Usage) int64 {
	limit, _ := s.db.Plans().Limit(plan, store.Storage)
	return min(store.MaxFileSize, max(0, limit-store.UsedNow(used, store.Storage)))
}

// noteOpened records after the page is sent that the client user opened what is new. A
// browser that only asks whether the page is there, or fetches it ahead, opens nothing,
// and neither does somebody who views as them. asked is the version on which they are asked
// to decide and which they have not opened yet, nil for none.
func (s *Server) noteOpened(r *http.Request, me store.Member, d store.Deliverable, asked *uuid.UUID) {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "" || me.Support != nil || (!d.New && asked == nil) {
		return
	}
	s.inBackground(r, "note opened", func(ctx context.Context) error {
		return s.db.Write(ctx, me.DespiteUnpaid(), func(tx *store.Tx) error {
			if asked != nil {
				if err := tx.RecordRequestOpened(*asked); err != nil {
					return err
				}
			}
			if !d.New {
				return nil
			}
			return tx.RecordOpened(ctx, d.ID, d.UpdatedAt)
		})
	})
}

// filesOf are the files of one version.
func filesOf(list []store.File, version uuid.UUID) (files []store.File) {
	for _, f := range list {
		if f.VersionID == version {
			files = append(files, f)
		}
	}
	return files
}

// openVersion is the version that q names, else the newest one that the member may see
// and that isn't locked.
func openVersion(q string, versions []store.Version) (*store.Version, error) {
	if q == "" {
		if len(versions) == 0 {
			return nil, nil
		}
		return &versions[max(0, slices.IndexFunc(versions, func(v store.Version) bool { return !v.Locked }))], nil
	}
	for i, v := range versions {
		if strconv.Itoa(v.Number) == q {
			return &versions[i], nil
		}
	}
	return nil, store.ErrNotFound
}

func deliverableProps(c views.Chrome, me store.Member, d store.Deliverable, versions []store.Version, open *store.Version, list []store.File, people []store.Membership) views.DeliverableShowProps {
	edit := me.MayNow(store.EditWork)
	p := views.DeliverableShowProps{
		ID:          d.ID.String(),
		Title:       d.Title,
		Brief:       d.Brief,
		ProjectName: d.ProjectName,
		ProjectURL:  c.Base.Project(d.ProjectID.String()),
		Due:         frame.OrZero(d.DueOn),
		Late:        c.Staff && late(d.DueOn, d.State, c.Dates.Today()),
		Archived:    d.ArchivedAt != nil,

		DownloadsWait: c.Staff && d.DownloadsWait,
		CanEdit:       edit,
		CanArchive:    edit,
		CanDelete:     edit,
		CanNewDraft:   edit && d.Draft == 0,
	}
	for _, v := range versions {
		p.NextVersion = max(p.NextVersion, v.Number+1)
		p.Versions = append(p.Versions, views.VersionTab{
			Number:  v.Number,
			URL:     c.Base.DeliverableVersion(p.ID, v.Number),
			State:   versionState(d, v),
			Current: open != nil && v.ID == open.ID,
		})
	}
	p.CompareURL = compareURL(c.Base, p.ID, versions, open)
	if c.Staff {
		p.WhoSees = audienceSentence(me, countTeam(people), open != nil && open.SharedAt != nil)
	}
	if open != nil {
		withVersion(&p, c, me, d, *open, list, people)
		withRounds(&p, d.Rounds, versions, *open)
		p.Unlock = open.Locked && me.MayNow(store.Publish) && me.Support == nil
		p.OpenVersion = d.Version
	}
	return p
}

// withRounds adds which round the open version is, if rounds are agreed.
func withRounds(p *views.DeliverableShowProps, agreed *int, versions []store.Version, open store.Version) {
	if agreed == nil {
		return
	}
	round := 1
	for _, v := range versions {
		if v.SharedAt != nil && v.Number < open.Number {
			round++
		}
	}
	p.Round = views.Round{Number: round, Agreed: *agreed}
}

// withVersion adds the open version: its files, and what the member may do with it.
func withVersion(p *views.DeliverableShowProps, c views.Chrome, me store.Member, d store.Deliverable, v store.Version, list []store.File, people []store.Membership) {
	draft := v.SharedAt == nil
	p.Version = &views.Version{
		Number:      v.Number,
		State:       versionState(d, v),
		Note:        v.Note,
		CreatedBy:   v.AuthorName,
		CreatedAt:   v.CreatedAt,
		PublishedBy: v.PublisherName,
		PublishedAt: frame.OrZero(v.SharedAt),
	}
	ready := withFiles(p, c, me, v, list)
	if !draft {
		return
	}
	if me.MayNow(store.Upload) {
		p.Upload = &views.UploadProps{FormURL: c.Base.Files(v.ID.String()), CreateURL: c.Base.Uploads(v.ID.String()), MaxSize: store.MaxFileSize, MaxFiles: store.MaxFiles}
	}
	p.OpensProject = d.ProjectSharedAt == nil
	p.CanPublish = me.MayNow(store.Publish) && ready > 0
	if p.CanPublish && me.MayNow(store.EditWork) {
		p.Downloads = &views.DownloadsBox{Wait: d.DownloadsWait, Were: d.DownloadsWait}
	}
	if me.MayNow(store.Publish) && ready == 0 {
		p.NoPublish = whyNotReady(p.Pending)
	}
	for _, person := range people {
		if person.Party == store.PartyClient {
			p.WillSee = append(p.WillSee, frame.Addressed(person.Name, person.Email))
		}
	}
}

// whyNotReady says why a draft without a ready file can't be published.
func whyNotReady(pending []views.Pending) string {
	switch len(pending) {
	case 0:
		return "It has no file yet. Add one, then publish it."
	case 1:
		return pending[0].Name + " hasn't finished uploading. Choose it again below to continue."
	}
	return "Its files haven't finished uploading. Choose them again below to continue."
}

// withFiles adds the files of the open version, and returns how many are ready.
func withFiles(p *views.DeliverableShowProps, c views.Chrome, me store.Member, v store.Version, list []store.File) (ready int) {
	var size int64
	var lead *uuid.UUID
	for _, f := range list {
		if f.VersionID != v.ID {
			continue
		}
		if f.Lead {
			lead = &f.ID
		}
		row := fileRow(c.Base, f, v.SharedAt == nil && me.MayNow(store.Upload))
		if f.Waits {
			row.DownloadURL = ""
			p.UnlocksWords = "You can download the files when version " + strconv.Itoa(v.Number) + " is approved. You can look at them here until then."
		}
		row.URL = c.Base.DeliverableFile(p.ID, v.Number, row.ID)
		if row.State == "" {
			ready++
			size += f.Size
			row.CanLead = me.MayNow(store.EditWork) && !f.Lead
		}
		p.Files = append(p.Files, row)
		if f.State == store.FilePending {
			p.Pending = append(p.Pending, views.Pending{ID: row.ID, Name: f.Name})
		}
	}
	p.LeadSeen = string(store.SeenLead(lead))
	if ready > 1 && p.UnlocksWords == "" {
		p.ZipURL, p.ZipSize = c.Base.FilesZip(v.ID.String()), ui.Size(size)
	}
	if ready <= 1 {
		for i := range p.Files {
			p.Files[i].CanLead = false // it is first anyway
		}
	}
	return ready
}

// showFile chooses the file that is shown large: the one that the query names, else the
// one that staff chose, else the first that the page can show, else the first.
func showFile(p *views.DeliverableShowProps, named string) error {
	at := slices.IndexFunc(p.Files, func(f views.FileRow) bool { return f.ID == named })
	if named != "" && at < 0 {
		return store.ErrNotFound
	}
	for _, better := range []func(views.FileRow) bool{
		func(f views.FileRow) bool { return f.Lead && f.State == "" },
		func(f views.FileRow) bool {
			return f.Kind != views.FileOther && f.Kind != views.FileText && f.ShownURL != ""
		},
		func(f views.FileRow) bool { return f.ShownURL != "" },
		func(views.FileRow) bool { return true },
	} {
		if at < 0 {
			at = slices.IndexFunc(p.Files, better)
		}
	}
	if at < 0 {
		return nil
	}
	p.Hero = &p.Files[at]
	p.Paging = views.Paging{Number: at + 1, Of: len(p.Files)}
	if at > 0 {
		p.Paging.Previous = p.Files[at-1].URL
	}
	if at+1 < len(p.Files) {
		p.Paging.Next = p.Files[at+1].URL
	}
	return nil
}

// versionState is the state that a version is shown with: a draft is draft, the published
// version that isn't locked has the deliverable's state, the others are past.
func versionState(d store.Deliverable, v store.Version) views.State {
	switch {
	case v.SharedAt == nil:
		return views.StateDraft
	case v.Number == d.Version:
		return stateOf(d.State, d.WithChanges)
	}
	return views.StatePast
}

// roundsWord is the agreed number of rounds, or "" for none.
func roundsWord(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// downloadWords says when clients can download files.
func downloadWords(wait bool) string {
	if wait {
		return "Only after approval"
	}
	return "At any time"
}

func (s *Server) deliverableEdit(r *http.Request) page {
	var d store.Deliverable
	return page{always(store.GetDeliverable(web.PathID(r), &d)), func(w http.ResponseWriter, r *http.Request, me store.Member) error {
		return s.deliverableEditForm(w, r, me, http.StatusOK, d, views.DeliverableForm{Title: d.Title, Brief: d.Brief, Due: day(d.DueOn), Wait: d.DownloadsWait, Rounds: roundsWord(d.Rounds), Seen: string(d.Seen)})
	}}
}

func (s *Server) deliverableEditForm(w http.ResponseWriter, r *http.Request, me store.Member, status int, d store.Deliverable, typed views.DeliverableForm) error {
	return views.Render(w, r, status, views.DeliverableEdit(frame.Tenant(r, me), views.DeliverableFormProps{
		ID:          d.ID.String(),
		Title:       d.Title,
		ProjectID:   d.ProjectID.String(),
		ProjectName: d.ProjectName,
		Form:        typed,
	}))
}

func (s *Server) deliverableUpdate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	in, typed, err := deliverableForm(r)
	if err != nil {
		return err
	}
	id := web.PathID(r)
	if len(typed.Errors) > 0 {
		var d store.Deliverable
		if err := s.db.Read(r.Context(), me, store.GetDeliverable(id, &d)); err != nil {
			return err
		}
		return s.deliverableEditForm(w, r, me, http.StatusUnprocessableEntity, d, typed)
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		tx.Expect(store.Seen(typed.Seen))
		return tx.UpdateDeliverable(r.Context(), id, in)
	})
	if errors.Is(err, store.ErrChanged) {
		return s.deliverableConflict(w, r, me, in, typed)
	}
	if err != nil {
		return err
	}
	return s.deliverableUpdated(w, r, me)
}

func (s *Server) deliverableUpdated(w http.ResponseWriter, r *http.Request, me store.Member) error {
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), "deliverable.updated", "")
}

// deliverableConflict shows the form as it was typed, and what somebody else saved
// meanwhile.
func (s *Server) deliverableConflict(w http.ResponseWriter, r *http.Request, me store.Member, in store.DeliverableInput, typed views.DeliverableForm) error {
	var d store.Deliverable
	if err := s.db.Read(r.Context(), me, store.GetDeliverable(web.PathID(r), &d)); err != nil {
		return err
	}
	typed.Seen = string(d.Seen)
	typed.Theirs = differences(
		field{"Title", in.Title, d.Title},
		field{"What to review", in.Brief, d.Brief},
		field{"Due date", day(in.DueOn), day(d.DueOn)},
		field{"Agreed rounds", roundsWord(in.Rounds), roundsWord(d.Rounds)},
		field{"Downloads", downloadWords(in.DownloadsWait), downloadWords(d.DownloadsWait)},
	)
	if len(typed.Theirs) == 0 {
		return s.deliverableUpdated(w, r, me)
	}
	frame.MarkOwn(r.Context(), s.db, me, typed.Theirs, d.ID, "deliverable.updated")
	return s.deliverableEditForm(w, r, me, http.StatusConflict, d, typed)
}
