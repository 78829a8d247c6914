package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// seenGap is how old the stored time of somebody's last page may get while they are
// here. Pages show it in minutes.
const seenGap = time.Minute

// Visit is what to record of a member's page view.
type Visit struct {
	Path          string // the place within the tenant, "/" for its home; "" for a page that isn't remembered
	SameWorkspace bool   // they used no other workspace since
}

// NextVisit returns what viewing a page at path changes in the stored visit; false for
// nothing, and always in a support session.
func (m Member) NextVisit(path string) (Visit, bool) {
	v := Visit{Path: path, SameWorkspace: m.latest}
	gone := m.LastSeenAt == nil || time.Since(*m.LastSeenAt) >= seenGap
	changed := gone || !v.SameWorkspace || (path != "" && path != m.LastPlace)
	return v, changed && m.Support == nil
}

// RecordVisit records when and where the member was last. It is no deed and writes no audit row. It changes only the actor's own
// membership, and nothing if that has ended.
func (tx *Tx) RecordVisit(ctx context.Context, v Visit) error {
	_, err := tx.exec(ctx, "note visit", `
update memberships
set last_seen_at = now(),
    last_place = coalesce(nullif(@place, ''), last_place),
    used_at = case when @again then used_at else now() end
where tenant_id = @tenant_id
  and user_id = @me
  and ended_at is null`, pgx.StrictNamedArgs{
		"me": tx.scope.Actor, "place": v.Path, "again": v.SameWorkspace})
	return err
}
