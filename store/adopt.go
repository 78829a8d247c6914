package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// The deeds of `portico adopt` write what another system has recorded. They run in a signed
// job inside one tenant, with the author as its requester, so that the policies check each
// row and the row names its author. A row that exists already is left as it is, so each deed
// can run again. Without a job they are [ErrForbidden].

// AdoptedMember is somebody who belongs, or belonged, to a tenant.
type AdoptedMember struct {
	User  uuid.UUID // for a new person; an existing one is found by the address
	Email string    // lower case
	Name  string
	Party Party
	Role  Role
	// Former members keep their name at their work and have no access.
	Former bool
}

// AdoptMember makes a person a member, or a former one, and returns their id. An address of
// a support agent is [ErrForbidden].
func (tx *Tx) AdoptMember(ctx context.Context, m AdoptedMember) (uuid.UUID, error) {
	if err := tx.adopting(); err != nil {
		return uuid.Nil, err
	}
	if _, err := tx.lockPeople(ctx); err != nil {
		return uuid.Nil, err
	}
	var person *uuid.UUID
	err := tx.get(ctx, value("person for an address", &person, `select lookup.person_for(@id, @email, @name)`,
		pgx.StrictNamedArgs{"id": m.User, "email": m.Email, "name": m.Name}))
	if err != nil {
		return uuid.Nil, err
	}
	if person == nil {
		return uuid.Nil, fmt.Errorf("adopt member: the address is a support agent's: %w", ErrForbidden)
	}
	tx.lockCounters()
	n, err := tx.exec(ctx, "adopt member", `
insert into memberships (tenant_id, user_id, tenant_kind, party, role, name, email)
select @tenant_id, @user, t.kind, @party, @role, @name, @email
from tenants t
where t.id = @tenant_id
on conflict (tenant_id, user_id) do nothing`, pgx.StrictNamedArgs{
		"user": *person, "party": string(m.Party), "role": string(m.Role), "name": m.Name, "email": m.Email})
	if err != nil || n == 0 {
		return *person, err
	}
	if m.Former {
		return *person, tx.change(ctx, "end membership", `
update memberships
set ended_at = now()
where tenant_id = @tenant_id
  and user_id = @user`, pgx.StrictNamedArgs{"user": *person})
	}
	return *person, tx.audit(Event{Verb: "member.added", TargetKind: KindMembership, TargetID: *person,
		Detail: map[string]any{"party": m.Party, "role": m.Role}})
}

// adopting returns [ErrForbidden] outside of a job.
func (tx *Tx) adopting() error {
	if tx.scope.Party != string(PartySystem) {
		return fmt.Errorf("adopt: %w", ErrForbidden)
	}
	return nil
}

// AdoptedProject is a project of another system. The author is the job's requester.
type AdoptedProject struct {
	ID         uuid.UUID
	Name       string
	Summary    string
	DueOn      *time.Time
	Position   int
	SharedAt   *time.Time
	ArchivedAt *time.Time
	UpdatedAt  time.Time
}

// AdoptProjects adds projects.
func (tx *Tx) AdoptProjects(all []AdoptedProject) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	for _, p := range all {
		tx.later("adopt project", `
insert into projects (tenant_id, id, name, summary, due_on, position, shared_at, archived_at, updated_at)
values (@tenant_id, @id, @name, @summary, @due_on, @position, @shared_at, @archived_at, @updated_at)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{
			"id": p.ID, "name": p.Name, "summary": p.Summary, "due_on": p.DueOn, "position": p.Position,
			"shared_at": p.SharedAt, "archived_at": p.ArchivedAt, "updated_at": p.UpdatedAt})
	}
	return nil
}

// AdoptedDeliverable is a deliverable of another system.
type AdoptedDeliverable struct {
	ID        uuid.UUID
	Project   uuid.UUID
	Title     string
	Brief     string
	State     DeliverableState
	DueOn     *time.Time
	Position  int
	SharedAt  *time.Time // the client saw it first
	ShownAt   *time.Time // something of it was published last
	UpdatedAt time.Time
}

// AdoptDeliverables adds deliverables. They have no version yet.
func (tx *Tx) AdoptDeliverables(all []AdoptedDeliverable) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	for _, d := range all {
		tx.later("adopt deliverable", `
insert into deliverables (tenant_id, id, project_id, title, brief, state, due_on, position, shared_at, shown_at, updated_at)
values (@tenant_id, @id, @project, @title, @brief, @state, @due_on, @position, @shared_at, @shown_at, @updated_at)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{
			"id": d.ID, "project": d.Project, "title": d.Title, "brief": d.Brief, "state": d.State, "due_on": d.DueOn,
			"position": d.Position, "shared_at": d.SharedAt, "shown_at": d.ShownAt, "updated_at": d.UpdatedAt})
	}
	return nil
}

// AdoptedVersion is a version of another system.
type AdoptedVersion struct {
	ID          uuid.UUID
	Deliverable uuid.UUID
	Number      int
	SharedAt    *time.Time // nil: a draft
	LockedAt    *time.Time // a later version was published
	ApprovedAt  *time.Time // it is approved; nobody's decision is known
}

