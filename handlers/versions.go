package handlers

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portico/handlers/frame"
	"portico/handlers/web"
	"portico/store"
	"portico/views"
)

var errDraftExists = &web.Problem{Status: http.StatusConflict, Sentence: "There is already a draft version. Publish it before you start the next."}

func (s *Server) versionCreate(w http.ResponseWriter, r *http.Request, me store.Member) error {
	err := s.db.Write(r.Context(), me, func(tx *store.Tx) error {
		_, err := tx.AddVersion(r.Context(), web.PathID(r))
		return err
	})
	if errors.Is(err, store.ErrConflict) {
		p := *errDraftExists
		p.Link = web.Link{URL: frame.Base(r, me).Deliverable(web.PathID(r).String()), Label: "Go to the draft"}
		return &p
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), "version.created", "")
}

func (s *Server) versionPublish(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := web.NewForm(r)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(r.PathValue("number"), 10, 32)
	if err != nil {
		return store.ErrNotFound
	}
	in, err := readPublication(r, me, f)
	if err != nil {
		return err
	}
	if !f.Valid() {
		return s.notPublished(w, r, me, int(number), f, nil)
	}
	people, err := s.publish(r, me, f, int(number), in)
	if invalid(f, err) {
		return s.notPublished(w, r, me, int(number), f, nil)
	}
	if errors.Is(err, store.ErrConflict) {
		var before bool
		if err := s.db.Read(r.Context(), me, store.PublishedBefore(web.PathID(r), int(number), in.Note, &before)); err != nil {
			return err
		}
		if !before {
			return s.notPublished(w, r, me, int(number), f, err)
		}
		err = nil // the button was pressed twice
	}
	if err != nil {
		return err
	}
	said := "version.published"
	if people.Client == 0 {
		said = "version.published_unseen"
	}
	return frame.Done(w, r, frame.Base(r, me).Deliverable(web.PathID(r).String()), said, "")
}

// readPublication reads the form that publishes.
func readPublication(r *http.Request, me store.Member, f *web.Form) (in store.Publication, err error) {
	in.Note, in.BeyondRounds = f.Prose("note", 2000), f.Checked("beyond_rounds")
	if in.LeaveOut, err = leftOut(r); err != nil {
		return in, err
	}
	if in.Notes, err = carried(r, f); err != nil {
		return in, err
	}
	// Only a box that was changed changes the deliverable: somebody else may have changed it
	// since the page was read.
	if were := f.Raw("downloads_were"); were != "" && f.Checked("downloads_wait") != (were == "wait") {
		wait := f.Checked("downloads_wait")
		in.DownloadsWait = &wait
	}
	in.Ask, err = readAsk(r, me, f)
	return in, err
}

// linePrefix begins the names of the fields with a line about a note.
const linePrefix = "line_"

// carried reads the answers to the open notes of the version before: a tick, a line, or both.
func carried(r *http.Request, f *web.Form) (notes []store.CarriedNote, err error) {
	at := map[uuid.UUID]int{}
	answer := func(text string) (*store.CarriedNote, error) {
		id, ok := web.ParseID(text)
		if !ok {
			return nil, store.ErrNotFound
		}
		if _, known := at[id]; !known {
			at[id], notes = len(notes), append(notes, store.CarriedNote{ID: id})
		}
		return &notes[at[id]], nil
	}
	for _, text := range r.PostForm["done"] {
		note, err := answer(text)
		if err != nil {
			return nil, err
		}
		note.Done = true
	}
	for name := range r.PostForm {
		text, ok := strings.CutPrefix(name, linePrefix)
		if !ok {
			continue
		}
		if words := f.Prose(name, store.MaxNoteWords); words != "" {
			note, err := answer(text)
			if err != nil {
				return nil, err
			}
			note.Words = words
		}
	}
	return notes, nil
}

// versionUnlock unlocks a published version, and locks the one that was open.
func (s *Server) versionUnlock(w http.ResponseWriter, r *http.Request, me store.Member) error {
	f, err := readReviewForm(r)
	if err != nil {
		return err
	}
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) error { return tx.UnlockVersion(r.Context(), f.deliverable, f.number) })
	if two, ok := errors.AsType[*store.TwoApprovedError](err); ok {
		return &web.Problem{Status: http.StatusConflict, Title: "Version " + strconv.Itoa(two.Approved) + " is approved", Cause: err,
			Sentence: "So was version " + strconv.Itoa(f.number) + ", and only one can be. If your client changes their answer on version " + strconv.Itoa(two.Approved) + ", you can unlock this one.",
			Link:     web.Link{URL: f.url(frame.Base(r, me)), Label: "Back to the version"}}
	}
	if err != nil {
		return err
	}
	return frame.Done(w, r, f.url(frame.Base(r, me)), "version.unlocked", "")
}

