package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"portico/store"
	"portico/store/queue"
	"portico/views"
	"portico/views/mail"
)

// noteItems is the most notes and replies that one mail lists.
const noteItems = 20

// notesWritten enqueues a mail for each person whom new notes may concern.
func (r *Runner) notesWritten(ctx context.Context, j store.Job, job queue.NotesWritten) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		if job.Project != uuid.Nil {
			return tx.EnqueueProjectNoteMails(ctx, job.Project, job.Since)
		}
		return tx.EnqueueNoteMails(ctx, job.Deliverable, job.Since)
	})
}

// noteMail tells one person what others wrote, with only what they may see now.
func (r *Runner) noteMail(ctx context.Context, j store.Job, job queue.NoteMail) error {
	about, list := job.Deliverable, store.ListNoteNews
	if job.Project != uuid.Nil {
		about, list = job.Project, store.ListProjectNoteNews
	}
	return r.deliver(ctx, j, tenantMail{
		key:   fmt.Sprintf("note_mail:%s:%d:%s", about, job.Since.Unix(), job.To),
		to:    job.To,
		event: store.Event{Verb: "note.mail_sent", TargetKind: store.KindMembership, TargetID: job.To},
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var news []store.NoteNews
			err := r.db.ReadFor(ctx, to, list(about, job.Since, noteItems, &news))
			if err != nil || len(news) == 0 {
				return nil, err
			}
			return r.noteLetter(to, news)
		},
	})
}

// mentionMail tells a person what somebody wrote to them, if they see it.
func (r *Runner) mentionMail(ctx context.Context, j store.Job, job queue.MentionMail) error {
	sent := store.Event{Verb: "note.mail_sent", TargetKind: store.KindMembership, TargetID: job.To}
	if job.Team {
		sent.Detail = map[string]any{"team": true}
	}
	return r.deliver(ctx, j, tenantMail{
		key:      fmt.Sprintf("mention_mail:%s:%s", job.Comment, job.To),
		to:       job.To,
		precheck: func(ctx context.Context, tx *store.Tx) error { return tx.CheckComment(ctx, job.Comment) },
		event:    sent,
		write: func(ctx context.Context, to store.Recipient) (*mail.Message, error) {
			var n store.MentionNotice
			err := r.db.ReadFor(ctx, to, store.GetMentionNotice(job.Comment, &n))
			if errors.Is(err, store.ErrNotFound) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			m, err := mail.Mentioned(mail.MentionedProps{Brand: r.brand(to), Title: n.Title, Project: n.ProjectName, By: n.AuthorName, Words: shortened(n.Words),
				URL: r.noteURL(to, n.NoteNews, n.Visibility == store.TeamOnly)})
			return &m, err
		},
	})
}

// noteURL is the page that shows a note, at the note.
func (r *Runner) noteURL(to store.Recipient, n store.NoteNews, team bool) string {
	if n.DeliverableID != uuid.Nil {
		return r.base(to.Tenant).Note(n.DeliverableID.String(), n.Version, team, n.Number)
	}
	anchor, _ := views.PinAnchors(team, n.Number)
	return r.notesURL(to, n) + "#" + anchor
}

func (r *Runner) notesURL(to store.Recipient, n store.NoteNews) string {
	if n.DeliverableID == uuid.Nil {
		return r.base(to.Tenant).Discussion(n.ProjectID.String())
	}
	return r.base(to.Tenant).DeliverableVersion(n.DeliverableID.String(), n.Version)
}

func (r *Runner) noteLetter(to store.Recipient, news []store.NoteNews) (*mail.Message, error) {
	first, last := news[0], news[len(news)-1]
	items := make([]mail.NoteItem, len(news))
	for i, n := range news {
		items[i] = mail.NoteItem{Author: n.AuthorName, Words: shortened(n.Words), URL: r.noteURL(to, n, false)}
	}
	m, err := mail.Notes(mail.NotesProps{Brand: r.brand(to), Title: first.Title, Project: first.ProjectName, Items: items, URL: r.notesURL(to, last) + "#notes",
		Client: to.Party == store.PartyClient})
	return &m, err
}

// shortened is a text as one line of a mail.
func shortened(words string) string {
	line := []rune(strings.Join(strings.Fields(words), " "))
	if len(line) > 300 {
		return string(line[:300]) + "…"
	}
	return string(line)
}
