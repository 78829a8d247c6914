package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxNameRunes is the longest name of a person, in characters.
const maxNameRunes = 120

// Session is a browser in which somebody is signed in.
type Session struct {
	ID          uuid.UUID
	Host        string
	UserAgent   string
	CreatedAt   time.Time
	LastUsedAt  time.Time
	ExpiresAt   time.Time
	SteppedUpAt *time.Time
}

// ListSessions reads the person's own live sessions, newest first: one per browser,
// however many hosts it was handed over to.
func ListSessions(dst *[]Session) OwnRead {
	return OwnRead{many("list sessions", dst, `
select id, host, user_agent, created_at, last_used_at, expires_at, stepped_up_at
from sessions
where user_id = nullif(current_setting('app.user_id', true), '')::uuid
  and parent_id is null
  and expires_at > now()
  and last_used_at between now() - interval '12 hours' and now() + interval '5 minutes'
order by created_at desc
limit 100`, nil)}
}

// AccountEvent is a line of a person's own account history.
type AccountEvent struct {
	At     time.Time
	Verb   string
	Result EventResult
}

// ListAccountEvents reads the person's own account history, newest first.
func ListAccountEvents(limit int, dst *[]AccountEvent) OwnRead {
	return OwnRead{many("list account events", dst, `
select at, verb, result
from account_events
where user_id = nullif(current_setting('app.user_id', true), '')::uuid
order by at desc, id desc
limit @limit`, pgx.StrictNamedArgs{"limit": limit})}
}

// SignOut ends one of the person's own sessions, on every host that it was handed
// over to. Another person's session is [ErrNotFound]. If an agent signs out of this
// browser, their support session ends too.
func (db *DB) SignOut(ctx context.Context, me Person, session uuid.UUID) error {
	return db.endSessions(ctx, me, session == me.SessionID, "session.ended",
		`delete from sessions where user_id = @me and id = (select coalesce(parent_id, id) from sessions where user_id = @me and id = @session)`,
		pgx.StrictNamedArgs{"me": me.scope.User, "session": session})
}

// SignOutEverywhere ends all of the person's sessions, and their support session.
func (db *DB) SignOutEverywhere(ctx context.Context, me Person) error {
	return db.endSessions(ctx, me, true, "session.ended_all", `delete from sessions where user_id = @me`,
		pgx.StrictNamedArgs{"me": me.scope.User})
}

func (db *DB) endSessions(ctx context.Context, me Person, leaving bool, verb, sql string, args pgx.StrictNamedArgs) error {
	return db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		if leaving {
			if err := tx.stopSupport(ctx, me); err != nil {
				return err
			}
		}
		n, err := tx.exec(ctx, verb, sql, args)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: verb})
	})
}

// Rename changes the person's own name. Memberships keep the name used in their
// tenant. An empty or invalid name is an [InvalidError]. If the person read another name
// than they have now, it is [ErrChanged]; seen "" is that they read none.
func (db *DB) Rename(ctx context.Context, me Person, name string, seen Seen) error {
	name, err := keptName(name, "your name", maxNameRunes)
	if err != nil {
		return err
	}
	return db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		tx.Expect(seen)
		err := tx.checkSeen(ctx, "name", `
from users
where id = @me`, pgx.StrictNamedArgs{"me": me.scope.User})
		if err != nil {
			return err
		}
		err = tx.change(ctx, "rename", `update users set name = @name where id = @me`,
			pgx.StrictNamedArgs{"name": name, "me": me.scope.User})
		if err != nil {
			return err
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "account.renamed"})
	})
}

// SetDates sets the time zone and locale in which the person sees dates. The caller
// checks that they exist; here malformed ones are [ErrInvalid].
func (db *DB) SetDates(ctx context.Context, me Person, zone, locale string) error {
	return db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		err := tx.change(ctx, "set dates", `update users set time_zone = @zone, locale = @locale where id = @me`,
			pgx.StrictNamedArgs{"zone": zone, "locale": locale, "me": me.scope.User})
		if err != nil {
			return err
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "account.dates_set"})
	})
}
