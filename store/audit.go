package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/engine"
)

// Event is one line of a tenant's audit trail. The database adds the actor, the
// subject, the support session and the API key from the context.
type Event struct {
	Verb       string // one of the verbs in [kinds], such as "project.created"
	TargetKind Kind   // "" for none
	TargetID   uuid.UUID
	Denied     bool
	// Detail is small and not sensitive: never names of files, never secrets.
	Detail map[string]any
}

const insertEvent = `
insert into audit_events (tenant_id, id, verb, target_kind, target_id, result, request_id, detail)
values (@tenant_id, @id, @verb, @target_kind, @target_id, @result, @request_id, @detail)`

func (e Event) args(tenant uuid.UUID, request string) pgx.StrictNamedArgs {
	result, detail := ResultOK, e.Detail
	if e.Denied {
		result = ResultDenied
	}
	if detail == nil {
		detail = map[string]any{}
	}
	var target *uuid.UUID
	if e.TargetID != uuid.Nil {
		target = &e.TargetID
	}
	return pgx.StrictNamedArgs{
		"tenant_id":   tenant,
		"id":          NewID(),
		"verb":        e.Verb,
		"target_kind": e.TargetKind,
		"target_id":   target,
		"result":      result,
		"request_id":  request,
		"detail":      detail,
	}
}

// audit writes the event in the transaction of the deed, so that the deed fails if
// the event can't be written. It refuses a verb that is not in [kinds], because pages
// have no words for it.
func (tx *Tx) audit(e Event) error {
	if !isVerb(e.Verb) {
		return fmt.Errorf("audit %s: not a verb of store/kinds.go", e.Verb)
	}
	tx.later("audit "+e.Verb, insertEvent, e.args(tx.scope.Tenant, tx.request))
	return nil
}

// Record commits one audit row for something that changes nothing: a download, a
// refusal, a page seen by support. It is the only write of a read-only support
// session.
func (db *DB) Record(ctx context.Context, me Member, e Event) error {
	s := me.scope
	s.ReadOnly = false
	return db.write(ctx, s, me.Role, me.RequestID, func(tx *Tx) error { return tx.audit(e) })
}

// RecordOnce is [DB.Record] for what support loads again and again, such as the pictures
// of a list: one row for each target in a support session.
func (db *DB) RecordOnce(ctx context.Context, me Member, e Event) error {
	s := me.scope
	s.ReadOnly = false
	return db.write(ctx, s, me.Role, me.RequestID, func(tx *Tx) error {
		var before bool
		err := tx.get(ctx, value("recorded before", &before, `
select exists (
    select 1
    from audit_events
    where tenant_id = @tenant_id
      and support_session_id = @session
      and verb = @verb
      and target_id is not distinct from @target
)`, pgx.StrictNamedArgs{"session": s.Support, "verb": e.Verb, "target": nilIfZero(e.TargetID)}))
		if err != nil || before {
			return err
		}
		return tx.audit(e)
	})
}

// refusalsPerMinute is how many refusals one person may add to a tenant's trail, or
// to their own history, per minute. One more row says that there were others.
const refusalsPerMinute = 30

// RecordRefusal commits a denied row for a 403 or 404 that a member got at a route.
// It never checks whether the id exists in another tenant.
func (db *DB) RecordRefusal(ctx context.Context, me Member, route string) error {
	e, err := db.refusal(ctx, me.scope, route)
	if err != nil || e == nil {
		return err
	}
	return db.Record(ctx, me, *e)
}

// RecordOwnRefusal commits a denied account event for a person who addressed a tenant
// they don't belong to. It does nothing if no tenant has that slug.
func (db *DB) RecordOwnRefusal(ctx context.Context, me Person) error {
	e, err := db.refusal(ctx, me.scope, "")
	if err != nil || e == nil {
		return err
	}
	return db.RecordOwn(ctx, me, *e)
}

func (db *DB) refusal(ctx context.Context, s engine.Scope, route string) (*Event, error) {
	key := sha256.Sum256([]byte("refusals of " + s.Actor.String() + " in " + s.Tenant.String()))
	hits, _, err := db.rateHit(ctx, key[:], time.Minute)
	if s.Support != uuid.Nil {
		hits = 1 // record every refusal of support
	}
	switch {
	case err != nil:
		return nil, err
	case hits > refusalsPerMinute+1:
		return nil, nil
	case hits == refusalsPerMinute+1:
		return &Event{Verb: "access.refused_often", Denied: true, Detail: map[string]any{"more_than": refusalsPerMinute}}, nil
	}
	e := &Event{Verb: "access.refused", Denied: true}
	if route != "" {
		e.Detail = map[string]any{"route": route}
	}
	return e, nil
}

// RecordOwn commits one account event: sign-in, account and console acts, and
// refusals in a tenant that the person doesn't belong to.
func (db *DB) RecordOwn(ctx context.Context, me Person, e Event) error {
	return db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		return tx.accountEvent(ctx, me.scope.User, e)
	})
}

