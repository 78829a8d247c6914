package store

import (
	"context"
	"errors"
	"fmt"
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
	// Current says that the version stands as the certificate says. Otherwise people decided
	// since, or staff asked again, and the certificate doesn't count any more.
	Current bool
	Decided bool // the version has an outcome, so that another certificate is being made
}

// standing says that the version v stands as its certificate x says.
const standing = `(x.outcome is not distinct from v.outcome and x.decisions = (
           select count(*)
           from decisions made
           where made.tenant_id = @tenant_id
             and made.version_id = v.id))`

// GetCertificate reads the certificate of a version as it stands now, or else the newest.
// Without one, and for a version that the reader can't see, it is [ErrNotFound].
func GetCertificate(deliverable uuid.UUID, number int, dst *SignedCertificate) Read {
	return Read{one("get certificate", dst, `
select x.id, v.deliverable_id, d.title, v.number as version, x.signed, x.key_id, x.created_at,
       `+standing+` as current, v.outcome is not null as decided
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
join certificates x on x.tenant_id = v.tenant_id and x.version_id = v.id
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number
order by current desc, x.created_at desc, x.id desc
limit 1`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// IsCertified reads whether a version has a certificate that counts.
func IsCertified(deliverable uuid.UUID, number int, dst *bool) Read {
	return Read{value("certified version", dst, `
select exists (
    select
    from certificates x
    join versions v on v.tenant_id = @tenant_id and v.id = x.version_id
    where x.tenant_id = @tenant_id
      and x.version_id = `+numberedVersion+`
      and `+standing+`)`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// Limits of a certificate. People can write more in a review than a certificate can have,
// and whoever does must not keep others from being certified. Of the rest it has the number
// and a hash.
const (
	certifiedBytes    = 1 << 20 // of comments, those that were written first
	certifiedComments = 5000
	certifiedEarlier  = 200  // superseded decisions, the newest
	certifiedRequests = 1000 // those that were passed on last
)

// CertifiedVersion is what a certificate says of a version. Of notes it has those that the
// client sees: they are read with the client's eyes.
type CertifiedVersion struct {
	Tenant         Tenant
	Project, Title string
	ID             uuid.UUID
	DeliverableID  uuid.UUID
	Number         int
	Outcome        Outcome
	Decided        int // how many decisions there are, with those that were superseded
	Files          []File
	Requests       []CertifiedRequest
	Decisions      []CertifiedDecision
	Notes          []CertifiedNote
	Comments       []CertifiedComment
	// What is left out.
	OtherRequests  CertifiedRest
	OtherDecisions CertifiedRest
	OtherComments  CertifiedRest
}

// CertifiedRest is what a certificate has no room for.
type CertifiedRest struct {
	Count int
	Hash  []byte // SHA-256 over the SHA-256 of each, in order
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
// nil: somebody changed their mind, or staff asked again. A later job certifies it. Whoever
// is deciding on the version now is waited for.
func (tx *Tx) CertifiedVersion(ctx context.Context, version uuid.UUID) (*CertifiedVersion, error) {
	c := CertifiedVersion{ID: version}
	tx.later("lock version to certify", `
select
from versions
where tenant_id = @tenant_id
  and id = @version
for no key update`, pgx.StrictNamedArgs{"version": version})
	err := tx.asClient(func() error {
		var t tenantRow
		var s tenantStatus
		var outcome *Outcome
		err := tx.get(ctx, row("version to certify", `
select p.name, d.title, d.id, v.number, v.outcome, (select count(*)::int from decisions x where x.tenant_id = @tenant_id and x.version_id = v.id)
from versions v
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.id = @version`, pgx.StrictNamedArgs{"version": version}, &c.Project, &c.Title, &c.DeliverableID, &c.Number, &outcome, &c.Decided))
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

// What a certificate could have, with the place of each in what it has room for.
const (
	requestsToCertify = `
with asked as (
    select r.id, m.name, coalesce(m.email, '') as email, r.step, r.asked_at, r.due_on, r.ended_how, r.created_at,
           row_number() over (order by coalesce(r.ended_how, '') = 'passed_on', r.created_at desc, r.id) as place
    from review_requests r
    join memberships m on m.tenant_id = r.tenant_id and m.user_id = r.user_id
    where r.tenant_id = @tenant_id
      and r.version_id = @version
)`
	decisionsToCertify = `
with made as (
    select x.id, m.name, coalesce(m.email, '') as email, x.answer, x.words, x.content_sha256 as content, x.created_at, l.id is not null as superseded,
           row_number() over (partition by l.id is not null order by x.created_at desc, x.id desc) as place
    from decisions x
    join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.user_id
    left join decisions l on l.tenant_id = @tenant_id and l.supersedes = x.id
    where x.tenant_id = @tenant_id
      and x.version_id = @version
)`
	commentsToCertify = `
with said as (
    select t.id as note_id, x.id, sum(octet_length(x.body)) over first_first as bytes, row_number() over first_first as place
    from threads t
    join comments x on x.tenant_id = t.tenant_id and x.thread_id = t.id
    where t.tenant_id = @tenant_id
      and t.version_id = @version
    window first_first as (order by x.created_at, x.id)
)`
)

func (tx *Tx) certified(ctx context.Context, version uuid.UUID, c *CertifiedVersion) error {
	args := pgx.StrictNamedArgs{"version": version}
	requests := pgx.StrictNamedArgs{"version": version, "most": certifiedRequests}
	decisions := pgx.StrictNamedArgs{"version": version, "most": certifiedEarlier}
	comments := pgx.StrictNamedArgs{"version": version, "most": certifiedComments, "bytes": certifiedBytes}
	for _, q := range []query{
		ListFiles(version, &c.Files).query,
		many("requests to certify", &c.Requests, requestsToCertify+`
select name, email, step, asked_at, due_on, ended_how
from asked
where place <= @most
order by step, created_at, id`, requests),
		row("other requests", requestsToCertify+`
select count(*)::int, sha256(coalesce(string_agg(sha256(convert_to(email, 'UTF8')), ''::bytea order by step, created_at, id), ''))
from asked
where place > @most`, requests, &c.OtherRequests.Count, &c.OtherRequests.Hash),
		many("decisions to certify", &c.Decisions, decisionsToCertify+`
select name, email, answer, words, content, created_at, superseded
from made
where not superseded or place <= @most
order by created_at, id`, decisions),
		row("other decisions", decisionsToCertify+`
select count(*)::int, sha256(coalesce(string_agg(sha256(convert_to(answer || E'\n' || words, 'UTF8')), ''::bytea order by created_at, id), ''))
from made
where superseded and place > @most`, decisions, &c.OtherDecisions.Count, &c.OtherDecisions.Hash),
		many("notes to certify", &c.Notes, `
select t.id, t.file_id, t.page, t.x, t.y, t.w, t.h, t.t_ms as at_ms, t.t_end_ms as end_ms, coalesce(t.drawing, '') as drawing, coalesce(f.name, '') as file_name, t.number, t.resolved_at is not null as resolved
from threads t
left join files f on f.tenant_id = t.tenant_id and f.id = t.file_id
where t.tenant_id = @tenant_id
  and t.version_id = @version
order by t.number`, args),
		many("comments to certify", &c.Comments, commentsToCertify+`
select said.note_id, m.name, coalesce(m.email, '') as email, x.body as words, x.created_at
from said
join comments x on x.tenant_id = @tenant_id and x.id = said.id
join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.created_by
where said.bytes <= @bytes and said.place <= @most
order by x.created_at, x.id`, comments),
		row("other comments", commentsToCertify+`
select count(*)::int, sha256(coalesce(string_agg(sha256(convert_to(x.body, 'UTF8')), ''::bytea order by x.created_at, x.id), ''))
from said
join comments x on x.tenant_id = @tenant_id and x.id = said.id
where said.bytes > @bytes or said.place > @most`, comments, &c.OtherComments.Count, &c.OtherComments.Hash),
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

// SaveCertificate stores a certificate that was signed for a version as it was read.
func (tx *Tx) SaveCertificate(v *CertifiedVersion, id uuid.UUID, signed []byte, keyID string) error {
	tx.changeLater("save certificate", `
insert into certificates (tenant_id, id, version_id, signed, key_id, outcome, decisions)
values (@tenant_id, @id, @version, @signed, @key, @outcome, @decisions)`,
		pgx.StrictNamedArgs{"id": id, "version": v.ID, "signed": string(signed), "key": keyID, "outcome": v.Outcome, "decisions": v.Decided}, ErrConflict)
	return tx.audit(Event{Verb: "version.certified", TargetKind: KindDeliverable, TargetID: v.DeliverableID})
}

// certifySeconds is how long decisions on a version are collected for one certificate.
const certifySeconds = 5

// certify has a version certified that has an outcome now, at the end of the present few
// seconds: whoever changes their mind again and again causes one certificate. The caller
// holds the lock of the version, and the job waits for it.
func (tx *Tx) certify(ctx context.Context, version uuid.UUID) error {
	var until time.Time
	err := tx.get(ctx, value("window of certificates", &until, `
select date_bin(make_interval(secs => @seconds), clock_timestamp(), 'epoch'::timestamptz) + make_interval(secs => @seconds)`,
		pgx.StrictNamedArgs{"seconds": certifySeconds}))
	if err != nil {
		return err
	}
	first, err := tx.ClaimEffect(ctx, fmt.Sprintf("certificate:%s:%d", version, until.Unix()))
	if err != nil || !first {
		return err
	}
	return tx.EnqueueAt(ctx, &queue.Certificate{Version: version}, until)
}

// CertifyMissing has versions certified that were decided before certificates existed, or
// whose job was lost, at most 50 at a time.
func (tx *Tx) CertifyMissing(ctx context.Context) error {
	var missing []uuid.UUID
	err := tx.get(ctx, column("versions without a certificate", &missing, `
select v.id
from versions v
join deliverables d on d.tenant_id = @tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.outcome is not null
  and not exists (select from certificates x where x.tenant_id = @tenant_id and x.version_id = v.id and `+standing+`)
  and not exists (select from decisions x where x.tenant_id = @tenant_id and x.version_id = v.id and x.created_at > now() - interval '1 hour')
  and not exists (select from review_requests r where r.tenant_id = @tenant_id and r.version_id = v.id and r.ended_at > now() - interval '1 hour') -- younger ones are in the queue
order by v.shared_at desc
limit 50`, nil))
	if err != nil {
		return err
	}
	for _, version := range missing {
		if err := tx.certify(ctx, version); err != nil {
			return err
		}
	}
	return nil
}
