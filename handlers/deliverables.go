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
	return s.deliverablePage(r, http.StatusOK, func(*views.DeliverableShowProps) {})
}

// workQuery says what the page of a deliverable shows.
type workQuery struct {
	deliverable uuid.UUID
	version     string // its number; "" is the newest
	file        string // shown large; "" is the first
	done        bool   // the notes that are done, not the open ones
	page        string // of a PDF, at which it opens
	time        string // of a recording, in seconds, at which it begins
}

func workOf(r *http.Request) workQuery {
	q := r.URL.Query()
	return workQuery{web.PathID(r), q.Get("version"), q.Get("file"), q.Get("notes") == "done", q.Get("page"), q.Get("t")}
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
		notes    []store.Note
		comments []store.Comment
		d        store.Deliverable
		versions []store.Version
		list     []store.File
		people   []store.Membership
		seen     store.Seen
		invites  []store.Invite
		byClient bool
		plan     store.TenantPlan
		used     []store.Usage
		review   reviewed
		carry    []store.OpenNote
	)
	id := q.deliverable
	reads := func(at store.Standing) []store.Read {
		reads := append(review.reads(id),
			store.GetDeliverable(id, &d),
			store.ListVersions(id, &versions),
			store.ListFilesOf(id, &list),
			store.ListPeople(&people),
			store.ListNotes(id, q.number(), &notes),
			store.ListComments(id, q.number(), &comments),
		)
		if at.MayNow(store.Publish) {
			reads = append(reads, store.ListInvites(&invites), store.ClientManagesPeople(&byClient), store.SeenFiles(id, &seen), store.ListNotesToCarry(id, &carry))
		}
		if at.MayNow(store.Upload) {
			reads = append(reads, store.GetPlan(&plan), store.ListUsage(&used))
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
			withReview(&p, c, me, *open, review, filesOf(list, open.ID), people)
			if !d.InUse() {
				withoutDeciding(&p)
			}
			openedForm(&p, r.URL.Query().Get("decide"))
			withNotes(&p, noted{c, me, d, *open, q, othersNames(people, me), list}, notes, comments)
		}
		if p.Upload != nil {
			p.Upload.MaxSize = s.maxUpload(plan, used)
		}
		c.MailAway = p.CanPublish && frame.MailAway(r)
		if p.CanPublish && len(p.WillSee) == 0 {
			withInvited(&p, c, me, invites, byClient)
		}
		if p.CanPublish && me.Support == nil {
			withCarry(&p, carry)
		}
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

// withInvited adds who could see the version if they joined, while nobody of the client has.
func withInvited(p *views.DeliverableShowProps, c views.Chrome, me store.Member, invites []store.Invite, byClient bool) {
	for _, i := range invites {
		if i.Party == store.PartyClient && !i.Expired && !i.InviterLostRight(byClient) {
			p.Invited = append(p.Invited, frame.Addressed(frame.NameOr(i.Name, i.Email, i.Email), i.Email))
		}
	}
	if slices.Contains(invitableParties(me, byClient), store.PartyClient) {
		p.InviteURL = c.Base.InviteNew()
	}
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