func (tx *Tx) accountEvent(ctx context.Context, user uuid.UUID, e Event) error {
	args := e.args(uuid.Nil, tx.request)
	delete(args, "tenant_id")
	delete(args, "target_kind")
	delete(args, "target_id")
	args["user_id"] = user
	_, err := tx.exec(ctx, "account event", `
insert into account_events (id, user_id, verb, result, request_id, detail)
values (@id, @user_id, @verb, @result, @request_id, @detail)`, args)
	return err
}

// Activity is one line of the audit trail with today's names. Names are joined and
// not stored, so that a renamed or forgotten name disappears from the trail.
type Activity struct {
	ID               uuid.UUID
	At               time.Time
	Verb             string
	Result           EventResult
	ActorID          *uuid.UUID
	ActorName        string
	SubjectID        *uuid.UUID
	SubjectName      string
	SupportSessionID *uuid.UUID
	KeyName          string // of the API key with which a program acted as the actor; "" for none
	ViewAs           bool   // in or on a session of staff who view as a client user
	TargetKind       Kind
	TargetID         *uuid.UUID
	TargetName       string
	TargetWithin     *uuid.UUID // of a file: its deliverable
	RequestID        string
	Detail           map[string]any
	// Position is the event's place in its log, and Leaf its hash there; nil if it isn't sealed
	// yet, if the filter didn't ask, or if the reader acts in a support session.
	Position *int64
	Leaf     []byte
	// Views and ViewedFiles are how many views or searches a folded row stands for, and of
	// how many different files.
	Views, ViewedFiles int
}

// ActivityFilter narrows and pages the trail. Zero means everything, newest first.
type ActivityFilter struct {
	Event  uuid.UUID // only this one
	Person uuid.UUID // actor or subject
	Target uuid.UUID
	Verb   string
	// From and Until limit the times: from the first, before the second.
	From, Until time.Time
	// Seal reads where the events stand in their log.
	Seal bool
	// Whole folds nothing, leaves out no mails, and reads up to 1000 rows.
	Whole bool
	// Kind is the part of the verb before the dot, a key of [Acts], or "mail" for mails,
	// which are otherwise left out.
	Kind string
	// Fold shows the views of one person and day as one row, the last of them, and the moves
	// of one thing likewise: each press of an arrow key is one. What says the same each time
	// is always folded: see [alwaysFolded].
	Fold bool
	// Others leaves out what the reader did, and previews, which support's pages load by
	// themselves.
	Others  bool
	Denied  bool // refusals only
	Support bool // support acts only
	// SupportSession limits the trail to one support session.
	SupportSession uuid.UUID
	// Billing shows what the agency pays too, for whoever may see it. Support never sees it.
	Billing bool
	Page
}

// Acts are the kinds of acts that a filter offers besides the kinds of things, with their
// verbs.
var Acts = map[string][]string{
	"published":  {"version.published"},
	"downloaded": {"file.downloaded"},
	"viewed":     {"file.viewed", "support.page_seen"},
}

// alwaysFolded are the acts of support that read the same each time: previews, which its
// pages load by themselves, and searches. The rows stay, and the ledger exports them.
var alwaysFolded = []string{"support.asset_seen", "support.found"}

// folded are the verbs of which one row stands for all of a person and day.
func (f ActivityFilter) folded() []string {
	if f.Whole {
		return []string{}
	}
	if f.Fold {
		return append([]string{"file.viewed", "support.page_seen", "project.moved", "deliverable.moved"}, alwaysFolded...)
	}
	return alwaysFolded
}

// only are the conditions of the filter that are equalities or ranges, which have indexes, and
// their arguments. A condition that a filter doesn't have isn't in the statement.
func (f ActivityFilter) only() (sql string, args map[string]any) {
	args = map[string]any{}
	for _, c := range []struct {
		is        bool
		sql, name string
		value     any
	}{
		{f.Event != uuid.Nil, "id = @event", "event", f.Event},
		{f.Target != uuid.Nil, "target_id = @target", "target", f.Target},
		{f.Verb != "", "verb = @verb", "verb", f.Verb},
		{!f.From.IsZero(), "at >= @from", "from", f.From},
		{!f.Until.IsZero(), "at < @until", "until", f.Until},
		{f.Denied, "result = @result", "result", ResultDenied},
	} {
		if c.is {
			sql += "\n      and " + c.sql
			args[c.name] = c.value
		}
	}
	return sql, args
}

// sealing are the columns and the join that say where an event e stands in its log.
func (f ActivityFilter) sealing() (columns, join string) {
	if !f.Seal {
		return "null::bigint as position, null::bytea as leaf", ""
	}
	return "l.position, l.leaf", "\nleft join audit_leaves l on l.tenant_id = e.tenant_id and l.event_id = e.id"
}

// rows is how many rows to read.
func (f ActivityFilter) rows() int {
	if f.Whole {
		return min(max(f.Limit, 1), 1000)
	}
	return f.limit()
}

