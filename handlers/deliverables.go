package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
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
			if !d.InUse() {
				withoutDeciding(&p)
			}
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
