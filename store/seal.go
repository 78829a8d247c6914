package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
	"portico/store/queue"
)

// TrailSide is one of the two logs of a tenant's trail: what its client's people may read,
// and the rest.
type TrailSide string

// The sides.
const (
	ClientSide TrailSide = "client"
	AgencySide TrailSide = "agency"
)

// clientReads is the condition that a client may read an event e, as the policy "party" of
// audit_events has it.
const clientReads = `(e.party = 'client' or e.support_session_id is not null or starts_with(e.verb, 'support.') or e.verb = 'version.published')`

// SealableEvent is an event as it is sealed.
type SealableEvent struct {
	ID               uuid.UUID
	At               time.Time
	ActorID          *uuid.UUID
	SubjectID        *uuid.UUID
	SupportSessionID *uuid.UUID
	APIKeyID         *uuid.UUID
	Party            string
	Verb             string
	TargetKind       string
	TargetID         *uuid.UUID
	Result           string
	RequestID        string
	Detail           string // JSON, as the database prints it
	Side             TrailSide
}

const sealable = `e.id, e.at, e.actor_id, e.subject_id, e.support_session_id, e.api_key_id, e.party, e.verb, e.target_kind, e.target_id,
       e.result, e.request_id, e.detail::text as detail, case when ` + clientReads + ` then 'client' else 'agency' end as side`

// SealLeaf is an event's place in its log.
type SealLeaf struct {
	EventID    uuid.UUID
	Position   int64
	Leaf       []byte
	DetailHash []byte
	Salt       []byte // nil: the detail is erased
}

// SealTile is a full tile of a log: 256 hashes.
type SealTile struct {
	Level  int
	Number int64
	Hashes []byte
}

// SealCheckpoint is a signed checkpoint of a log.
type SealCheckpoint struct {
	ID        uuid.UUID
	Side      TrailSide
	Size      int64 // how many events the log had
	Root      []byte
	Edge      []byte // the right edge of the tree
	Note      string // as it was signed
	Until     time.Time
	CreatedAt time.Time
}

const checkpointColumns = `id, side, size, root, edge, note, until, created_at`

// sealLate is how long a deed can take to commit. What is sealed until a time is looked for
// again from this long before.
const sealLate = time.Hour

// LockSeal makes the deed the only one that seals the tenant's trail or erases details in it,
// until it ends. It reports whether it got the lock; it doesn't wait.
func (tx *Tx) LockSeal(ctx context.Context) (locked bool, err error) {
	err = tx.get(ctx, value("lock seal", &locked, `select pg_try_advisory_xact_lock(hashtextextended('seal of ' || @tenant_id::uuid, 0))`, nil))
	return locked, err
}

// SealFrom is the time from which events may not be sealed yet, zero if none was sealed, and
// the time now, by the database's clock.
func (tx *Tx) SealFrom(ctx context.Context) (from, now time.Time, err error) {
	var until *time.Time
	err = tx.get(ctx, row("sealed until", `
select max(until), clock_timestamp()
from audit_checkpoints
where tenant_id = @tenant_id`, nil, &until, &now))
	if err == nil && until != nil {
		from = until.Add(-sealLate)
	}
	return from, now, err
}

// Unsealed reads events that aren't sealed, from a cursor on, in the order in which they are
// sealed: at most limit.
func (tx *Tx) Unsealed(ctx context.Context, after Cursor, limit int) (events []SealableEvent, err error) {
	err = tx.get(ctx, many("unsealed events", &events, `
select `+sealable+`
from audit_events e
where e.tenant_id = @tenant_id
  and (e.at, e.id) > (@after_at, @after_id)
  and not exists (
      select
      from audit_leaves l
      where l.tenant_id = @tenant_id
        and l.event_id = e.id)
order by e.at, e.id
limit @limit`, pgx.StrictNamedArgs{"after_at": after.At, "after_id": after.ID, "limit": limit}))
	return events, err
}

// SealHead reads the newest checkpoint of a log; nil if it has none.
func (tx *Tx) SealHead(ctx context.Context, side TrailSide) (*SealCheckpoint, error) {
	var head *SealCheckpoint
	err := tx.get(ctx, optional("head of the log", &head, `
select `+checkpointColumns+`
from audit_checkpoints
where tenant_id = @tenant_id
  and side = @side
order by size desc
limit 1`, pgx.StrictNamedArgs{"side": side}))
	return head, err
}

// SaveSeal appends leaves and tiles to a log, and its next checkpoint.
func (tx *Tx) SaveSeal(c SealCheckpoint, leaves []SealLeaf, tiles []SealTile) {
	events, positions := make([]uuid.UUID, len(leaves)), make([]int64, len(leaves))
	hashes, details, salts := make([][]byte, len(leaves)), make([][]byte, len(leaves)), make([][]byte, len(leaves))
	for i, l := range leaves {
		events[i], positions[i], hashes[i], details[i], salts[i] = l.EventID, l.Position, l.Leaf, l.DetailHash, l.Salt
	}
	tx.later("seal events", `
insert into audit_leaves (tenant_id, side, position, event_id, leaf, detail_hash, salt)
select @tenant_id, @side, l.*
from unnest(@positions::bigint[], @events::uuid[], @hashes::bytea[], @details::bytea[], @salts::bytea[]) l`,
		pgx.StrictNamedArgs{"side": c.Side, "positions": positions, "events": events, "hashes": hashes, "details": details, "salts": salts})
	for _, t := range tiles {
		tx.later("save tile", `
insert into audit_tiles (tenant_id, side, level, number, hashes)
values (@tenant_id, @side, @level, @number, @hashes)`,
			pgx.StrictNamedArgs{"side": c.Side, "level": t.Level, "number": t.Number, "hashes": t.Hashes})
	}
	tx.later("save checkpoint", `
insert into audit_checkpoints (tenant_id, id, side, size, root, edge, note, until)
values (@tenant_id, @id, @side, @size, @root, @edge, @note, @until)`,
		pgx.StrictNamedArgs{"id": c.ID, "side": c.Side, "size": c.Size, "root": c.Root, "edge": c.Edge, "note": c.Note, "until": c.Until})
}