// sameActs selects the acts that are folded with the row: by the same person, in the same
// session, on the same day; moves of the same thing.
func sameActs(row, others string) string {
	return strings.NewReplacer("ROW", row, "OTHERS", others).Replace(`OTHERS.tenant_id = @tenant_id
          and OTHERS.actor_id = ROW.actor_id
          and OTHERS.verb in ('file.viewed', 'support.page_seen', 'support.asset_seen', 'support.found', 'project.moved', 'deliverable.moved') -- as the index has them
          and OTHERS.verb = ROW.verb
          and (OTHERS.target_id = ROW.target_id or OTHERS.verb not in ('project.moved', 'deliverable.moved'))
          and OTHERS.result = ROW.result
          and OTHERS.support_session_id is not distinct from ROW.support_session_id`)
}

// ListActivity reads the tenant's audit trail, newest first. Where the agency's drafts are
// hidden from a support session, so is what happened to them.
func ListActivity(f ActivityFilter, dst *[]Activity) Read {
	at, id := f.before()
	joins, name := targetNames(false)
	only, args := f.only()
	seal, sealJoin := f.sealing()
	read := pgx.StrictNamedArgs{
		"before_at": at,
		"before_id": id,
		"person":    nilIfZero(f.Person),
		"kind":      f.Kind,
		"whole":     f.Whole || f.Event != uuid.Nil,
		"verbs":     Acts[f.Kind],
		"folded":    f.folded(),
		"others":    f.Others,
		"billing":   f.Billing,
		"support":   f.Support,
		"session":   nilIfZero(f.SupportSession),
		"limit":     f.rows(),
	}
	maps.Copy(read, args)
	return Read{many("list activity", dst, `
select e.id, e.at, e.verb, e.result, e.actor_id,
       coalesce(a.name, s.actor_name, case when e.actor_id is null then 'Portico' else 'Support' end) as actor_name,
       e.subject_id, coalesce(m.name, '') as subject_name,
       e.support_session_id, coalesce(k.name, '') as key_name, coalesce(s.kind, t.kind, '') = 'view_as' as view_as, e.target_kind, e.target_id,
       `+name+`,
       w.deliverable_id as target_within,
       e.request_id, e.detail, `+seal+`, coalesce(v.views, 0) as views, coalesce(v.files, 0) as viewed_files
from (
    select *
    from audit_events e0
    where tenant_id = @tenant_id
      and (at, id) < (@before_at, @before_id)`+only+`
      and (@person::uuid is null or actor_id = @person or subject_id = @person)
      and case @kind
          when '' then right(verb, 10) <> '.mail_sent' or @session::uuid is not null or @whole
          when 'mail' then right(verb, 10) = '.mail_sent'
          else starts_with(verb, @kind || '.') or verb = any (@verbs::text[])
          end
      and (verb <> all (@folded::text[]) or not exists (
          select
          from audit_events later
          where `+sameActs("e0", "later")+`
            and (later.at, later.id) > (e0.at, e0.id)
            and later.at < date_trunc('day', e0.at, 'UTC') + interval '1 day'))
      and (not @others or (actor_id is distinct from nullif(current_setting('app.actor_id', true), '')::uuid
          and verb <> 'support.asset_seen'))
      and `+targetShown()+`
      and (@billing or not starts_with(verb, 'billing.'))
      and (not @support or support_session_id is not null)
      and (@session::uuid is null or support_session_id = @session)
    order by at desc, id desc
    limit @limit
) e
left join memberships a on a.tenant_id = e.tenant_id and a.user_id = e.actor_id
left join memberships m on m.tenant_id = e.tenant_id and m.user_id = e.subject_id
left join support_sessions s on s.tenant_id = e.tenant_id and s.id = e.support_session_id
left join api_keys k on k.tenant_id = e.tenant_id and k.id = e.api_key_id
left join support_sessions t on t.tenant_id = e.tenant_id and t.id = e.target_id and e.target_kind = 'support_session'`+sealJoin+joins+`
left join versions w on w.tenant_id = e.tenant_id and w.id = target_files.version_id
left join lateral (
    select count(*)::int as views, count(distinct same.target_id)::int as files
    from audit_events same
    where e.verb = any (@folded::text[])
      and e.verb not in ('project.moved', 'deliverable.moved')
      and `+sameActs("e", "same")+`
      and same.at >= date_trunc('day', e.at, 'UTC')
      and (same.at, same.id) <= (e.at, e.id)
) v on true
order by e.at desc, e.id desc`, read)}
}

// ChangedByReader reads whether the newest act of these verbs on a thing is the reader's
// own. [uuid.Nil] is anything.
func ChangedByReader(id uuid.UUID, verbs []string, dst *bool) Read {
	return Read{value("changed by the reader", dst, `
select coalesce((
    select actor_id = nullif(current_setting('app.actor_id', true), '')::uuid
    from audit_events
    where tenant_id = @tenant_id
      and (@id::uuid is null or target_id = @id)
      and verb = any (@verbs::text[])
      and result = 'ok'
    order by at desc, id desc
    limit 1), false)`, pgx.StrictNamedArgs{"id": nilIfZero(id), "verbs": verbs})}
}

func nilIfZero(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
