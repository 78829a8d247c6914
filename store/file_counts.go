package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// freshFileCounts counts the files that a version v shows and finds the one that
// stands for it. Once a version is published, only the files published with it count.
const freshFileCounts = `
    select count(*)::int as files,
           (array_agg(f.id order by ` + leadFirst + `) filter (where f.preview_type is not null))[1] as preview
    from files f
    where f.tenant_id = @tenant_id
      and f.version_id = v.id
      and f.state = 'ready'
      and f.deleted_at is null
      and (f.shared_at is not null or v.shared_at is null)`

// contentOf is the SQL of what a decision on a version v refers to: the SHA-256 over its
// published files, as [ContentHash] has it. It is null for a draft.
const contentOf = `
    case when v.shared_at is not null then sha256(convert_to(coalesce((
        select string_agg(encode(f.sha256, 'hex') || ' ' || f.size || ' ' || f.name || e'\n', '' order by f.position, f.id)
        from files f
        where f.tenant_id = @tenant_id
          and f.version_id = v.id
          and f.state = 'ready'
          and f.shared_at is not null
          and f.deleted_at is null), ''), 'UTF8')) end`

// refreshFileCounts updates what lists show of a version: on its row, and if it is
// published and not locked, on the row of its deliverable. Every deed that changes which
// files of a version are ready, binned, shared, first or have a preview calls it. It also
// updates what decisions on the version refer to. If there is one and the files are others
// now, the database refuses: see [IsDecided].
func (tx *Tx) refreshFileCounts(version uuid.UUID) {
	// Deeds that run at once must count one after the other, or one would miss the
	// other's file.
	tx.later("lock version", lockVersion, pgx.StrictNamedArgs{"version": version})
	tx.seeingDrafts(func() {
		tx.later("refresh file counts", `
with counted as (
    update versions t
    set files = c.files,
        preview = c.preview,
        content_sha256 = `+contentOf+`
    from versions v
    cross join lateral (`+freshFileCounts+`
    ) c
    where v.tenant_id = @tenant_id
      and v.id = @version
      and t.tenant_id = @tenant_id
      and t.id = v.id
    returning t.deliverable_id, t.number, t.shared_at, t.locked_at, t.files, t.preview
)
update deliverables d
set shown_number = n.number,
    shown_files = n.files,
    shown_preview = n.preview
from counted n
where d.tenant_id = @tenant_id
  and d.id = n.deliverable_id
  and n.shared_at is not null
  and n.locked_at is null`, pgx.StrictNamedArgs{"version": version})
	})
}

// storedFileCounts has a row for each version and each deliverable of the tenant, and
// whether what a list shows of it is right.
const storedFileCounts = `
    select v.deliverable_id, v.files = c.files and v.preview is not distinct from c.preview as "right"
    from versions v
    cross join lateral (` + freshFileCounts + `
    ) c
    where v.tenant_id = @tenant_id
    union all
    select d.id, (d.shown_number, d.shown_files) = (coalesce(l.number, 0), coalesce(l.files, 0)) and d.shown_preview is not distinct from l.preview
    from deliverables d
    left join (
        select distinct on (deliverable_id) deliverable_id, number, files, preview
        from versions
        where tenant_id = @tenant_id
          and shared_at is not null
          and locked_at is null
        order by deliverable_id, number desc
    ) l on l.deliverable_id = d.id
    where d.tenant_id = @tenant_id`

// listed selects the [UsageDrift] of [Listed].
const listed = `
select '` + string(Listed) + `' as metric, count(*) as stored, count(*) filter (where "right") as real
from (` + storedFileCounts + `
) t`

// refreshWrongFileCounts corrects what lists show of each deliverable of which
// something is wrong, with an audit row.
func (tx *Tx) refreshWrongFileCounts(ctx context.Context) error {
	var drift UsageDrift
	if err := tx.get(ctx, one("stored file counts", &drift, listed, nil)); err != nil || drift.Stored == drift.Real {
		return err
	}
	var versions []uuid.UUID
	err := tx.get(ctx, column("versions to refresh", &versions, `
with wrong as (
    select deliverable_id
    from (`+storedFileCounts+`
    ) t
    where not "right"
), anew as ( -- of a deliverable whose version is not published any more
    update deliverables
    set shown_number = 0, shown_files = 0, shown_preview = null
    where tenant_id = @tenant_id
      and id in (select deliverable_id from wrong)
)
select id
from versions
where tenant_id = @tenant_id
  and deliverable_id in (select deliverable_id from wrong)
order by number`, nil))
	if err != nil {
		return err
	}
	for _, v := range versions {
		tx.refreshFileCounts(v)
	}
	return tx.auditCorrection(ctx, drift)
}
