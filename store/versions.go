package store

import (
	"context"
	"fmt"
	"strings"
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
	Locked        bool       // a later version is published: nobody decides on this one any more
	Outcome       *Outcome   // nil: nobody decided, or not all who have to
	CreatedAt     time.Time
	AuthorName    string
	PublisherName string
}

var versionColumns = `
select v.id, v.deliverable_id, v.number, v.note, v.shared_at, v.locked_at is not null as locked, v.outcome, v.created_at, ` + actorName("m", "ms") + ` as author_name,
       ` + actorName("s", "ss") + ` as publisher_name
from versions v
left join memberships s on s.tenant_id = v.tenant_id and s.user_id = v.shared_by
left join memberships m on m.tenant_id = v.tenant_id and m.user_id = v.created_by` +
	joinSession("ms", "v.tenant_id", "v.support_session_id") + joinSession("ss", "v.tenant_id", "v.shared_session_id")

// ListVersions reads the versions of a deliverable, newest first.
func ListVersions(deliverable uuid.UUID, dst *[]Version) Read {
	return Read{many("list versions", dst, versionColumns+`
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
order by v.number desc
limit 200`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// ListVersionsShown is [ListVersions] without names; see [GetVersionNames].
func ListVersionsShown(deliverable uuid.UUID, dst *[]Version) Read {
	return Read{many("list versions shown", dst, `
select v.id, v.deliverable_id, v.number, v.note, v.shared_at, v.locked_at is not null as locked, v.outcome, v.created_at, '' as author_name, '' as publisher_name
from versions v
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
order by v.number desc
limit 200`, pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// VersionNames are the names of those who made and published a version.
type VersionNames struct{ AuthorName, PublisherName string }

// GetVersionNames reads them; nil if the reader doesn't see the version any more.
func GetVersionNames(deliverable uuid.UUID, number int, dst **VersionNames) Read {
	return Read{optional("names of version", dst, `
select `+actorName("m", "ms")+` as author_name, `+actorName("s", "ss")+` as publisher_name
from versions v
left join memberships s on s.tenant_id = v.tenant_id and s.user_id = v.shared_by
left join memberships m on m.tenant_id = v.tenant_id and m.user_id = v.created_by`+
		joinSession("ms", "v.tenant_id", "v.support_session_id")+joinSession("ss", "v.tenant_id", "v.shared_session_id")+`
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// GetVersion reads one version. Its deliverable and project must not be in the bin.
func GetVersion(id uuid.UUID, dst *Version) Read {
	return Read{one("get version", dst, versionColumns+`
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.id = @id`, pgx.StrictNamedArgs{"id": id})}
}

// GetVersionNumber reads the version of a deliverable with that number.
func GetVersionNumber(deliverable uuid.UUID, number int, dst *Version) Read {
	return Read{one("get version by number", dst, versionColumns+`
join deliverables d on d.tenant_id = v.tenant_id and d.id = v.deliverable_id and d.deleted_at is null
join projects p on p.tenant_id = d.tenant_id and p.id = d.project_id and p.deleted_at is null
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.number = @number`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})}
}

// PublishedBefore reads whether the reader has already published this version with this
// note. If so, the same form was sent twice, and that is no conflict.
func PublishedBefore(deliverable uuid.UUID, number int, note string, dst *bool) Read {
	return Read{value("published before", dst, `
select exists (
    select
    from versions
    where tenant_id = @tenant_id
      and deliverable_id = @deliverable
      and number = @number
      and note = @note
      and shared_by = nullif(current_setting('app.user_id', true), '')::uuid
      and shared_session_id is not distinct from nullif(current_setting('app.support_session_id', true), '')::uuid
)`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number, "note": note})}
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
	tx.recount(false)
	return id, tx.audit(Event{Verb: "version.created", TargetKind: KindDeliverable, TargetID: deliverable})
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

// ErrFilesPending means that files of the version are still arriving, or that their
// uploads broke off. It wraps [ErrConflict].
var ErrFilesPending = fmt.Errorf("files are still arriving: %w", ErrConflict)

// filesByOthers is the SQL of the [Seen] of the files of version @version that would be
// published and that somebody else than the reader uploaded.
const filesByOthers = `
select encode(sha256(convert_to(coalesce(string_agg(f.id::text, ',' order by f.id), ''), 'UTF8')), 'hex')
from files f
where f.tenant_id = @tenant_id
  and f.version_id = @version
  and f.state = 'ready'
  and f.deleted_at is null
  and f.created_by is distinct from (select nullif(current_setting('app.user_id', true), '')::uuid)`

// SeenFiles reads what [Tx.Publish] compares: the files that others put into the
// newest draft version of a deliverable.
func SeenFiles(deliverable uuid.UUID, dst *Seen) Read {
	return Read{value("seen files", dst, strings.Replace(filesByOthers, "= @version", `= (
      select v.id
      from versions v
      where v.tenant_id = @tenant_id
        and v.deliverable_id = @deliverable
        and v.shared_at is null)`, 1), pgx.StrictNamedArgs{"deliverable": deliverable})}
}

// Publish shows a draft version with its ready files to the client, and with it the
// deliverable and its project, and queues the mails to the client's people. A version
// with a pending file is [ErrFilesPending], one without a ready file [ErrConflict]. It
// compares the files that others uploaded; see [SeenFiles].
func (tx *Tx) Publish(ctx context.Context, deliverable uuid.UUID, number int, note string) error {
	v, err := tx.lockToPublish(ctx, deliverable, number)
	if err != nil {
		return err
	}
	return tx.publish(ctx, v, deliverable, Publication{Note: note})
}

// Publication is what staff say when they publish a version.
type Publication struct {
	Note     string
	LeaveOut []uuid.UUID // pending files, whose uploads are cancelled
	// Ask is whom to ask to decide on the version; see [Tx.AskForDecision]. The zero Ask
	// asks nobody.
	Ask Ask
	// Notes are answers to open notes of the version before; see [ListNotesToCarry]. The
	// others are carried as they are.
	Notes []CarriedNote
	// BeyondRounds confirms that the version is beyond the rounds that are agreed.
	BeyondRounds bool
	// DownloadsWait is that of the deliverable from now on. Nil leaves it as it is.
	DownloadsWait *bool
}

// PublishWith is [Tx.Publish] with all that staff say about the version. Remove the files
// that it returns from storage, as after [Tx.CancelUpload]. If the version is beyond the
// agreed rounds, and that isn't confirmed, it returns an [InvalidError]. If a file to leave out is not
// pending any more it returns [ErrChanged], and if a note with an answer is not open any
// more, [ErrNotesChanged].
func (tx *Tx) PublishWith(ctx context.Context, deliverable uuid.UUID, number int, in Publication) ([]RemovableFile, error) {
	if err := tx.checkAsk(ctx, in.Ask); err != nil {
		return nil, err
	}
	if len(in.LeaveOut) > 0 {
		if err := tx.lockUsage(ctx, Storage); err != nil {
			return nil, err
		}
	}
	v, err := tx.lockToPublish(ctx, deliverable, number)
	if err != nil {
		return nil, err
	}
	removed, err := tx.leaveOut(ctx, v, in.LeaveOut)
	if err != nil {
		return nil, err
	}
	if err := tx.publish(ctx, v, deliverable, in); err != nil || len(in.Ask.People) == 0 {
		return removed, err
	}
	return removed, tx.ask(ctx, v, deliverable, number, 1, in.Ask)
}

// leaveOut cancels the uploads of pending files of a version.
func (tx *Tx) leaveOut(ctx context.Context, version uuid.UUID, files []uuid.UUID) (removed []RemovableFile, err error) {
	for _, id := range files {
		var pending bool
		err := tx.get(ctx, value("file to leave out", &pending, `
select exists (
    select
    from files
    where tenant_id = @tenant_id
      and id = @id
      and version_id = @version
      and state = 'pending'
      and deleted_at is null)`, pgx.StrictNamedArgs{"id": id, "version": version}))
		if err != nil {
			return nil, err
		}
		if !pending {
			return nil, ErrChanged
		}
		f, err := tx.CancelUpload(ctx, id)
		if err != nil {
			return nil, err
		}
		removed = append(removed, f)
	}
	return removed, nil
}

// lockToPublish locks a version, so that no file is added to it meanwhile, and those
// before it, on which nobody may decide meanwhile. The files are read in later statements:
// one that also takes the lock would miss an upload that began while it waited.
func (tx *Tx) lockToPublish(ctx context.Context, deliverable uuid.UUID, number int) (id uuid.UUID, err error) {
	var locked []lockedVersion
	if err := tx.get(ctx, lockVersions(deliverable, number, &locked)); err != nil {
		return uuid.Nil, err
	}
	if n := len(locked); n > 0 && locked[n-1].Number == number {
		return locked[n-1].ID, nil
	}
	return uuid.Nil, fmt.Errorf("lock version to publish: %w", ErrNotFound)
}

type lockedVersion struct {
	ID     uuid.UUID
	Number int
}

// lockVersions locks a version and those before it, in this order, as whoever publishes
// and whoever decides must.
func lockVersions(deliverable uuid.UUID, number int, dst *[]lockedVersion) query {
	return many("lock versions", dst, `
select id, number
from versions
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
  and number <= @number
order by number
for no key update`, pgx.StrictNamedArgs{"deliverable": deliverable, "number": number})
}

func (tx *Tx) publish(ctx context.Context, version, deliverable uuid.UUID, in Publication) error {
	var files struct {
		Ready, Pending int
		Shared         bool // the version is published already
		Seen           Seen
		Before         *uuid.UUID // the version that people decide on until now
		Round          int        // which the version is
		Rounds         *int       // that are agreed
	}
	err := tx.get(ctx, one("files to publish", &files, `
select (count(*) filter (where state = 'ready'))::int as ready,
       (count(*) filter (where state = 'pending'))::int as pending,
       (select shared_at is not null from versions where tenant_id = @tenant_id and id = @version) as shared,
       (`+filesByOthers+`) as seen,
       (select id from versions where tenant_id = @tenant_id and deliverable_id = @deliverable and shared_at is not null and locked_at is null) as before,
       (select count(*)::int + 1 from versions where tenant_id = @tenant_id and deliverable_id = @deliverable and shared_at is not null) as round,
       (select rounds from deliverables where tenant_id = @tenant_id and id = @deliverable) as rounds
from files
where tenant_id = @tenant_id
  and version_id = @version
  and deleted_at is null`, pgx.StrictNamedArgs{"version": version, "deliverable": deliverable}))
	switch {
	case err != nil:
		return err
	case files.Pending > 0:
		return ErrFilesPending
	case files.Ready == 0, files.Shared:
		return ErrConflict
	}
	if err := tx.compareSeen(files.Seen); err != nil {
		return err
	}
	if err := tx.checkRound(deliverable, files.Round, files.Rounds, in.BeyondRounds); err != nil {
		return err
	}
	tx.supersede(version, deliverable)
	tx.changeLater("publish version", `
update versions
set shared_at = now(), shared_by = @me, shared_session_id = @session, note = @note
where tenant_id = @tenant_id and id = @id and shared_at is null`,
		pgx.StrictNamedArgs{"id": version, "me": nilIfZero(tx.scope.User), "session": nilIfZero(tx.scope.Support), "note": in.Note}, ErrConflict)
	if err := tx.carryNotes(ctx, version, files.Before, in.Notes); err != nil {
		return err
	}
	if err := tx.setDownloadsWait(ctx, deliverable, in.DownloadsWait); err != nil {
		return err
	}
	if err := tx.shareParents(version, deliverable, in); err != nil {
		return err
	}
	tx.spend(actPublish)
	return tx.Enqueue(ctx, &queue.VersionPublished{Version: version})
}

// checkRound returns an [InvalidError] for a version beyond the agreed rounds, unless that
// is confirmed. The trail says so then.
func (tx *Tx) checkRound(deliverable uuid.UUID, round int, agreed *int, confirmed bool) error {
	switch {
	case agreed == nil || round <= *agreed:
		return nil
	case !confirmed:
		return InvalidError{"beyond_rounds": "Confirm that you publish more rounds than agreed."}
	}
	return tx.audit(Event{Verb: "version.beyond_rounds", TargetKind: KindDeliverable, TargetID: deliverable,
		Detail: map[string]any{"round": round, "agreed": *agreed}})
}

// setDownloadsWait says whether clients download files only after an approval, unless wait
// is nil or it is so already.
func (tx *Tx) setDownloadsWait(ctx context.Context, deliverable uuid.UUID, wait *bool) error {
	if wait == nil {
		return nil
	}
	rows, err := tx.exec(ctx, "downloads wait", `
update deliverables
set downloads_wait = @wait,
    updated_at = now()
where tenant_id = @tenant_id
  and id = @deliverable
  and downloads_wait <> @wait`, pgx.StrictNamedArgs{"deliverable": deliverable, "wait": *wait})
	if err != nil || rows == 0 {
		return err
	}
	return tx.audit(Event{Verb: "deliverable.updated", TargetKind: KindDeliverable, TargetID: deliverable})
}

// supersede locks the other published versions, and ends what was asked of them: nobody
// decides on them any more.
func (tx *Tx) supersede(version, deliverable uuid.UUID) {
	args := pgx.StrictNamedArgs{"version": version, "deliverable": deliverable}
	tx.later("lock other versions", `
update versions
set locked_at = now()
where tenant_id = @tenant_id
  and deliverable_id = @deliverable
  and id <> @version
  and shared_at is not null
  and locked_at is null`, args)
	tx.later("end requests of other versions", `
update review_requests r
set ended_at = now(), ended_how = 'superseded'
from versions v
where v.tenant_id = @tenant_id
  and v.deliverable_id = @deliverable
  and v.id <> @version
  and r.tenant_id = @tenant_id
  and r.version_id = v.id
  and r.ended_at is null`, args)
}

// shareParents shows the deliverable and the project of a published version to the
// client.
func (tx *Tx) shareParents(version, deliverable uuid.UUID, in Publication) error {
	tx.later("share files", `
update files
set shared_at = now()
where tenant_id = @tenant_id and version_id = @version and state = 'ready' and deleted_at is null`,
		pgx.StrictNamedArgs{"version": version})
	tx.changeLater("share deliverable", `
update deliverables
set shared_at = coalesce(shared_at, now()), shown_at = now(), state = 'in_review', with_changes = false, updated_at = now()
where tenant_id = @tenant_id and id = @deliverable and deleted_at is null`,
		pgx.StrictNamedArgs{"deliverable": deliverable}, ErrNotFound)
	tx.refreshFileCounts(version)
	tx.changeLater("share project", `
update projects p
set shared_at = coalesce(p.shared_at, now()), updated_at = now()
from deliverables d
where d.tenant_id = @tenant_id and d.id = @deliverable
  and p.tenant_id = @tenant_id and p.id = d.project_id and p.deleted_at is null`,
		pgx.StrictNamedArgs{"deliverable": deliverable}, ErrNotFound)
	tx.recount(true)
	published := Event{Verb: "version.published", TargetKind: KindDeliverable, TargetID: deliverable}
	if len(in.Notes) > 0 {
		published.Detail = map[string]any{"notes_answered": len(in.Notes)}
	}
	return tx.audit(published)
}
