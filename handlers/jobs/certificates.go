package jobs

import (
	"context"
	"crypto/ed25519"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portico/certificate"
	"portico/store"
	"portico/store/queue"
	"portico/views"
)

// certify signs the certificate of a version on which people decided. Later decisions give
// another certificate, and this one doesn't count any more.
func (r *Runner) certify(ctx context.Context, j store.Job, job queue.Certificate) error {
	return r.db.Work(ctx, j, func(tx *store.Tx) error {
		v, err := tx.CertifiedVersion(ctx, job.Version)
		if err != nil || v == nil {
			return err
		}
		id := store.NewID()
		text := r.certificateOf(id, *v).Text()
		public := r.cfg.SigningKeys[0].Public().(ed25519.PublicKey)
		return tx.SaveCertificate(v, id, certificate.Sign(r.cfg.SigningKeys[0], text), certificate.KeyID(public))
	})
}

var outcomeWords = map[store.Outcome]string{
	store.Approved:            "approved",
	store.ApprovedWithChanges: "approved with changes",
	store.ChangesRequired:     "changes required",
	store.Closed:              "closed without an answer",
}

var endWords = map[store.RequestEnd]string{
	store.EndedAnswered:   "answered",
	store.EndedPassedOn:   "passed on",
	store.EndedStepClosed: "not needed, because others decided",
	store.EndedSuperseded: "ended, because a later version was published",
	store.EndedClosed:     "closed without an answer",
	store.EndedPersonGone: "ended, because the person left",
}

func (r *Runner) certificateOf(id uuid.UUID, v store.CertifiedVersion) certificate.Certificate {
	c := certificate.Certificate{
		ID: id.String(), Issued: time.Now(), Portal: string(r.base(v.Tenant)), Agency: v.Tenant.AgencyName, Client: v.Tenant.Name,
		Project: v.Project, Deliverable: v.Title, Version: v.Number, Outcome: outcomeWords[v.Outcome],
	}
	for _, f := range v.Files {
		c.Files = append(c.Files, certificate.File{SHA256: f.SHA256, Size: f.Size, Name: f.Name})
	}
	for _, q := range v.Requests {
		asked := certificate.Request{Who: certificate.Person{Name: q.Name, Email: q.Email}, Step: q.Step, End: "waiting"}
		if q.AskedAt != nil {
			asked.Asked = *q.AskedAt
		}
		if q.DueOn != nil {
			asked.Due = q.DueOn.Format(time.DateOnly)
		}
		if q.EndedHow != nil {
			asked.End = endWords[*q.EndedHow]
		}
		c.Requests = append(c.Requests, asked)
	}
	for _, d := range v.Decisions {
		c.Decisions = append(c.Decisions, certificate.Decision{
			At: d.CreatedAt, Who: certificate.Person{Name: d.Name, Email: d.Email}, Answer: outcomeWords[d.Answer],
			Content: d.Content, Words: d.Words, Superseded: d.Superseded,
		})
	}
	c.Notes = certifiedNotes(v)
	c.OtherRequests, c.OtherDecisions, c.OtherComments = certificate.Rest(v.OtherRequests), certificate.Rest(v.OtherDecisions), certificate.Rest(v.OtherComments)
	return c
}

func certifiedNotes(v store.CertifiedVersion) (notes []certificate.Note) {
	said := map[uuid.UUID][]certificate.Comment{}
	for _, k := range v.Comments {
		said[k.NoteID] = append(said[k.NoteID], certificate.Comment{At: k.CreatedAt, Who: certificate.Person{Name: k.Name, Email: k.Email}, Words: k.Words})
	}
	for _, n := range v.Notes {
		where := n.FileName
		if n.Page != nil {
			where += ", page " + strconv.Itoa(*n.Page)
		}
		if n.X != nil {
			where += ", " + views.GridPlace(*n.X, *n.Y)
		}
		if n.AtMS != nil {
			where += ", at " + views.Moment(int(*n.AtMS/1000))
			if n.EndMS != nil {
				where += " to " + views.Moment(int(*n.EndMS/1000))
			}
		}
		notes = append(notes, certificate.Note{Number: n.Number, Where: where, Resolved: n.Resolved, Comments: said[n.ID]})
	}
	return notes
}