// leftOut reads the ids of the pending files to publish without.
func leftOut(r *http.Request) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, text := range r.PostForm["leave_out"] {
		id, ok := web.ParseID(text)
		if !ok || len(ids) == store.MaxFiles {
			return nil, store.ErrNotFound
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// publish publishes the version without the files that are left out, and removes what
// has arrived of those. It returns how many people can see it.
func (s *Server) publish(r *http.Request, me store.Member, f *web.Form, number int, in store.Publication) (people store.PeopleCount, err error) {
	var removed []store.RemovableFile
	err = s.db.Write(r.Context(), me, func(tx *store.Tx) (err error) {
		if err := tx.Read(r.Context(), store.CountPeople("", &people)); err != nil {
			return err
		}
		expect(tx, f)
		removed, err = tx.PublishWith(r.Context(), web.PathID(r), number, in)
		return err
	})
	if err != nil {
		return people, err
	}
	for _, left := range removed {
		s.uploads.RemoveCancelled(r.Context(), me, left)
	}
	return people, nil
}

// notPublished shows the deliverable with the reason why it was not published, and the
// form again. A version that is published already has no form, and the note is shown.
func (s *Server) notPublished(w http.ResponseWriter, r *http.Request, me store.Member, number int, f *web.Form, why error) error {
	status := http.StatusConflict
	if !f.Valid() {
		status = http.StatusUnprocessableEntity
	}
	return s.showPage(w, r, me, s.deliverablePage(r, status, func(p *views.DeliverableShowProps) {
		switch {
		case p.Version == nil || p.Version.Number != number || !p.Version.PublishedAt.IsZero():
			p.Refused, p.CanPublish = "Not published: someone already published this version.", false
		case f.Errors["note"] != "":
			p.Refused = "Nothing is published yet: the note doesn't fit."
		case f.Errors["beyond_rounds"] != "":
			p.Refused = "Nothing is published yet: more rounds than agreed."
		case hasLineError(f):
			p.Refused = "Nothing is published yet: check what you wrote about the notes."
		case !f.Valid():
			p.Refused = "Nothing is published yet: check whom you ask to decide."
		case errors.Is(why, store.ErrFilesPending):
			p.Refused = "Not published: a file hasn't finished uploading."
		case errors.Is(why, store.ErrNotesChanged):
			p.Refused = "Not published: a note was marked as done while you were reading. Check the notes, then publish."
		case errors.Is(why, store.ErrChanged):
			p.Refused = "Not published: its files changed while you were reading. Check them, then publish."
		default:
			p.Refused = "Not published: there is no file."
		}
		if !p.CanPublish {
			p.Kept = views.KeptTexts(r.PostForm)
			return
		}
		p.Version.Note, p.NoteError, p.BeyondError = f.Raw("note"), f.Errors["note"], f.Errors["beyond_rounds"]
		showTypedAsk(p.Ask, r, f)
		showTypedNotes(p, r, f)
		if p.Downloads != nil {
			p.Downloads.Wait = f.Checked("downloads_wait")
		}
	}))
}

func hasLineError(f *web.Form) bool {
	for name := range f.Errors {
		if strings.HasPrefix(name, linePrefix) {
			return true
		}
	}
	return false
}

// showTypedNotes shows what was said about the open notes as it was sent. A line about a
// note that is done meanwhile is shown apart.
func showTypedNotes(p *views.DeliverableShowProps, r *http.Request, f *web.Form) {
	typed := maps.Clone(r.PostForm)
	maps.DeleteFunc(typed, func(name string, _ []string) bool { return !strings.HasPrefix(name, linePrefix) })
	if p.Carry == nil {
		p.Kept = views.KeptTexts(typed)
		return
	}
	for i, note := range p.Carry.Notes {
		name := linePrefix + note.ID
		p.Carry.Notes[i].Done = slices.Contains(r.PostForm["done"], note.ID)
		p.Carry.Notes[i].Line, p.Carry.Notes[i].Error = f.Raw(name), f.Errors[name]
		delete(typed, name)
	}
	p.Kept = views.KeptTexts(typed)
}

// withCarry adds the open notes of the version before to the form that publishes.
func withCarry(p *views.DeliverableShowProps, open []store.OpenNote) {
	if len(open) == 0 {
		return
	}
	p.Carry = &views.CarryProps{More: len(open) > store.NotesToAnswer}
	for _, n := range open[:min(len(open), store.NotesToAnswer)] {
		team := n.Visibility == store.TeamOnly
		note := views.CarryNote{ID: n.ID.String(), Label: views.PinLabel(team, n.Number), Team: team, Author: n.AuthorName, Words: n.Words, Where: n.FileName}
		if n.Page != nil {
			note.Where += ", page " + strconv.Itoa(*n.Page)
		}
		p.Carry.Notes = append(p.Carry.Notes, note)
	}
}