// AdoptVersions adds versions. Their files are counted by [Tx.CountAdopted].
func (tx *Tx) AdoptVersions(all []AdoptedVersion) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	for _, v := range all {
		tx.later("adopt version", `
insert into versions (tenant_id, id, deliverable_id, number)
values (@tenant_id, @id, @deliverable, @number)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{"id": v.ID, "deliverable": v.Deliverable, "number": v.Number})
		if v.SharedAt == nil {
			continue
		}
		tx.later("publish adopted version", `
update versions
set shared_at = @shared_at,
    shared_by = created_by,
    locked_at = @locked_at,
    outcome = case when @approved_at::timestamptz is not null then 'approved' end,
    approved_at = @approved_at
where tenant_id = @tenant_id
  and id = @id
  and shared_at is null`, pgx.StrictNamedArgs{"id": v.ID, "shared_at": v.SharedAt, "locked_at": v.LockedAt, "approved_at": v.ApprovedAt})
	}
	return nil
}

// AdoptedFile is a file of another system.
type AdoptedFile struct {
	ID       uuid.UUID
	Version  uuid.UUID
	Name     string
	Size     int64 // in bytes
	Position int
}

// AdoptFile adds a pending file. As with an upload, the row comes before the bytes.
func (tx *Tx) AdoptFile(ctx context.Context, f AdoptedFile) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "adopt file", `
insert into files (tenant_id, id, version_id, name, folder, declared_size, object_key, position)
values (@tenant_id, @id, @version, @name, '', @size, @key, @position)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{
		"id": f.ID, "version": f.Version, "name": cleanFileName(f.Name), "size": f.Size, "key": tx.objectKey(f.ID), "position": f.Position})
	return err
}

// AdoptBytes makes a file ready whose bytes are stored and verified. Clients see it from the
// time at which its version was published.
func (tx *Tx) AdoptBytes(ctx context.Context, id uuid.UUID, s Stored) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "adopt bytes", `
update files f
set state = 'ready',
    size = @size,
    sha256 = @sha256,
    crc32 = @crc32,
    content_type = @content_type,
    shared_at = v.shared_at
from versions v
where f.tenant_id = @tenant_id
  and f.id = @id
  and f.state = 'pending'
  and v.tenant_id = @tenant_id
  and v.id = f.version_id`, pgx.StrictNamedArgs{
		"id": id, "size": s.Size, "sha256": s.SHA256, "crc32": s.CRC32, "content_type": s.ContentType})
	return err
}

// AdoptedNote is a comment of another system: the first of a thread, or a reply.
type AdoptedNote struct {
	Thread  uuid.UUID
	Comment uuid.UUID
	Version uuid.UUID  // of a first comment; else zero
	Number  int        // of a first comment, among those of its visibility on the version
	File    *uuid.UUID // that a first comment points at; nil for the whole version
	Of      Visibility // the thread's
	Shown   Visibility // the comment's own
	Words   string
}

// AdoptNotes adds comments, threads before their replies.
func (tx *Tx) AdoptNotes(all []AdoptedNote) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	for _, n := range all {
		if n.Version != uuid.Nil {
			tx.later("adopt note", `
insert into threads (tenant_id, id, version_id, visibility, number, file_id)
values (@tenant_id, @id, @version, @visibility, @number, @file)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{
				"id": n.Thread, "version": n.Version, "visibility": n.Of, "number": n.Number, "file": n.File})
		}
		tx.later("adopt comment", `
insert into comments (tenant_id, id, thread_id, thread_visibility, visibility, body, form_key)
values (@tenant_id, @id, @thread, @of, @shown, @words, @id)
on conflict (tenant_id, id) do nothing`, pgx.StrictNamedArgs{
			"id": n.Comment, "thread": n.Thread, "of": n.Of, "shown": n.Shown, "words": n.Words})
	}
	return nil
}

// CountAdopted counts the files of versions, for lists and decisions.
func (tx *Tx) CountAdopted(versions []uuid.UUID) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	for _, v := range versions {
		tx.refreshFileCounts(v)
	}
	return nil
}

// AdoptViews records that the job's requester, a client user, has seen all that was
// published in the other system: it is not new for them.
func (tx *Tx) AdoptViews(ctx context.Context) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "adopt views", `
insert into deliverable_views (tenant_id, deliverable_id, shown_at)
select @tenant_id, d.id, d.shown_at
from deliverables d
where d.tenant_id = @tenant_id
  and d.shown_at is not null
on conflict do nothing`, nil)
	return err
}

// FinishAdoption counts what the tenant has, and records in its trail how much was adopted.
// It records it once.
func (tx *Tx) FinishAdoption(ctx context.Context, counts map[string]int64) error {
	if err := tx.adopting(); err != nil {
		return err
	}
	if err := tx.ReconcileUsage(ctx); err != nil {
		return err
	}
	tx.recount(false)
	first, err := tx.ClaimEffect(ctx, "adopted")
	if err != nil || !first {
		return err
	}
	detail := map[string]any{}
	for what, n := range counts {
		detail[what] = n
	}
	return tx.audit(Event{Verb: "tenant.adopted", TargetKind: KindTenant, TargetID: tx.scope.Tenant, Detail: detail})
}

// EnqueueAdopted queues the previews, pages and looks of adopted files, which uploads would
// have queued. It returns the last of at most 200 files after the given one, and zero at
// the end.
func (tx *Tx) EnqueueAdopted(ctx context.Context, after uuid.UUID) (last uuid.UUID, err error) {
	if err := tx.adopting(); err != nil {
		return uuid.Nil, err
	}
	var files []struct {
		ID          uuid.UUID
		ContentType string
		Size        int64
	}
	err = tx.get(ctx, many("adopted files", &files, `
select id, content_type, size
from files
where tenant_id = @tenant_id
  and id > @after
  and state = 'ready'
order by id
limit 200`, pgx.StrictNamedArgs{"after": after}))
	for _, f := range files {
		if last = f.ID; err == nil && isPicture(f.ContentType, f.Size) {
			err = tx.Enqueue(ctx, &queue.FilePreview{File: f.ID})
		}
		if err == nil {
			err = tx.drawPages(ctx, f.ID, f.ContentType)
		}
		if err == nil {
			err = tx.lookAt(ctx, f.ID, f.ContentType)
		}
	}
	return last, err
}
