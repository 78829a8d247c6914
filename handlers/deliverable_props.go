package handlers

import (
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/store"
	"portico/views"
	"portico/views/ui"
)

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
		OutOfUse:    !d.InUse(),

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
