package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// Version is one state of a deliverable.
type Version struct {
	ID            uuid.UUID
	DeliverableID uuid.UUID
	Number        int
	Note          string
	SharedAt      *time.Time // nil: a draft, invisible to the client
	CreatedAt     time.Time
	AuthorName    string
	PublisherName string
}

const versionColumns = `
select v.id, v.deliverable_id, v.number, v.note, v.shared_at, v.created_at, coalesce(m.name, '') as author_name,
       coalesce(s.name, '') as publisher_name
from versions v
left join memberships s on s.tenant_id = v.tenant_id and s.user_id = v.shared_by
left join memberships m on m.tenant_id = v.tenant_id and m.user_id = v.created_by`

// ListVersions reads the versions of a deliverable, newest first.
func ListVersions(deliverable uuid.UUID, dst *[]Version) Read {
	return Read{many("list versions", dst, versionColumns+`
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
order by v.number desc
limit 200`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// GetVersion reads one version. Its deliverable and project must not be in the bin.
func GetVersion(id uuid.UUID, dst *Version) Read {
	return Read{one("get version", dst, versionColumns+`
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// AddVersion adds the next version of a deliverable as a draft. If the newest version
// is a draft it returns [ErrConflict].
func (tx *Tx) AddVersion(ctx context.Context, deliverable uuid.UUID) (uuid.UUID, error) {
	id := NewID()
	err := tx.change(ctx, "touch deliverable", `
update deliverables
set updated_at = now()
where tenant_id = @tenant_id
  and id = @deliverable
  and deleted_at is null`, pgx.StrictNamedArgs{"deliverable": deliverable})
	if err != nil {
		return uuid.Nil, err
	}
	if err := tx.addVersion(ctx, deliverable, id); err != nil {
		return uuid.Nil, err
	}
	if err := tx.recount(ctx, false); err != nil {
		return uuid.Nil, err
	}
	return id, tx.audit(ctx, Event{Verb: "version.created", TargetKind: KindDeliverable, TargetID: deliverable})
}

// addVersion inserts the row. The caller holds the deliverable's row lock, so
// the number is free.
func (tx *Tx) addVersion(ctx context.Context, deliverable, id uuid.UUID) error {
	n, err := tx.exec(ctx, "add version", `
insert into versions (tenant_id, id, deliverable_id, number)
select @tenant_id, @id, @deliverable, coalesce(max(number), 0) + 1
from versions
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
having count(*) filter (where shared_at is null) = 0`,
		pgx.StrictNamedArgs{"id": id, "deliverable": deliverable})
	if err == nil && n != 1 {
		err = ErrConflict
	}
	return err
}

// Publish shows a draft version with its ready files to the client, and with it the
// deliverable and its project, and queues the mails to the client's people. A version
// without a ready file, or with a pending one, is [ErrConflict].
func (tx *Tx) Publish(ctx context.Context, deliverable uuid.UUID, number int, note string) error {
	var v struct {
		ID             uuid.UUID
		Ready, Pending int
	}
	args := pgx.StrictNamedArgs{"deliverable": deliverable, "number": number}
	// A separate statement takes the lock first: a count in the same statement would
	// miss an upload that began while it waited.
	err := tx.get(ctx, value("lock version to publish", &v.ID, `
select id
from versions
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
  and number = @number
for no key update`, args))
	if err != nil {
		return err
	}
	err = tx.get(ctx, one("version to publish", &v, `
select v.id,
       (select count(*) from files f where f.tenant_id = @tenant_id and f.version_id = v.id
          and f.deleted_at is null and f.state = 'ready')::int as ready,
       (select count(*) from files f where f.tenant_id = @tenant_id and f.version_id = v.id
          and f.deleted_at is null and f.state = 'pending')::int as pending
from versions v
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number`, args))
	if err != nil {
		return err
	}
	if v.Ready == 0 || v.Pending > 0 {
		return ErrConflict
	}
	n, err := tx.exec(ctx, "publish version", `
update versions
set shared_at = now(), shared_by = @me, note = @note
where tenant_id = @tenant_id and id = @id and shared_at is null`,
		pgx.StrictNamedArgs{"id": v.ID, "me": nilIfZero(tx.scope.User), "note": note})
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrConflict
	}
	if err := tx.shareParents(ctx, v.ID, deliverable); err != nil {
		return err
	}
	return tx.Enqueue(ctx, &queue.VersionPublished{Version: v.ID})
}

// shareParents shows the deliverable and the project of a published version to the
// client.
func (tx *Tx) shareParents(ctx context.Context, version, deliverable uuid.UUID) error {
	_, err := tx.exec(ctx, "share files", `
update files
set shared_at = now()
where tenant_id = @tenant_id and version_id = @version and state = 'ready' and deleted_at is null`,
		pgx.StrictNamedArgs{"version": version})
	if err != nil {
		return err
	}
	err = tx.change(ctx, "share deliverable", `
update deliverables
set shared_at = coalesce(shared_at, now()), shown_at = now(), state = 'in_review', updated_at = now()
where tenant_id = @tenant_id and id = @deliverable and deleted_at is null`,
		pgx.StrictNamedArgs{"deliverable": deliverable})
	if err != nil {
		return err
	}
	err = tx.change(ctx, "share project", `
update projects p
set shared_at = coalesce(p.shared_at, now()), updated_at = now()
from deliverables d
where d.tenant_id = @tenant_id and d.id = @deliverable
  and p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null`,
		pgx.StrictNamedArgs{"deliverable": deliverable})
	if err != nil {
		return err
	}
	if err := tx.recount(ctx, true); err != nil {
		return err
	}
	return tx.audit(ctx, Event{Verb: "version.published", TargetKind: KindDeliverable, TargetID: deliverable})
}