// ListLeafHashes reads the leaves of a log from one position up to and without another, at
// most 256.
func ListLeafHashes(side TrailSide, from, until int64, dst *[][]byte) Read {
	return Read{column("leaf hashes", dst, `
select leaf
from audit_leaves
where tenant_id = @tenant_id
  and side = @side
  and position >= @from
  and position < @until
order by position
limit 256`, pgx.StrictNamedArgs{"side": side, "from": from, "until": until})}
}

// ListTiles reads the tiles of a level of a log from one number up to and without another, at
// most 256.
func ListTiles(side TrailSide, level int, from, until int64, dst *[]SealTile) Read {
	return Read{many("tiles", dst, `
select level, number, hashes
from audit_tiles
where tenant_id = @tenant_id
  and side = @side
  and level = @level
  and number >= @from
  and number < @until
order by number
limit 256`, pgx.StrictNamedArgs{"side": side, "level": level, "from": from, "until": until})}
}

// ListCheckpoints reads the checkpoints of a log with more than a number of events, in order.
func ListCheckpoints(side TrailSide, after int64, limit int, dst *[]SealCheckpoint) Read {
	return Read{many("checkpoints", dst, `
select `+checkpointColumns+`
from audit_checkpoints
where tenant_id = @tenant_id
  and side = @side
  and size > @after
order by size
limit @limit`, pgx.StrictNamedArgs{"side": side, "after": after, "limit": limit})}
}

// SealedRow is a place in a log and the event there. Without an event, of which There says,
// only the leaf is left.
type SealedRow struct {
	Position   int64
	Leaf       []byte
	DetailHash []byte
	Salt       []byte
	There      bool
	SealableEvent
}

// ListSealedRows reads the rows of a log from a position on, in order.
func ListSealedRows(side TrailSide, from int64, limit int, dst *[]SealedRow) Read {
	return Read{many("sealed rows", dst, `
select l.position, l.leaf, l.detail_hash, l.salt, e.id is not null as there,
       l.event_id as id, coalesce(e.at, 'epoch') as at, e.actor_id, e.subject_id, e.support_session_id, e.api_key_id,
       coalesce(e.party, '') as party, coalesce(e.verb, '') as verb, coalesce(e.target_kind, '') as target_kind, e.target_id,
       coalesce(e.result, '') as result, coalesce(e.request_id, '') as request_id, coalesce(e.detail::text, '') as detail, l.side
from (
    select *
    from audit_leaves
    where tenant_id = @tenant_id
      and side = @side
      and position >= @from
    order by position
    limit @limit
) l
left join audit_events e on e.tenant_id = @tenant_id and e.id = l.event_id
order by l.position`, pgx.StrictNamedArgs{"side": side, "from": from, "limit": limit})}
}

// GetSealedPlace reads the place of an event in its log; nil if it isn't sealed yet.
func GetSealedPlace(event uuid.UUID, dst **SealedPlace) Read {
	return Read{optional("sealed place", dst, `
select side, position
from audit_leaves
where tenant_id = @tenant_id
  and event_id = @event`, pgx.StrictNamedArgs{"event": event})}
}

// SealedPlace is where an event stands.
type SealedPlace struct {
	Side     TrailSide
	Position int64
}

// ListUnsealed reads the events of a side that aren't sealed, oldest first.
func ListUnsealed(side TrailSide, after Cursor, limit int, dst *[]SealableEvent) Read {
	return Read{many("unsealed events of a side", dst, `
select `+sealable+`
from audit_events e
where e.tenant_id = @tenant_id
  and (e.at, e.id) > (@after_at, @after_id)
  and `+clientReads+` = @client
  and not exists (
      select
      from audit_leaves l
      where l.tenant_id = @tenant_id
        and l.event_id = e.id)
order by e.at, e.id
limit @limit`, pgx.StrictNamedArgs{"client": side == ClientSide, "after_at": after.At, "after_id": after.ID, "limit": limit})}
}

// EnqueueSeals queues the sealing of each of the tenants, without a requester. A tenant whose
// sealing is queued already gets no other.
func (db *DB) EnqueueSeals(ctx context.Context, tenants []uuid.UUID) error {
	return db.enqueueEach(ctx, tenants, func(s queue.Signature) queue.TenantJob { return &queue.Seal{Signature: s} })
}

// UnsealedTenants returns up to limit ids of tenants after the given one, in order, that have
// events to seal.
func (db *DB) UnsealedTenants(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := db.engine.OutsideTenant(ctx, "unsealed tenants", engine.Column(&ids),
		`select * from lookup.unsealed_tenants($1, $2)`, nilIfZero(after), limit)
	return ids, err
}
