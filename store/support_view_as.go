package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"portico/store/queue"
)

// ViewAs lets the browser of me see the tenant as one of its client users from now
// on, read-only and for at most an hour. An actor without the right gets
// [ErrForbidden], a person who can't be viewed as is an [InvalidError], and another
// running session is [ErrConflict].
func (db *DB) ViewAs(ctx context.Context, me Member, subject uuid.UUID) error {
	if me.Support != nil || !me.May(ViewAs) {
		return fmt.Errorf("view as: %w", ErrForbidden)
	}
	return db.viewAs(ctx, me, subject)
}

func (db *DB) viewAs(ctx context.Context, me Member, subject uuid.UUID) error {
	err := db.Write(ctx, me, func(tx *Tx) error {
		id := NewID()
		var verdict string
		var end *time.Time
		err := tx.get(ctx, row("session", `select * from lookup.view_as_start(@id, @subject, @token, @event, @request)`,
			pgx.StrictNamedArgs{"id": id, "subject": subject, "token": me.Person.credentials.Token.hash(), "event": NewID(), "request": tx.request},
			&verdict, &end))
		if err != nil {
			return err
		}
		switch verdict {
		case "ok":
			return tx.asSupport(me.TenantID(), id, subject).EnqueueAt(ctx, &queue.SupportExpiry{Session: id}, *end)
		case "bad_target":
			return InvalidError{"person": "Choose a person from your client who still has access."}
		case "busy":
			return ErrConflict
		}
		return ErrForbidden
	})
	if err != nil {
		return fmt.Errorf("view as: %w", err)
	}
	return nil
}

// ListViewAsTargets reads whom staff may view as: the tenant's client users, at most 500.
func ListViewAsTargets(dst *[]SupportTarget) Read {
	return Read{many("viewed as", dst, `
select user_id, name, coalesce(email, '') as email, party, role
from memberships
where tenant_id = @tenant_id
  and party = 'client'
  and ended_at is null
order by name, user_id
limit 500`, pgx.StrictNamedArgs{})}
}
