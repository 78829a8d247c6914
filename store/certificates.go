package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// SignedCertificate is a certificate of approval of a version, as it was issued.
type SignedCertificate struct {
	ID            uuid.UUID
	DeliverableID uuid.UUID
	Title         string
	Version       int    // its number
	Signed        string // the text with its signature
	KeyID         string
	CreatedAt     time.Time
}

// GetCertificate reads the newest certificate of a version. Without one, and for a version
// that the reader can't see, it is [ErrNotFound].
func GetCertificate(deliverable uuid.UUID, number int, dst *SignedCertificate) Read {
	return Read{one("get certificate", dst, `
select x.id, v.deliverable_id, d.title, v.number as version, x.signed, x.key_id, x.created_at
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
join certificates x on x.tenant_id = v.tenant_id and x.version_id = v.id
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number
order by x.created_at desc, x.id desc
limit 1`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// ListCertified reads which versions of a deliverable have a certificate, by their numbers.
func ListCertified(deliverable uuid.UUID, dst *[]int) Read {
	return Read{column("list certified versions", dst, `
select distinct v.number
from versions v
join certificates x on x.tenant_id = v.tenant_id and x.version_id = v.id
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// CertifiedVersion is what a certificate says of a version. Of notes it has those that the
// client sees: they are read with the client's eyes.
type CertifiedVersion struct {
	Tenant         Tenant
	Project, Title string
	DeliverableID  uuid.UUID
	Number         int
	Outcome        Outcome
	Files          []File
	Requests       []CertifiedRequest
	Decisions      []CertifiedDecision
	Notes          []CertifiedNote
	Comments       []CertifiedComment
}

// CertifiedRequest says who was asked.
type CertifiedRequest struct {
	Name, Email string
	Step        int
	AskedAt     *time.Time
	DueOn       *time.Time
	EndedHow    *RequestEnd
}

// CertifiedDecision says who decided what, on which bytes.
type CertifiedDecision struct {
	Name, Email string
	Answer      Outcome
	Words       string
	Content     []byte
	Superseded  bool
	CreatedAt   time.Time
}

// CertifiedNote is a note that the client sees.
type CertifiedNote struct {
	ID uuid.UUID
	Anchor
	FileName string
	Number   int
	Resolved bool
}

// CertifiedComment is a comment in such a note.
type CertifiedComment struct {
	NoteID      uuid.UUID
	Name, Email string
	Words       string
	CreatedAt   time.Time
}

// CertifiedVersion reads what to certify of a version. A version without an outcome is
// nil: somebody changed their mind, or staff asked again. A later job certifies it.
func (tx *Tx) CertifiedVersion(ctx context.Context, version uuid.UUID) (*CertifiedVersion, error) {
	var c CertifiedVersion
	err := tx.asClient(func() error {
		var t tenantRow
		var s tenantStatus
		var outcome *Outcome
		err := tx.get(ctx, row("version to certify", `
select p.name, d.title, d.id, v.number, v.outcome
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.id = @version`, pgx.StrictNamedArgs{"version": version}, &c.Project, &c.Title, &c.DeliverableID, &c.Number, &outcome))
		if err != nil || outcome == nil {
			return err
		}
		c.Outcome = *outcome
		if err := errors.Join(tx.get(ctx, getTenantRow(&t)), tx.get(ctx, getTenantStatus(&s))); err != nil {
			return err
		}
		c.Tenant = t.tenant(s)
		return tx.certified(ctx, version, &c)
	})
	if err != nil || c.Outcome == "" {
		return nil, err
	}
	return &c, nil
}

func (tx *Tx) certified(ctx context.Context, version uuid.UUID, c *CertifiedVersion) error {
	args := pgx.StrictNamedArgs{"version": version}
	for _, q := range []query{
		ListFiles(version, &c.Files).query,
		many("requests to certify", &c.Requests, `
select m.name, coalesce(m.email, '') as email, r.step, r.asked_at, r.due_on, r.ended_how
from review_requests r
join memberships m on m.tenant_id = r.tenant_id and m.user_id = r.user_id
where r.tenant_id = @tenant_id
  and r.version_id = @version
order by r.step, r.created_at, r.id`, args),
		many("decisions to certify", &c.Decisions, `
select m.name, coalesce(m.email, '') as email, x.answer, x.words, x.content_sha256 as content, x.created_at,
       exists (select from decisions l where l.tenant_id = @tenant_id and l.supersedes = x.id) as superseded
from decisions x
join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.user_id
where x.tenant_id = @tenant_id
  and x.version_id = @version
order by x.created_at, x.id`, args),
		many("notes to certify", &c.Notes, `
select t.id, t.file_id, t.page, t.x, t.y, t.w, t.h, t.t_ms as at_ms, t.t_end_ms as end_ms, coalesce(f.name, '') as file_name, t.number, t.resolved_at is not null as resolved
from threads t
left join files f on f.tenant_id = t.tenant_id and f.id = t.file_id
where t.tenant_id = @tenant_id
  and t.version_id = @version
order by t.number`, args),
		many("comments to certify", &c.Comments, `
select x.thread_id as note_id, m.name, coalesce(m.email, '') as email, x.body as words, x.created_at
from threads t
join comments x on x.tenant_id = t.tenant_id and x.thread_id = t.id
join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.created_by
where t.tenant_id = @tenant_id
  and t.version_id = @version
order by x.created_at, x.id`, args),
	} {
		if err := tx.get(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// asClient runs do with the client's eyes: the database shows it nothing of the team's.
func (tx *Tx) asClient(do func() error) error {
	client := tx.scope
	client.Party = string(PartyClient)
	tx.engine.Enter(client)
	err := do()
	tx.engine.Enter(tx.scope)
	return err
}

// SaveCertificate stores a certificate that was signed for a version.
func (tx *Tx) SaveCertificate(deliverable, version, id uuid.UUID, signed []byte, keyID string) error {
	tx.changeLater("save certificate", `
insert into certificates (tenant_id, id, version_id, signed, key_id)
values (@tenant_id, @id, @version, @signed, @key)`,
		pgx.StrictNamedArgs{"id": id, "version": version, "signed": string(signed), "key": keyID}, ErrConflict)
	return tx.audit(Event{Verb: "version.certified", TargetKind: KindDeliverable, TargetID: deliverable})
}

// certify enqueues the certificate of a version that has an outcome now.
func (tx *Tx) certify(ctx context.Context, version uuid.UUID) error {
	return tx.Enqueue(ctx, &queue.Certificate{Version: version})
}
