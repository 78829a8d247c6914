package store

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// mostNameRunes is how long the name of a person may be.
const mostNameRunes = 120

// Session is a browser somebody is signed in with.
type Session struct {
	ID          uuid.UUID
	Host        string
	UserAgent   string
	CreatedAt   time.Time
	LastUsedAt  time.Time
	ExpiresAt   time.Time
	SteppedUpAt *time.Time
}

// ListSessions reads the person's own live sessions, newest first: one for each
// browser, whatever hosts it was handed over to.
func ListSessions(dst *[]Session) OwnRead {
	return OwnRead{many("list sessions", dst, `
select id, host, user_agent, created_at, last_used_at, expires_at, stepped_up_at
from sessions
where user_id = nullif(current_setting('app.user_id', true), '')::uuid
  and parent_id is null
  and expires_at > now()
  and last_used_at > now() - interval '12 hours'
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
// over to, whichever of them they are on; another's is [ErrNotFound]. An
// agent who signs out of this browser ends their support session with it.
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

// Rename changes how the person is called, beside any tenant: memberships keep
// the name they were given. A name nobody could read is an [InvalidError].
func (db *DB) Rename(ctx context.Context, me Person, name string) error {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return InvalidError{"name": "Enter your name."}
	case utf8.RuneCountInString(name) > mostNameRunes:
		return InvalidError{"name": "The name is too long. Use at most 120 characters."}
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return InvalidError{"name": "Enter the name on one line."}
	}
	return db.write(ctx, me.scope, "", me.RequestID, func(tx *Tx) error {
		err := tx.change(ctx, "rename", `update users set name = @name where id = @me`,
			pgx.StrictNamedArgs{"name": name, "me": me.scope.User})
		if err != nil {
			return err
		}
		return tx.accountEvent(ctx, me.scope.User, Event{Verb: "account.renamed"})
	})
}

// SetDates changes in which zone and language dates are written for the person.
// Which there are is the caller's to know; what cannot be the name of one is
// [ErrInvalid].
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
